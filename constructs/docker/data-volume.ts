import { Volume } from "@cdktf/provider-docker/lib/volume";
import { Construct } from "constructs";
import { type Engine, labels } from "./engine";

export interface DataVolumeProps {
  readonly engine: Engine;
  /** Follows the prefix: "postgres" → "manacore-production-postgres". */
  readonly name: string;
  /** What is in it comes back by itself, so it may always be destroyed. @default false */
  readonly disposable?: boolean;
}

/**
 * A named Docker volume. On a Hetzner host all of them lie on the Hetzner volume (it is mounted where Docker keeps its
 * volumes), so they outlive the server. With `protectData` Terraform refuses to destroy it, unless it is disposable.
 */
export class DataVolume extends Construct {
  readonly name: string;

  constructor(scope: Construct, id: string, { engine, name, disposable = false }: DataVolumeProps) {
    super(scope, id);
    this.name = new Volume(this, "resource", {
      name: `${engine.prefix}-${name}`,
      labels: labels(engine, {}),
      lifecycle: { preventDestroy: engine.protectData && !disposable },
      dependsOn: [...engine.ready],
    }).name;
  }
}
