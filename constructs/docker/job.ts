import { Container, type ContainerConfig } from "@cdktf/provider-docker/lib/container";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { MUST_EXIT_ZERO } from "../../model/provisioners";
import type { NetworkName } from "../../model/service";
import type { Image } from "../ghcr/image";
import { attach, DEFAULT_USER, envList } from "./container-settings";
import { type Engine, labels, replaceWithHost } from "./engine";
import type { Networks } from "./networks";
import { freshName } from "./settings-hash";

export interface JobProps {
  readonly engine: Engine;
  readonly networks: Networks;
  /** Between the prefix and the changing end: "chat-switch". */
  readonly name: string;
  readonly image: Image;
  /** A program and its arguments in place of the image's own. */
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly joins: readonly NetworkName[];
  /** Files that are in the container before it starts, path → content; content may be a token. */
  readonly files?: Readonly<Record<string, string>>;
  /** Docker volumes, path → volume name. */
  readonly volumes?: Readonly<Record<string, string>>;
  /** @default "1001:1001" */
  readonly user?: string;
  /** Share another container's processes ("container:<id>"), to send it a signal. */
  readonly pidMode?: string;
  readonly labels: Readonly<Record<string, string | undefined>>;
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** MiB; a migration's Node process needs about half of it. */
const JOB_MEMORY = 512;

/**
 * A one-shot container that must exit 0. If it does not, Terraform taints it, what depends on it waits, and the next
 * apply runs it again by itself. (A `postcondition` would look the same, but stays in the state as failed, and then every
 * later plan fails on it, a rollback's too.)
 */
export class Job extends Construct implements ITerraformDependable {
  readonly fqn: string;
  private readonly container: Container;

  constructor(scope: Construct, id: string, props: JobProps) {
    super(scope, id);
    const { engine } = props;
    const env = envList(props.env ?? {});
    const settings = {
      entrypoint: [props.command[0]!],
      command: props.command.slice(1),
      networksAdvanced: attach(props.networks, props.joins),
      user: props.user ?? DEFAULT_USER,
      capabilities: { drop: ["ALL"] },
      securityOpts: ["no-new-privileges:true"],
      memory: JOB_MEMORY,
      memorySwap: JOB_MEMORY,
      logDriver: engine.logs.driver,
      logOpts: { ...engine.logs.options },
      labels: labels(engine, props.labels),
      volumes: Object.entries(props.volumes ?? {}).map(([containerPath, volumeName]) => ({
        containerPath,
        volumeName,
      })),
      upload: Object.entries(props.files ?? {}).map(([file, content]) => ({ file, content })),
      ...(props.pidMode ? { pidMode: props.pidMode } : {}),
    } satisfies Partial<ContainerConfig>;
    this.container = new Container(this, "resource", {
      ...settings,
      // Another one each time: Terraform makes a job that release containers depend on anew before it removes the old one,
      // and one that was interrupted may still be there. Docker gives a name only once (ADR 0005).
      name: freshName(`${engine.prefix}-${props.name}`),
      image: props.image.imageId,
      env,
      mustRun: false,
      attach: true,
      logs: true,
      restart: "no",
      provider: engine.provider,
      dependsOn: [...engine.ready, ...(props.dependsOn ?? [])],
      lifecycle: { ignoreChanges: ["name"], ...replaceWithHost(engine) },
      provisioners: [{ type: "local-exec", command: MUST_EXIT_ZERO }],
    });
    this.fqn = this.container.fqn;
  }
}
