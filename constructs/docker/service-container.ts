import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { Health } from "../../model/health";
import type { NetworkName, Resources, Sandbox } from "../../model/service";
import type { Image } from "../ghcr/image";
import { attach } from "./container-settings";
import type { Engine } from "./engine";
import { longRunningContainer } from "./long-running-container";
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
  /** What waits until it is healthy depends on this. */
  readonly container: ITerraformDependable;

  constructor(scope: Construct, id: string, props: ServiceContainerProps) {
    super(scope, id);
    const container = longRunningContainer(this, "resource", {
      ...props,
      name: freshName(props.baseName),
      networks: attach(props.networks, props.joins),
      health: { check: props.health, port: props.port },
      lifecycle: { createBeforeDestroy: props.engine.replaceOrder === "new-first", ignoreChanges: ["name"] },
    });
    this.container = container;
    this.name = container.name;
  }
}
