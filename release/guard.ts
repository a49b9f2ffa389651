/**
 * Before an apply: does the plan touch only what its step may touch? The rules are by address, as the stack names things
 * (`docker_container.chat_blue_backend-0`), and a test holds them to every stack of the catalog.
 */
import type { Problem } from "../model/problem";
import { error } from "../model/problem";
import { type Colour, formatWeights, otherColour, type ProductRelease } from "../model/release";
import type { ResourceChange } from "../terraform/plan";
import type { Step } from "./machine";

export interface GuardedStep {
  readonly product: string;
  readonly step: Step;
  /** The product's entry that the plan is to bring about. */
  readonly to: ProductRelease;
  /** Is this the product's first release? */
  readonly first: boolean;
}

/** A plan wanted to touch what its step may not. */
export class GuardRefused extends Error {}

/** The one resource that says how a product's traffic is split. */
export const switchAddress = (product: string): string => `docker_container.${product}_switch_job`;

/** A change that a step may not make. */
export interface Refusal {
  readonly address: string;
  /** "delete, create". */
  readonly actions: string;
  /** What it belongs to, in words: "a volume", "product auth". */
  readonly what: string;
}

export interface Guarded {
  readonly refused: readonly Refusal[];
  /** Changes outside of the step that the operator let through. */
  readonly allowed: readonly string[];
}

/**
 * @param changes the plan's effective changes
 * @param allow addresses that the operator lets through
 */
export function guard(
  changes: readonly ResourceChange[],
  step: GuardedStep,
  products: readonly string[],
  allow: readonly string[] = [],
): Guarded {
  const refused: Refusal[] = [];
  const allowed: string[] = [];
  for (const change of changes) {
    const what = outside(change, step, products);
    if (what === undefined) continue;
    if (allow.includes(change.address)) allowed.push(change.address);
    else refused.push({ address: change.address, actions: change.change.actions.join(", "), what });
  }
  return { refused, allowed };
}

/** A refusal as what people read. */
export const asProblem = (
  { address, actions, what }: Refusal,
  { product, step }: Pick<GuardedStep, "product" | "step">,
): Problem =>
  error(
    address,
    `${actions}: ${what}`,
    `changes of ${product} only, as "${step}" makes them`,
    `bring the rest about first (twinset plan, twinset apply), or let it through: --allow ${address}`,
  );

/** Kinds of which no release may touch one, whoever's it is. */
const KINDS: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/^docker_volume$|^hcloud_volume/, "a volume"],
  [/^hcloud_/, "the host"],
  [/^terraform_data$/, "the host's readiness"],
  [/^cloudflare_dns/, "DNS"],
  [/^cloudflare_/, "the zone"],
  [/^docker_network$/, "a network"],
];

/** Whose a resource is by its name, which begins with its owner's: the longest of those that fit. */
export const ownerOf = (name: string, owners: readonly string[]): string | undefined =>
  owners.filter((owner) => name.startsWith(`${owner}_`)).sort((a, b) => b.length - a.length)[0];

/** What a change belongs to, if not to the step; undefined if it does. */
function outside(change: ResourceChange, step: GuardedStep, products: readonly string[]): string | undefined {
  const { type, name } = change;
  const kind = KINDS.find(([pattern]) => pattern.test(type));
  if (kind) return kind[1];
  const owner = ownerOf(name, products);
  if (owner !== undefined && owner !== step.product) return `product ${owner}`;
  if (owner === undefined) return shared(name, step);
  return ofProduct(change, step);
}

/** What no product owns, but for the product's own job in the database and, at its first release, the edge's list. */
function shared(name: string, { product, step, first }: GuardedStep): string | undefined {
  if (step === "deploy" && new RegExp(`^[a-z0-9-]+_${product}$`).test(name)) return undefined;
  if (step === "deploy" && first && name.startsWith("edge-settings")) return undefined;
  return name === "edge" || name.startsWith("edge_") || name.startsWith("edge-") ? "the edge" : "shared infrastructure";
}

function ofProduct(change: ResourceChange, step: GuardedStep): string | undefined {
  const { name } = change;
  if (change.address === switchAddress(step.product)) return wrongSwitch(change, step);
  const { live } = step.to;
  const colour = colourOf(name, step.product);
  if (colour === undefined) return `${step.product}'s own, but no part of a set`;
  const touched: Colour | undefined =
    step.step === "deploy" && step.first
      ? live
      : ["deploy", "retire", "clean-up"].includes(step.step)
        ? otherColour(live)
        : undefined;
  if (colour === touched) return undefined;
  return colour === live ? `${step.product}'s live set` : `${step.product}'s other set`;
}

const colourOf = (name: string, product: string): Colour | undefined =>
  new RegExp(`^${product}_(blue|green)_`).exec(name)?.[1] as Colour | undefined;

/** The switch must say what the step is about: no plan may split the traffic otherwise. */
function wrongSwitch({ change }: ResourceChange, { to }: GuardedStep): string | undefined {
  if (change.actions.length === 1 && change.actions[0] === "delete") return "the switch, which would go";
  const live = label(change.after, "release.live");
  const weights = label(change.after, "release.weights");
  const wanted = formatWeights(to);
  return live === to.live && weights === wanted
    ? undefined
    : `the switch, which would say live=${live ?? "?"}, ${weights ?? "?"} in place of live=${to.live}, ${wanted}`;
}

/** A label of a container, planned or in the state, whatever its prefix. */
export function label(planned: Readonly<Record<string, unknown>> | null | undefined, name: string): string | undefined {
  const labels = planned?.["labels"];
  if (!Array.isArray(labels)) return undefined;
  return (labels as { label?: string; value?: string }[]).find((each) => each.label?.endsWith(`.${name}`))?.value;
}

/** Things whose loss nothing here could mend: an apply of a whole environment may not destroy or replace one. */
const PRECIOUS = /^(docker_volume|hcloud_volume|hcloud_server|hcloud_primary_ip|cloudflare_r2_bucket)$/;

/** Is it a thing whose loss nothing here could mend? */
export const isPrecious = ({ type }: Pick<ResourceChange, "type">): boolean => PRECIOUS.test(type);

/** The guard of an apply that is no release: everything may change, but nothing precious may go. */
export function guardWhole(changes: readonly ResourceChange[], allow: readonly string[] = []): Guarded {
  const losses = changes.filter((each) => isPrecious(each) && each.change.actions.includes("delete"));
  return {
    allowed: losses.map(({ address }) => address).filter((address) => allow.includes(address)),
    refused: losses
      .filter(({ address }) => !allow.includes(address))
      .map(({ address, change }) => ({
        address,
        actions: change.actions.join(", "),
        what: "destroys what nothing here could bring back",
      })),
  };
}
