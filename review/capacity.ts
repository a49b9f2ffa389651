/** Memory, server and cost before and after a plan. */
import { type CostLine, monthlyCost, totals } from "../model/cost";
import type { Environment } from "../model/environment";
import type { Platform, Price, ServerType } from "../model/platform";
import { gibibytes, mebibytes, type Size } from "../model/units";
import { isEffective, type ResourceChange } from "../terraform/plan";
import { actionOf, isService } from "./parts";

export interface Capacity {
  /** Limits of all long-running containers together. */
  readonly memory: { readonly before: Size; readonly after: Size; readonly meanwhile: Size };
  /** What the server has; undefined for one's own computer, and for a type that the catalog does not know. */
  readonly of: { readonly before: Size | undefined; readonly after: Size | undefined };
  readonly server: { readonly before: string | undefined; readonly after: string | undefined };
  readonly cost: { readonly before: readonly CostLine[]; readonly after: readonly CostLine[] };
}

/** @param resources all managed resources of the plan */
export function capacityOf(
  resources: readonly ResourceChange[],
  platform: Platform,
  environment: Environment,
): Capacity {
  let [before, after, meanwhile] = [0, 0, 0];
  for (const resource of resources.filter(isService)) {
    const was = memoryOf(resource.change.before);
    const action = actionOf(resource.change);
    // What is forgotten still runs.
    const stays = action === "forget" || action === "replace-and-forget" ? was : 0;
    const is = memoryOf(resource.change.after) + stays;
    before += was;
    after += is;
    // A container that goes makes room only after the apply is through with those that come.
    meanwhile += isEffective(resource) && action === "replace-new-first" ? was + is : Math.max(was, is);
  }
  const server = {
    before: valueOf(resources, "hcloud_server", "server_type", "before"),
    after: valueOf(resources, "hcloud_server", "server_type", "after"),
  };
  const type = (name: string | undefined): ServerType | undefined =>
    name === undefined ? undefined : platform.serverTypes[name];
  return {
    memory: { before: mebibytes(before), after: mebibytes(after), meanwhile: mebibytes(meanwhile) },
    of: { before: type(server.before)?.memory, after: type(server.after)?.memory },
    server,
    cost: {
      before: costOf(resources, platform, environment, "before"),
      after: costOf(resources, platform, environment, "after"),
    },
  };
}

function memoryOf(values: Readonly<Record<string, unknown>> | null | undefined): number {
  const memory = values?.["memory"];
  return typeof memory === "number" ? memory : 0;
}

type When = "before" | "after";

function valueOf(resources: readonly ResourceChange[], type: string, name: string, when: When): string | undefined {
  const found = resources.find((resource) => resource.type === type && resource.change[when]);
  const value = found?.change[when]?.[name];
  return value === undefined || value === null ? undefined : String(value);
}

/** What the server and the volume that are in the plan cost, by the prices that the catalog has. */
function costOf(
  resources: readonly ResourceChange[],
  platform: Platform,
  environment: Environment,
  when: When,
): readonly CostLine[] {
  const serverType = valueOf(resources, "hcloud_server", "server_type", when);
  if (environment.host.kind === "local" || serverType === undefined) return [];
  const size = Number(valueOf(resources, "hcloud_volume", "size", when) ?? 0);
  return monthlyCost(platform, { ...environment, host: { ...environment.host, serverType, volume: gibibytes(size) } });
}

/** "50 USD a month (manacore-ci-cd-plan.md, 2025-11-27), without 2 items that have no price". */
export function describeCost(lines: readonly CostLine[]): string {
  if (lines.length === 0) return "nothing";
  const sums = Object.entries(totals(lines)).map(([currency, amount]) => `${amount} ${currency}`);
  const priced = lines.flatMap(({ price }) => (price ? [price] : []));
  const unpriced = lines.length - priced.length;
  const sources = [...new Set(priced.map((price: Price) => `${price.source}, ${price.date}`))];
  const without =
    unpriced > 0
      ? `, without what no document has a price for (${lines
          .filter(({ price }) => !price)
          .map(({ item }) => item)
          .join(", ")})`
      : "";
  return sums.length === 0
    ? `not known: no document has a price for ${lines.map(({ item }) => item).join(", ")}`
    : `${sums.join(" + ")} a month (${sources.join("; ")})${without}`;
}
