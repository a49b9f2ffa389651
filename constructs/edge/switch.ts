import { Construct } from "constructs";
import { COLOURS, formatWeights, type ProductRelease, weights } from "../../model/release";
import type { ServiceRoute } from "../../model/routing";
import type { ITerraformDependable } from "cdktf";
import type { Engine } from "../docker/engine";
import type { Networks } from "../docker/networks";
import type { Edge } from "./edge";
import { RoutingJob } from "./routing-job";

export interface SwitchProps {
  readonly engine: Engine;
  readonly networks: Networks;
  readonly edge: Edge;
  readonly product: string;
  readonly release: ProductRelease;
  /** The routes with the names of the sets' containers: these references make the switch wait for healthy containers. */
  readonly routes: readonly ServiceRoute[];
  readonly dependsOn?: readonly ITerraformDependable[];
}

/**
 * The one resource that says how a product's traffic is split between its two sets. Its labels say so in words, so that
 * a plan reads `live: blue → green`; its file is the product's whole routing; nothing of another product is in it.
 */
export class Switch extends Construct {
  constructor(scope: Construct, id: string, props: SwitchProps) {
    super(scope, id);
    const { edge, product, release } = props;
    const versions = Object.fromEntries(COLOURS.map((colour) => [colour, release[colour]?.version]));
    new RoutingJob(this, "job", {
      engine: props.engine,
      networks: props.networks,
      edge,
      name: `${product}-switch`,
      subject: product,
      file: edge.productFile({ product, live: release.live, weights: weights(release), routes: props.routes }),
      labels: {
        project: product,
        service: "switch",
        "release.live": release.live,
        "release.weights": formatWeights(release),
        "release.blue": versions.blue,
        "release.green": versions.green,
      },
      ...(props.dependsOn ? { dependsOn: props.dependsOn } : {}),
    });
  }
}
