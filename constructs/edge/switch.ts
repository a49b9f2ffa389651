import { Construct } from "constructs";
import { COLOURS, formatWeights, type ProductRelease } from "../../model/release";
import { type ServiceRoute, WEIGHT_PLACEHOLDERS } from "../../model/routing";
import type { Duration } from "../../model/units";
import type { ITerraformDependable } from "cdktf";
import type { Engine } from "../docker/engine";
import type { Networks } from "../docker/networks";
import type { Edge } from "./edge";
import { RoutingJob } from "./routing-job";

/** Of a set that does not run. */
const NO_VERSION = "-";

export interface SwitchProps {
  readonly engine: Engine;
  readonly networks: Networks;
  readonly edge: Edge;
  readonly product: string;
  readonly release: ProductRelease;
  /** The routes with the names of the sets' containers: these references make the switch wait for healthy containers. */
  readonly routes: readonly ServiceRoute[];
  /** How long a canary stays that nobody watches. */
  readonly lease: Duration;
  readonly dependsOn?: readonly ITerraformDependable[];
}

/**
 * The one resource that says how a product's traffic is split between its two sets. Its labels say so in words, so that
 * a plan reads `live: blue → green`; its files are the product's whole routing for each split that its sets allow, so
 * that the keeper beside the edge can go back to another one; nothing of another product is in them.
 */
export class Switch extends Construct {
  constructor(scope: Construct, id: string, props: SwitchProps) {
    super(scope, id);
    const { edge, product, release } = props;
    const versions = Object.fromEntries(COLOURS.map((colour) => [colour, release[colour]?.version]));
    const running = COLOURS.filter((colour) => release[colour] !== null);
    const contents = {
      ...Object.fromEntries(running.map((colour) => [colour, { [colour]: 100 }])),
      ...(running.length > 1 ? { both: WEIGHT_PLACEHOLDERS } : {}),
    };
    new RoutingJob(this, "job", {
      engine: props.engine,
      networks: props.networks,
      edge,
      name: `${product}-switch`,
      operation: [
        ...["switch", product, formatWeights(release), release.live],
        // The Docker provider takes no empty argument.
        ...COLOURS.map((colour) => versions[colour] ?? NO_VERSION),
        String(props.lease.seconds),
      ],
      contents: Object.fromEntries(
        Object.entries(contents).map(([name, weights]) => [
          name,
          edge.productFile({ product, weights, routes: props.routes }),
        ]),
      ),
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
