import type { Platform } from "../../model/platform";
import { error, list, type Problem } from "../../model/problem";
import type { CustomStore, Store } from "../../model/service";
import { leavesOf } from "../../model/values";
import { portsOf } from "./catalog";

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1)$/;

/** A store has people's data: nothing outside reaches it. */
export const checkStores = (platform: Platform): Problem[] =>
  platform.stores.flatMap((store) => checkStore(platform, store));

function checkStore(platform: Platform, store: Store): Problem[] {
  const { networks } = platform;
  const open = store.networks.filter((network) => networks[network]?.open || networks[network]?.edge);
  const closed = Object.keys(networks).filter((name) => !networks[name]!.open && !networks[name]!.edge);
  const publishes = portsOf(store).length > 0 && !Object.values(networks).some((network) => network.open);
  return [
    ...open.map((network) =>
      error(
        `${store.name}/networks`,
        network,
        `closed networks only, which nothing outside reaches: ${closed.length > 0 ? list(closed) : "there is none"}`,
        `remove it; services that need the store join ${closed.length > 0 ? closed[0] : "a closed network that you add"}`,
      ),
    ),
    ...(publishes
      ? [
          error(
            `${store.name}/${store.developmentPort ? "developmentPort" : "insidePorts"}`,
            `${portsOf(store).join(", ")}, but every network is closed`,
            "an open network, as a closed one publishes no port",
            "add a network with open: true",
          ),
        ]
      : []),
    ...(store.kind === "custom" && store.files && store.sandbox.readOnly !== false
      ? [
          error(
            `${store.name}/files`,
            "files for a read-only file system",
            "a file system that Docker can write them to",
            "write readOnly: false into its sandbox",
          ),
        ]
      : []),
    ...(store.kind === "custom" ? checkStoreEnv(store) : []),
    ...(store.bindAddress !== undefined && !LOOPBACK.test(store.bindAddress)
      ? [
          error(
            `${store.name}/bindAddress`,
            store.bindAddress,
            "an address of this computer only, as 127.0.0.1",
            "remove it; 127.0.0.1 is the default",
          ),
        ]
      : []),
  ];
}

/** A store belongs to no product and to no set. */
function checkStoreEnv(store: CustomStore): Problem[] {
  return Object.entries(store.env).flatMap(([key, value]) =>
    leavesOf(value)
      .flatMap((leaf) =>
        typeof leaf !== "string" && (leaf.kind === "database-url" || leaf.kind === "set-version") ? [leaf.kind] : [],
      )
      .map((kind) =>
        error(
          `${store.name}/env/${key}`,
          kind === "database-url" ? "a product's database" : "a set's version",
          "a value that is not a product's",
          "give it as a text, a secret or a setting",
        ),
      ),
  );
}
