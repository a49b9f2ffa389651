import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import type { Engine } from "../docker/engine";
import { Job } from "../docker/job";
import type { Networks } from "../docker/networks";
import { literal } from "../terraform-expression";
import { type Edge, EDGE_USER } from "./edge";
import { edgeProgram, NEXT } from "./edge-program";

export interface RoutingJobProps {
  readonly engine: Engine;
  readonly networks: Networks;
  readonly edge: Edge;
  /** The job's name, after the prefix: "chat-switch". */
  readonly name: string;
  /** The program's operation and its arguments. */
  readonly operation: readonly string[];
  /** What it puts into force, name → content: "all", or "blue", "green" and "both". */
  readonly contents: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string | undefined>>;
  readonly dependsOn?: readonly ITerraformDependable[];
}

/**
 * Brings one file of the edge's configuration into effect: writes it beside its place, renames it, and waits until the
 * edge itself says that it serves this very revision. If it never does, the former file comes back and the job fails.
 */
export class RoutingJob extends Job {
  constructor(scope: Construct, id: string, props: RoutingJobProps) {
    const { edge, contents } = props;
    super(scope, id, {
      engine: props.engine,
      networks: props.networks,
      name: props.name,
      image: edge.image,
      command: ["sh", "-c", literal(edgeProgram(edge)), "edge", ...props.operation],
      files: Object.fromEntries(Object.entries(contents).map(([name, content]) => [`${NEXT}/${name}`, content])),
      ...edge.job,
      joins: props.networks.edge.slice(0, 1),
      user: EDGE_USER,
      labels: props.labels,
      dependsOn: [edge.container, ...(props.dependsOn ?? [])],
    });
  }
}
