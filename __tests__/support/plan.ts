/** Plans by hand: a few resources of a Manacore environment, as Terraform's JSON has them. */
import { loadPlatform } from "../../config/load";
import type { Environment } from "../../model/environment";
import type { EnvironmentName } from "../../model/environment-name";
import type { Platform } from "../../model/platform";
import type { Colour } from "../../model/release";
import { configurationOf } from "../../review/configuration";
import { factsOf } from "../../review/facts";
import { isPrecious } from "../../release/guard";
import { type Made, type Review, type ReviewOptions, reviewPlan } from "../../review/review";
import type { Change, Plan, ResourceChange } from "../../terraform/plan";
import type { PlanSource } from "../../terraform/plan-source";

export const { platform: MANACORE } = loadPlatform({ platform: "manacore" });
export const PRODUCTION = MANACORE.environments.production;

export type Values = Readonly<Record<string, unknown>>;
type More = Partial<Omit<ResourceChange, "change">> & { readonly change?: Partial<Change<Values>> };

/** Terraform's actions by what they are called here. */
const ACTIONS = {
  stays: ["no-op"],
  comes: ["create"],
  goes: ["delete"],
  changes: ["update"],
  "is replaced, new first": ["create", "delete"],
  "is replaced, old first": ["delete", "create"],
  "is forgotten": ["forget"],
} as const;
export type What = keyof typeof ACTIONS;

/** One resource and what is done to it. Of one that comes or goes, `before` are its values. */
export function resource(
  address: string,
  what: What,
  before: Values = {},
  after = before,
  more: More = {},
): ResourceChange {
  const [type = "", name = ""] = address.replace(/\[.*\]$/, "").split(".");
  return {
    ...{ address, mode: "managed", type, name },
    ...more,
    change: {
      actions: ACTIONS[what],
      before: what === "comes" ? null : before,
      after: what === "goes" || what === "is forgotten" ? null : after,
      // Terraform always says it.
      before_sensitive: {},
      after_sensitive: {},
      ...more.change,
    },
  };
}

/** A container's values: long-running, with limits and a health check. */
export const container = (values: Values = {}): Values => ({
  must_run: true,
  memory: 512,
  cpus: "0.5",
  healthcheck: [{ test: ["CMD", "true"], interval: "10s" }],
  destroy_grace_seconds: 30,
  wait_timeout: 90,
  ...values,
});

export const labels = (of: Readonly<Record<string, string>>): readonly object[] =>
  Object.entries(of).map(([name, value]) => ({ label: `${MANACORE.labelPrefix}.${name}`, value }));

/** How a switch splits a product's traffic. */
export interface SplitGiven {
  readonly live: Colour;
  /** Per cent by colour, as its label has them: "blue=90,green=10". */
  readonly weights: string;
  readonly blue?: string;
  readonly green?: string;
}

/** A switch's values: a job that runs once. */
export const split = ({ live, weights, ...versions }: SplitGiven): Values => ({
  must_run: false,
  labels: labels({
    "release.live": live,
    "release.weights": weights,
    ...Object.fromEntries(Object.entries(versions).map(([colour, version]) => [`release.${colour}`, version])),
  }),
});

/** A product's switch, before and after. */
export function switched(
  product: string,
  before: SplitGiven | undefined,
  after: SplitGiven | undefined,
): ResourceChange {
  const same = JSON.stringify(before) === JSON.stringify(after);
  const what: What = same ? "stays" : !before ? "comes" : !after ? "goes" : "is replaced, old first";
  const [was, is] = [before ?? after, after ?? before].map((given) => split(given!));
  return what === "comes"
    ? resource(`docker_container.${product}_switch_job`, what, is)
    : resource(`docker_container.${product}_switch_job`, what, was, is);
}

/** A set's containers. @param roles default: chat's */
export const set = (
  colour: Colour,
  what: What,
  roles: readonly string[] = ["backend", "web"],
  product = "chat",
): ResourceChange[] =>
  roles.map((role) => resource(`docker_container.${product}_${colour}_${role}-0`, what, container()));

/** @param texts attributes that the stack's text has, by address; default: all of each resource */
export function plan(
  changes: readonly ResourceChange[],
  more: Partial<Plan> & { readonly texts?: Readonly<Record<string, readonly string[]>> } = {},
): Plan {
  const { texts, ...rest } = more;
  const all = new Map([...changes, ...(rest.resource_drift ?? [])].map((each) => [each.address, each]));
  const resources = [...all.values()].map(({ address, change }) => {
    const names = texts?.[address] ?? Object.keys({ ...change.before, ...change.after });
    return {
      address: address.replace(/\[.*\]$/, ""),
      expressions: Object.fromEntries(names.map((name) => [name, {}])),
    };
  });
  return {
    format_version: "1.2",
    timestamp: "2026-11-21T12:00:00Z",
    complete: true,
    applyable: true,
    resource_changes: changes,
    configuration: { root_module: { resources } },
    ...rest,
  };
}

export const NOW: Made = { refreshed: true, at: new Date("2026-11-21T12:00:00Z") };

/** Stands for the text that a plan was made of, which was not kept: its resources, and what is precious protected. */
export function sourceOf({ resource_changes: changes }: Plan): PlanSource {
  const resource: Record<string, Record<string, object>> = {};
  for (const { type, name } of changes) {
    (resource[type] ??= {})[name] = isPrecious({ type }) ? { lifecycle: { prevent_destroy: true } } : {};
  }
  return { files: new Map([["cdk.tf.json", JSON.stringify({ resource })]]), providers: {} };
}

/** A plan with the text that it was made of, which says besides what it said at the last apply. */
export function asApplied(of: Plan): Pick<ReviewOptions, "source" | "applied"> {
  const source = sourceOf(of);
  const facts = factsOf(configurationOf(source), String);
  return { source, applied: { at: "2026-11-20T12:00:00Z", who: "ann@laptop", facts } };
}

export interface ReviewGiven {
  readonly environment?: EnvironmentName | Environment;
  readonly platform?: Platform;
  readonly made?: Made;
}

/** A plan's review: in production, unless another environment is named. */
export function reviewed(
  of: Plan,
  { environment = "production", platform = MANACORE, made = NOW }: ReviewGiven = {},
): Review {
  const found = typeof environment === "string" ? platform.environments[environment] : environment;
  return reviewPlan(of, { platform, environment: found, made, ...asApplied(of) });
}

export const verdict = (...changes: readonly ResourceChange[]): string => reviewed(plan(changes)).verdict;
