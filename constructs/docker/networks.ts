import { Network } from "@cdktf/provider-docker/lib/network";
import { Construct } from "constructs";
import type { NetworkName } from "../../model/service";
import { type Engine, labels, replaceWithHost } from "./engine";

/**
 * The three networks of "Docker Network Segmentation": frontend (webs, landings, edge), backend (APIs, edge) and data
 * (stores and who uses them), the last without a way out of the host.
 */
export class Networks extends Construct {
  private readonly networks: Readonly<Record<NetworkName, Network>>;

  constructor(scope: Construct, id: string, engine: Engine) {
    super(scope, id);
    const make = (name: NetworkName): Network =>
      new Network(this, name, {
        name: `${engine.prefix}-${name}`,
        driver: "bridge",
        internal: name === "data",
        labels: labels(engine, {}),
        lifecycle: replaceWithHost(engine),
        dependsOn: [...engine.ready],
      });
    this.networks = { frontend: make("frontend"), backend: make("backend"), data: make("data") };
  }

  /** The network's name on the engine. */
  name(network: NetworkName): string {
    return this.networks[network].name;
  }
}
