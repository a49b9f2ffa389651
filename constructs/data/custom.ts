import { Construct } from "constructs";
import type { CustomStore } from "../../model/service";
import type { Job } from "../docker/job";
import { literal } from "../terraform-expression";
import { StoreContainer, type StoreProps } from "./store-container";

export interface CustomProps extends StoreProps {
  readonly store: CustomStore;
  /** Its environment variables, resolved; values may be Terraform tokens. */
  readonly env: Readonly<Record<string, string>>;
}

/** A store of whatever kind, as the catalog describes it. */
export class Custom extends Construct {
  readonly ready: Job;

  constructor(scope: Construct, id: string, props: CustomProps) {
    super(scope, id);
    const { entrypoint, command, files, dataPath, health, sandbox, probe } = props.store;
    this.ready = new StoreContainer(this, "resource", {
      ...props,
      health,
      sandbox,
      probe: literal(probe),
      ...(entrypoint ? { entrypoint: entrypoint.map(literal) } : {}),
      ...(command ? { command: command.map(literal) } : {}),
      ...(files
        ? { files: Object.fromEntries(Object.entries(files).map(([path, content]) => [path, literal(content)])) }
        : {}),
      ...(dataPath === undefined ? {} : { dataPath }),
    }).ready;
  }
}
