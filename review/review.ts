/** A plan → all that a reviewer has to know of it, as data. How it is written down is another matter (markdown, text). */
import type { Waiver } from "../config/waivers";
import type { Environment } from "../model/environment";
import type { Platform } from "../model/platform";
import { effective, type Plan } from "../terraform/plan";
import type { PlanSource } from "../terraform/plan-source";
import type { AppliedFacts } from "./applied-facts";
import { type Unseen, unseenOf } from "./unseen";
import { type Beside, besideChanges, movesState } from "./beside";
import { type Capacity, capacityOf } from "./capacity";
import { configurationOf } from "./configuration";
import { type DataChange, dataChanges } from "./data";
import { type Detail, detailsOf } from "./details";
import { type Drift, driftIn } from "./drift";
import { factsOf } from "./facts";
import { fingerprint } from "./fingerprint";
import { type Interruption, interruptions, type NotApplied, notApplied } from "./interruptions";
import { type Loss, lossesOf } from "./losses";
import { maskedPlan } from "./masked-plan";
import { actionOf, managed, partOf } from "./parts";
import { checkPolicies, type PolicyResult } from "./policies";
import type { Finding } from "./policy";
import { planRedactor } from "./secrets";
import { storeObstacles } from "./stores";
import { isMoved, type ProductReview, productReviews, trafficClause } from "./traffic";
import { verdictOf } from "./verdict";
import { type Gap, gapsIn } from "./whole";

/** How the plan was made. */
export interface Made {
  /** Did Terraform look at what is really there? Without, drift is not known. Undefined: a plan from elsewhere does not say. */
  readonly refreshed: boolean | undefined;
  /** When the state was written last; undefined where nobody can tell, or before the first deploy. */
  readonly stateFrom?: Date | undefined;
  readonly at: Date;
}

export interface Group {
  /** A product, or "Stores", "Edge", "Host", "Names and zone" … */
  readonly title: string;
  readonly details: readonly Detail[];
}

export interface Review {
  readonly platform: string;
  readonly environment: string;
  readonly made: Made;
  /** Products whose traffic at the edge is not as Terraform was told, a line each. */
  readonly edge: readonly string[];
  /** The first line: all that matters, in words. */
  readonly verdict: string;
  /** What the plan leaves open or says in words that are not known here: one with any is not to be applied. */
  readonly gaps: readonly Gap[];
  /** What it does beside its changes: imports, moves, what it forgets, actions; and checks that do not hold. */
  readonly beside: Beside;
  /** Does the plan say that it is the whole? Undefined: it does not say (OpenTofu). */
  readonly complete: boolean | undefined;
  /** What is destroyed and cannot be had back, worst first. */
  readonly losses: readonly Loss[];
  /** Everything else that is destroyed and not replaced. */
  readonly removed: readonly string[];
  /** A clause per product whose traffic or sets change. */
  readonly traffic: readonly { readonly product: string; readonly clause: string; readonly moved: boolean }[];
  /** Migrations, databases, stores that are made anew. */
  readonly data: readonly DataChange[];
  readonly interruptions: readonly Interruption[];
  readonly drift: readonly Drift[];
  readonly notApplied: readonly NotApplied[];
  readonly capacity: Capacity;
  readonly policies: readonly PolicyResult[];
  readonly groups: readonly Group[];
  /** Number of changes. */
  readonly changes: number;
  readonly fingerprint: string;
  /** Not of a plan in JSON. */
  readonly unseen: Unseen | undefined;
  /** Providers whose plugin is taken by its version alone, where that can be told. */
  readonly unlocked: readonly string[];
  /** Is all that decides what runs in the fingerprint? Not of a plan in JSON, which lacks lifecycle. */
  readonly fromText: boolean;
}

export interface ReviewOptions {
  readonly platform: Platform;
  readonly environment: Environment;
  readonly made: Made;
  readonly waivers?: readonly Waiver[];
  /** Products whose traffic at the edge is not as Terraform was told. @default nobody has looked */
  readonly edge?: readonly string[];
  /** Secrets from elsewhere: the inputs' values. @default what the plan marks */
  readonly known?: readonly string[];
  /** What the plan was made of. @default not known: it came as JSON */
  readonly source?: PlanSource | undefined;
  /** What the stack said besides when it was applied last; or why that is not known. @default nobody has looked */
  readonly applied?: AppliedFacts | string | undefined;
}

/** Its words are made of the masked plan: nothing secret is in any of them. */
export function reviewPlan(
  whole: Plan,
  { platform, environment, made, waivers = [], edge = [], source, applied, known = [] }: ReviewOptions,
): Review {
  const { plan, told, hide } = maskedPlan(whole, known);
  const configuration = source && configurationOf(source);
  // Names of the stack are among its facts, so that no plain word is taken for a secret here.
  const redact = configuration ? planRedactor(whole, known) : String;
  const resources = managed(plan);
  const changes = effective(plan).filter(({ mode }) => mode === "managed");
  const products = productReviews(resources, platform);
  const losses = lossesOf(changes);
  const lost = new Set(losses.map(({ address }) => address));
  const removed = changes
    .filter(({ address, change }) => actionOf(change) === "delete" && !lost.has(address))
    .map(({ address }) => address);
  const obstacles = storeObstacles(plan, platform);
  const found = {
    gaps: gapsIn(plan),
    beside: besideChanges(plan),
    losses,
    removed,
    products,
    changes,
    interruptions: interruptions(plan, resources, products, platform, obstacles),
    drift: driftIn(plan),
    unseen: configuration && unseenOf(factsOf(configuration, redact), applied ?? "nobody has looked", redact),
  };
  const policies = checkPolicies({ plan: whole, platform, environment, configuration }, { waivers, now: made.at });
  return told({
    platform: platform.name,
    environment: environment.name,
    made,
    edge: edge.map((line) => hide(line)),
    verdict: verdictOf({ ...found, platform, environment: environment.name, resources }),
    gaps: found.gaps,
    beside: found.beside,
    complete: plan.complete,
    losses,
    removed,
    traffic: products
      .filter((product) => product.changes.length > 0)
      .map((product) => ({ product: product.product, clause: trafficClause(product), moved: isMoved(product) })),
    data: dataChanges(changes, products, platform, obstacles),
    interruptions: found.interruptions,
    drift: found.drift,
    notApplied: notApplied(resources),
    capacity: capacityOf(resources, platform, environment),
    policies: policies.map((result) => hiddenIn(result, hide)),
    groups: groupsOf(changes, products, plan, platform),
    changes: changes.length,
    fingerprint: fingerprint(whole, source),
    unseen: found.unseen,
    unlocked: Object.keys(source?.providers ?? {}).filter((name) => !source?.locked?.[name]),
    fromText: source !== undefined,
  });
}

/** Policies judge by the plan itself; what they have found is said without its secrets. */
export const hiddenIn = (
  { broken, waived, said, ...rest }: PolicyResult,
  hide: (text: string, address?: string) => string,
): PolicyResult => {
  const hidden = <T extends Finding>(finding: T): T => ({
    ...finding,
    address: hide(finding.address),
    given: hide(finding.given, finding.address),
  });
  return { ...rest, broken: broken.map(hidden), waived: waived.map(hidden), said: said.map(hidden) };
};

const GROUPS: Readonly<Record<string, string>> = {
  host: "Host",
  network: "Host",
  names: "Names",
  zone: "Zone",
  store: "Stores",
  edge: "Edge",
  monitoring: "Monitoring",
  other: "Others",
};

function groupsOf(
  changes: ReturnType<typeof effective>,
  products: readonly ProductReview[],
  plan: Plan,
  platform: Platform,
): Group[] {
  const groups = products
    .filter((product) => product.changes.length > 0)
    .map((product): Group => ({ title: product.product, details: detailsOf(product.changes, plan, platform) }));
  const others = new Map<string, typeof changes>();
  for (const change of changes) {
    const part = partOf(change, platform);
    if ("product" in part) continue;
    const title = GROUPS[part.kind]!;
    others.set(title, [...(others.get(title) ?? []), change]);
  }
  return [...groups, ...[...others].map(([title, own]): Group => ({ title, details: detailsOf(own, plan, platform) }))];
}

/** Policies that are broken and not waived: a plan with one is not to be applied. */
export const brokenPolicies = ({ policies }: Pick<Review, "policies">): PolicyResult[] =>
  policies.filter(({ broken }) => broken.length > 0);

/** Would an apply do anything, if only to the state? */
export const doesSomething = ({ changes, beside }: Pick<Review, "changes" | "beside">): boolean =>
  changes > 0 || movesState(beside) || beside.actions.length > 0;

/** May it be said how to apply it: is it whole, and is no policy broken? */
export const isBlessed = (review: Pick<Review, "gaps" | "policies">): boolean =>
  review.gaps.length === 0 && brokenPolicies(review).length === 0;
