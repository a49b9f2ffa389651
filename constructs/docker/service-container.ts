import { Container } from "@cdktf/provider-docker/lib/container";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { type Health, healthTest, waitTimeout } from "../../model/health";
import type { NetworkName, Resources, Sandbox } from "../../model/service";
import type { Image } from "../ghcr/image";
import { attach, commonSettings, envList, healthcheck, withSettings } from "./container-settings";
import { type Engine, replaceWithHost } from "./engine";
import type { Networks } from "./networks";
import { freshName } from "./settings-hash";

export interface ServiceContainerProps {
  readonly engine: Engine;
  readonly networks: Networks;
  /** Name without its changing end: "manacore-production-chat-backend-blue-0". */
  readonly baseName: string;
  readonly image: Image;
  /** Environment variables; values may be Terraform tokens. */
  readonly env: Readonly<Record<string, string>>;
  readonly port: number;
  readonly health: Health;
  readonly resources: Resources;
  readonly sandbox?: Sandbox;
  readonly joins: readonly NetworkName[];
  readonly labels: Readonly<Record<string, string | undefined>>;
  /** @default 30 */
  readonly graceSeconds?: number;
  readonly dependsOn?: readonly ITerraformDependable[];
}

/**
 * One container of a release. Whatever changes its settings (a new version, a rotated secret, another limit) makes a
 * container of another name beside the old one; with new-first order the switch moves traffic over before the old one
 * stops. Terraform waits until it is healthy, and fails if it never is.
 */
export class ServiceContainer extends Construct {
  /** Where the edge reaches it. */
  readonly name: string;

  constructor(scope: Construct, id: string, props: ServiceContainerProps) {
    super(scope, id);
    const { engine, health } = props;
    const env = envList(props.env);
    const settings = {
      ...commonSettings(props),
      networksAdvanced: attach(props.networks, props.joins),
      healthcheck: healthcheck(health, healthTest(health, props.port)),
    };
    this.name = new Container(this, "resource", {
      ...settings,
      name: freshName(props.baseName),
      labels: withSettings(engine, settings, [props.image.reference, waitTimeout(health).seconds], env),
      image: props.image.imageId,
      env,
      wait: true,
      waitTimeout: waitTimeout(health).seconds,
      dependsOn: [...engine.ready, ...(props.dependsOn ?? [])],
      lifecycle: {
        createBeforeDestroy: engine.replaceOrder === "new-first",
        ignoreChanges: ["name"],
        ...replaceWithHost(engine),
      },
    }).name;
  }
}
