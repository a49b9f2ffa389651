/** The first line of a review: what happens to data, to traffic and to everything else, in this order, in words. */
import type { Platform } from "../model/platform";
import { COLOURS, type Colour } from "../model/release";
import { isEffective, type ResourceChange } from "../terraform/plan";
import { type Beside } from "./beside";
import type { Drift } from "./drift";
import type { Interruption } from "./interruptions";
import type { Unseen } from "./unseen";
import { actionOf, isReplaced, partOf } from "./parts";
import type { Loss } from "./losses";
import { isMissing, isMoved, isServing, type ProductReview, setName, trafficClause } from "./traffic";
import { type Gap, gapClause } from "./whole";
import { count, counts, few } from "./words";

export interface Found {
  readonly platform: Platform;
  readonly environment: string;
  /** All managed resources; those without a change too. */
  readonly resources: readonly ResourceChange[];
  readonly changes: readonly ResourceChange[];
  readonly products: readonly ProductReview[];
  readonly losses: readonly Loss[];
  readonly removed: readonly string[];
  readonly interruptions: readonly Interruption[];
  readonly drift: readonly Drift[];
  readonly unseen: Unseen | undefined;
  /** What the plan leaves open. */
  readonly gaps: readonly Gap[];
  /** What it does beside its changes. */
  readonly beside: Beside;
}

/** What is not whole comes first, and nothing is said of there being nothing else. */
export function verdictOf(found: Found): string {
  const gaps = found.gaps.map(gapClause);
  const open = gaps.length > 0 ? [`not whole, so not to be applied: ${few(gaps)}`] : [];
  const beside = besideClauses(found.beside);
  const changes = changesClause(found);
  const more = open.length + beside.length > 0;
  return [...open, more ? withoutNothingElse(changes) : changes, ...beside]
    .filter((clause) => clause !== "")
    .join("; ");
}

/** There is something else, though no change of a resource. */
const withoutNothingElse = (clauses: string): string =>
  clauses.replace(/(?:^|[;,] )nothing else(?=;|$)/, "").replace(/^; /, "");

function besideClauses({ imports, moves, forgotten, actions, checks }: Beside): string[] {
  const clause = (addresses: readonly string[], one: string, many: string): string[] =>
    addresses.length === 0 ? [] : [`${few(addresses)} ${addresses.length === 1 ? one : many}`];
  const addresses = (of: readonly { readonly address: string }[]): string[] => of.map(({ address }) => address);
  const fails = checks.filter(({ status }) => status === "fails");
  const unknown = checks.filter(({ status }) => status === "unknown");
  return [
    ...clause(addresses(fails), "does not hold", "do not hold"),
    ...clause(addresses(unknown), "is not known to hold", "are not known to hold"),
    ...clause(
      addresses(actions),
      "is run, an action of which nobody here knows what it does",
      "are run, actions of which nobody here knows what they do",
    ),
    ...(forgotten.length > 0 ? [`${few(forgotten)} left to themselves, out of the state`] : []),
    ...clause(
      addresses(imports),
      "is there already and is taken into the state",
      "are there already and are taken into the state",
    ),
    ...clause(
      moves.map(({ address, from }) => `${address} (was ${from})`),
      "has another address",
      "have other addresses",
    ),
  ];
}

function changesClause(found: Found): string {
  const { changes, drift, environment, losses, resources, products } = found;
  const stray = driftClause(drift);
  const unseen = unseenClause(found);
  if (changes.length === 0) {
    const clauses = [...unseen, ...(stray ? [stray] : [])];
    const none = isMore(found) ? "no resource changes" : "nothing is to change";
    if (clauses.length > 0) return `${clauses.join("; ")}; ${none}`;
    return `${environment}: ${isMore(found) ? none : "nothing to change"}`;
  }
  // What a replacement left over is a change, too, but none of the resources.
  const all = resources.length > 0 && resources.every(isEffective);
  if (all && changes.every(({ change }) => actionOf(change) === "create")) return firstDeploy(found);
  if (all && changes.every(({ change }) => actionOf(change) === "delete")) {
    return `everything in ${environment} is destroyed: ${lossCounts(losses)}${count(products.filter((p) => p.before).length, "product")}, ${count(changes.length, "resource")}`;
  }
  // A server takes everything on it along, and the new one gets all of it anew.
  const anew = changes.some(({ type, change }) => type === "hcloud_server" && isReplaced(actionOf(change)));
  const clauses = [
    ...lossClauses(losses),
    ...unseen,
    ...hostClauses(found),
    ...(anew ? ["everything on it is made anew"] : []),
    ...productClauses(anew ? products.filter(isMoved) : products),
    ...(anew ? [] : otherClauses(found)),
    ...(stray ? [stray] : []),
  ];
  return clauses.join("; ");
}

/** What no plan shows: the worst of it, and how much more there is. */
function unseenClause({ unseen }: Found): string[] {
  const bad = (unseen?.changes ?? []).filter(({ mood }) => mood === "danger");
  if (bad.length === 0) return [];
  return [bad.length === 1 ? bad[0]!.text : `${bad[0]!.text}; and ${bad.length - 1} more that no plan shows`];
}
const isMore = ({ gaps, beside }: Found): boolean =>
  gaps.length > 0 || Object.values(beside).some((each: readonly unknown[]) => each.length > 0);

const lossCounts = (losses: readonly Loss[]): string =>
  losses.length === 0 ? "" : `${counts(losses.map(({ what }) => what))} with what is on them, `;

function firstDeploy({ environment, changes, products, platform, resources }: Found): string {
  const servers = resources.filter(({ type }) => type === "hcloud_server").length;
  const released = products.filter(({ after }) => after).map(({ product }) => product);
  const stores = new Set(
    resources.map((each) => partOf(each, platform)).flatMap((part) => (part.kind === "store" ? [part.store] : [])),
  );
  const made = [
    ...(servers > 0 ? [count(servers, "server")] : []),
    ...(stores.size > 0 ? [`${count(stores.size, "store")} (${few([...stores])})`] : []),
    ...(released.length > 0 ? [`${count(released.length, "product")} (${few(released)})`] : []),
  ];
  return `first deploy of ${environment}: ${made.join(", ")}; ${count(changes.length, "resource")} added, nothing else`;
}

/** What stops everything when it goes, and is said so. */
const SAID_WITH_THE_HOST = ["server", "public address"];

/** Losses come worst first, and so do their clauses. */
const lossClauses = (losses: readonly Loss[]): string[] =>
  [...new Set(losses.map(({ replaced }) => replaced))].flatMap((replaced) => {
    const own = losses.filter((loss) => loss.replaced === replaced && !SAID_WITH_THE_HOST.includes(loss.what));
    if (own.length === 0) return [];
    const [{ what: kind, address, name } = own[0]!] = own;
    const named = name === undefined ? address : `${address} (${name})`;
    const what = own.length === 1 ? `the ${kind} ${named}` : counts(own.map((loss) => loss.what));
    return [`${what} ${own.length === 1 ? "is" : "are"} ${replaced ? "replaced" : "destroyed"}`];
  });

/** What stops everything. */
function hostClauses({ interruptions }: Found): string[] {
  const clauses = interruptions
    .filter(({ who, noticed }) => noticed && who === "everything")
    .map(({ what, howLong }) => `${what}: everything is down${howLong === "for good" ? " for good" : ` (${howLong})`}`);
  return [...new Set(clauses)];
}

/** Products to which the same happens are said together. */
function productClauses(products: readonly ProductReview[]): string[] {
  const same = new Map<string, string[]>();
  // What is forgotten is said of all parts at once.
  const isForgotten = ({ change }: ResourceChange): boolean => actionOf(change) === "forget";
  for (const product of products.filter(({ changes }) => !changes.every(isForgotten))) {
    const clause = productClause(product);
    same.set(clause, [...(same.get(clause) ?? []), product.product]);
  }
  return [...same].map(([clause, names]) => `${few(names)}: ${clause}`);
}

/** "green v1.6.0 arrives, traffic stays on blue v1.5.2; 3 containers added, a migration runs" */
function productClause(product: ProductReview): string {
  const { before, after } = product;
  const arriving = COLOURS.filter((colour) => arrives(product, colour) && before !== undefined);
  const leaving = COLOURS.filter((colour) => leaves(product, colour) && after !== undefined);
  const sets = [
    ...arriving.map((colour) => `${setName(colour, after)} arrives`),
    ...leaving.map((colour) => `${setName(colour, before)} goes`),
  ];
  const moves = isMoved(product) || before === undefined || after === undefined;
  const first = [...sets, ...(moves || sets.length > 0 ? [trafficClause(product)] : [])].join(", ");
  const rest = [...COLOURS.flatMap((colour) => setClauses(product, colour)), ...migrationClause(product)];
  if (first === "" && rest.length === 0) return quietClause(product);
  return [first, rest.join(", ")].filter((part) => part !== "").join("; ");
}

/** What is neither a container that serves, nor a migration, nor the traffic. */
function quietClause({ product, changes }: ProductReview): string {
  if (changes.every(({ name }) => name === `${product}_switch_job`))
    return "its routing is written anew, the traffic stays";
  // The job in the store that makes it has the store's name first.
  if (changes.every(({ name }) => !name.startsWith(`${product}_`))) return "its database changes";
  const addresses = changes.map(({ address }) => address);
  return `${few(addresses)} ${addresses.length === 1 ? "changes" : "change"}, the traffic stays`;
}

const arrives = ({ sets }: ProductReview, colour: Colour): boolean =>
  sets[colour].create.length > 0 &&
  sets[colour].keep.length + sets[colour].update.length + replacedOf(sets[colour]).length === 0;

const leaves = ({ sets }: ProductReview, colour: Colour): boolean =>
  sets[colour].delete.length > 0 &&
  sets[colour].keep.length + sets[colour].update.length + replacedOf(sets[colour]).length === 0;

const replacedOf = (set: ProductReview["sets"][Colour]): readonly string[] => [
  ...set["replace-new-first"],
  ...set["replace-old-first"],
];

function setClauses(product: ProductReview, colour: Colour): string[] {
  const set = product.sets[colour];
  const { before, after } = product;
  const serving = isServing(product, colour);
  const name = `${serving ? "the live " : "the idle "}${setName(colour, after, before)}`;
  const missing = isMissing(set);
  return [
    ...(missing.length > 0 ? [`${few(missing)} of ${name} ${are(missing)} missing and made again`] : []),
    ...(set.create.length > 0 && missing.length === 0 ? [`${count(set.create.length, "container")} added`] : []),
    ...(set["replace-new-first"].length > 0
      ? [`${few(set["replace-new-first"])} of ${name} ${are(set["replace-new-first"])} replaced, the successor first`]
      : []),
    ...(set["replace-old-first"].length > 0
      ? [
          `${few(set["replace-old-first"])} of ${name} ${are(set["replace-old-first"])} replaced, stopped before the successor starts`,
        ]
      : []),
    ...(set.update.length > 0
      ? [`${few(set.update)} of ${name} ${set.update.length === 1 ? "changes" : "change"} in place`]
      : []),
    ...(set.delete.length > 0 ? [`${count(set.delete.length, "container")} removed`] : []),
  ];
}

const are = (words: readonly string[]): string => (words.length === 1 ? "is" : "are");

const migrationClause = ({ migrations, before }: ProductReview): string[] =>
  migrations.length === 0 ? [] : [before === undefined ? "its migration runs" : "a migration runs"];

/** Everything that is neither a product's nor said already; or that there is nothing else. */
function otherClauses({ changes, platform, interruptions, losses }: Found): string[] {
  const ofProduct = (change: ResourceChange): boolean => "product" in partOf(change, platform);
  const unseen = new Set(changes.filter((change) => !ofProduct(change)).map(({ address }) => address));
  const said = new Set(
    [...interruptions.filter(({ noticed }) => noticed), ...losses]
      .map(({ address }) => address)
      .filter((address) => unseen.has(address)),
  );
  const stores = interruptions
    .filter(({ who, noticed }) => noticed && who !== "everything")
    .filter(
      ({ address }) =>
        partOf(
          changes.find((each) => each.address === address)!,
          platform,
        ).kind === "store",
    )
    .map(({ what, who, howLong }) => `${what} (${who}: ${howLong})`);
  const others = changes.filter((change) => !ofProduct(change) && !said.has(change.address));
  const forgotten = others.some(({ change }) => actionOf(change) === "forget");
  const kinds = ["create", "update", "replace", "delete"] as const;
  const words = {
    create: "added",
    update: "changed",
    replace: "replaced",
    delete: "removed",
  };
  const clauses = kinds.flatMap((kind) => {
    const own = others.filter(({ change }) => {
      const action = actionOf(change);
      return kind === "replace" ? isReplaced(action) : action === kind;
    });
    if (own.length === 0) return [];
    const names =
      own.length <= 3 ? own.map(({ address }) => address).join(", ") : counts(own.map(({ type }) => wordFor(type)));
    return [`${names} ${words[kind]}`];
  });
  if (clauses.length > 0) return [...stores, clauses.join(", ")];
  return [...stores, ...(stores.length === 0 && said.size === 0 && !forgotten ? ["nothing else"] : [])];
}

const wordFor = (type: string): string => type.replace(/^(docker|hcloud|cloudflare)_/, "").replaceAll("_", " ");

function driftClause(drift: readonly Drift[]): string | undefined {
  if (drift.length === 0) return undefined;
  const gone = drift.filter((each) => each.gone).map(({ address }) => address);
  const other = drift.filter((each) => !each.gone).map(({ address }) => address);
  const parts = [
    ...(gone.length > 0 ? [`${few(gone)} ${are(gone)} gone`] : []),
    ...(other.length > 0 ? [`${few(other)} ${other.length === 1 ? "was" : "were"} changed`] : []),
  ];
  return `drift: outside of Terraform ${parts.join(", ")}`;
}
