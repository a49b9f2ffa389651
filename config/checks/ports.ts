import type { Platform } from "../../model/platform";
import { error, type Problem } from "../../model/problem";
import { METRICS_PORT, PROBE_PORT } from "../../model/routing";
import { duplicates, portsOf } from "./catalog";

/** On a developer's computer everything runs at once, each with a port of its own. */
export function checkPorts(platform: Platform): Problem[] {
  const edge = [80, 443, PROBE_PORT, METRICS_PORT].map((port) => ({ path: "the edge", port }));
  const users = [
    ...edge,
    ...platform.products.flatMap((p) =>
      p.services.map((s) => ({ path: `${p.name}/${s.name}`, port: s.developmentPort })),
    ),
    ...platform.stores.flatMap((s) => portsOf(s).map((port) => ({ path: s.name, port }))),
  ];
  const taken = new Set(users.map((u) => u.port));
  const nextFree = (port: number): number => (taken.has(port) ? nextFree(port + 1) : port);
  return duplicates(users, (u) => String(u.port)).flatMap(([port, [first, ...others]]) =>
    others.map((user) =>
      error(
        `${user.path}/developmentPort`,
        `${port}, which ${first!.path} has`,
        "a port of its own",
        `take the next free port, ${nextFree(Number(port))}`,
      ),
    ),
  );
}
