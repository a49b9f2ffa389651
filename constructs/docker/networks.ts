import { Network as DockerNetwork } from "@cdktf/provider-docker/lib/network";
import { Construct } from "constructs";
import type { Network, NetworkName } from "../../model/service";
import { type Engine, labels, replaceWithHost } from "./engine";

/** The platform's Docker networks. A closed one has no way out of the host ("Docker Network Segmentation"). */
export class Networks extends Construct {
  private readonly made: Readonly<Record<NetworkName, DockerNetwork>>;
  /** Those that the edge is in. */
  readonly edge: readonly NetworkName[];
  /**
   * The open network from which stores publish their ports: a closed one publishes nothing. One without the edge, if
   * there is one, so that the edge could not reach them.
   */
  readonly publishing: NetworkName | undefined;

  constructor(scope: Construct, id: string, engine: Engine, networks: Readonly<Record<NetworkName, Network>>) {
    super(scope, id);
    const entries = Object.entries(networks);
    this.made = Object.fromEntries(
      entries.map(([name, { open }]) => [
        name,
        new DockerNetwork(this, name, {
          name: `${engine.prefix}-${name}`,
          driver: "bridge",
          internal: !open,
          labels: labels(engine, {}),
          lifecycle: replaceWithHost(engine),
          dependsOn: [...engine.ready],
        }),
      ]),
    );
    const where = (fits: (network: Network) => boolean): NetworkName[] =>
      entries.filter(([, network]) => fits(network)).map(([name]) => name);
    this.edge = where(({ edge }) => edge === true);
    this.publishing = where(({ open, edge }) => open && !edge).at(-1) ?? where(({ open }) => open).at(-1);
  }

  /** The network's name on the engine. */
  name(network: NetworkName): string {
    return this.made[network]!.name;
  }
}
