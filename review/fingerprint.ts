/**
 * One short text for what a plan would do: for the plan, and for the text that it was made of. Two plans that do the same
 * have the same one, whenever and wherever they were made. All of both is in it but what is named here as left out, so that
 * what nobody has thought of makes another one (docs/adr/0009).
 */
import { scryptSync } from "node:crypto";
import { isEffective, type Plan, type ResourceChange } from "../terraform/plan";
import type { PlanSource } from "../terraform/plan-source";
import {
  attributeChanges,
  type Configured,
  configuredIn,
  freshEnd,
  hasMark,
  withoutEmpty,
  withoutIndex,
} from "./attributes";
import { configurationOf } from "./configuration";

/** Hex digits: 64 bits, so that nobody finds two plans for one of them. */
const LENGTH = 16;

/**
 * Parts of a plan's JSON that are otherwise in each plan of one and the same change, or that follow from the rest of it.
 * Key → why it is left out.
 */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  timestamp: "each plan has its own; ends of names that are made of it (`freshName`) are left out, too",
  format_version: "the JSON's own, not the plan's",
  terraform_version: "two computers may have two; the stack says which may be used",
  prior_state: "what a look at the host has filled in differs with each look; of data sources it is taken",
  planned_values: "all of it is in resource_changes and output_changes",
  resource_drift: "what comes of it is in resource_changes",
  relevant_attributes: "what of the drift mattered for resource_changes",
};

/**
 * Secret values are part of it, so that a plan with another secret is another plan. That it is made slowly (scrypt, about
 * 0.05 s) keeps people from trying out what a weak one may be.
 *
 * @param source of the plan. @default a plan in JSON, without one: then lifecycle is not in it, and it is never that of a
 *   plan with its source
 */
export function fingerprint(plan: Plan, source?: PlanSource): string {
  const text = JSON.stringify(normalized(plan, source));
  return scryptSync(text, "twinset plan 2", LENGTH / 2, { N: 2 ** 14 }).toString("hex");
}

/** What the fingerprint is made of. It holds secrets. */
export function normalized(plan: Plan, source?: PlanSource): unknown {
  const configured = configuredIn(plan);
  const { resource_changes: changes, output_changes: outputs, configuration, ...rest } = plan;
  const known = Object.entries(rest).filter(([key]) => !(key in LEFT_OUT));
  const all = ordered({
    ...Object.fromEntries(known),
    changes: changes
      .filter(isPartOfIt)
      .map((change) => normalizedChange(change, configured))
      .sort((a, b) => (a.key < b.key ? -1 : 1)),
    outputs: Object.entries(outputs ?? {}).map(([name, { before: _, before_sensitive: __, ...change }]) => [
      name,
      change,
    ]),
    configuration: askingTheEngine(ordered(configuration)),
    read: dataIn(plan.prior_state),
    source: source ? askingTheEngine(sourceOf(source)) : "unknown",
  });
  const end = freshEnd(plan);
  const text = JSON.stringify(all);
  return JSON.parse(end === undefined ? text : text.replaceAll(`-${end}`, "-<new>"));
}

function sourceOf(source: PlanSource): unknown {
  const { blocks, others, providers, locked = {} } = configurationOf(source);
  // A plugin decides what runs. Without a lock each computer notes its own, and two could never agree on one plan.
  const plugins = Object.keys(locked).length > 0 ? { locked: ordered(locked) } : {};
  return { blocks: Object.fromEntries(blocks), others: Object.fromEntries(others), providers, ...plugins };
}

/**
 * A plan that is made without a look at the host has this one more setting of the docker provider (`withoutEngine`), which
 * has nothing to do with what it applies.
 */
const askingTheEngine = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value ?? null, (key, inner: unknown) => (key === "disable_docker_daemon_check" ? undefined : inner)),
  );

/** Something is done to it, now or by the apply's own look, or it is another resource from then on. */
const isPartOfIt = (resource: ResourceChange): boolean =>
  isEffective(resource) ||
  resource.change.actions.includes("read") ||
  resource.previous_address !== undefined ||
  (resource.change.importing ?? undefined) !== undefined;

function normalizedChange(resource: ResourceChange, configured: Configured): { readonly key: string } {
  const { change, ...about } = resource;
  const { before, after: _, after_unknown: __, before_sensitive: ___, after_sensitive: marks, ...how } = change;
  const key = [resource.address, resource.deposed ?? "", change.actions.join()].join("|");
  // Of what goes only matters what it is: what a provider reads back of the rest differs with each look.
  if (change.actions.join() === "delete") {
    const { id, name } = before ?? {};
    return { key, ...about, ...{ how, id, name } };
  }
  const expressions = configured.get(withoutIndex(resource.address))?.expressions ?? {};
  const attributes = attributeChanges(resource, configured).map(({ name, before: was, after, unknown }) => [
    name,
    withoutEmpty(was),
    exactly(after, expressions[name]),
    unknown,
  ]);
  return { key, ...about, ...{ how, attributes, secret: marked(marks) } };
}

/** Names of attributes with something in them that must not be shown. */
const marked = (marks: unknown): unknown =>
  typeof marks === "object" && marks !== null
    ? Object.entries(marks).flatMap(([name, mark]) => (hasMark(mark) ? [name] : []))
    : marks;

/**
 * A value as it is where the stack's text says it, and without what means nothing where a provider fills it in: it reads
 * back `0` where `null` was planned.
 */
function exactly(value: unknown, expression: unknown): unknown {
  if (expression === undefined || value === undefined) return withoutEmpty(value);
  const blocks = blocksIn(expression);
  if (!blocks) return value;
  if (Array.isArray(value)) return value.map((one: unknown) => exactlyIn(one, blocks));
  return exactlyIn(value, blocks);
}

/** @param blocks the text of all blocks of this kind: a set of them comes in another order than they are written */
function exactlyIn(value: unknown, blocks: readonly Record<string, unknown>[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]): [string, unknown] => {
    const texts = blocks.map((block) => block[name]);
    const said = texts.every((text) => text !== undefined);
    return [name, said ? exactly(inner, texts.flat()) : withoutEmpty(inner)];
  });
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
}

/** The blocks of an expression that is none itself: nested blocks have expressions of their own. */
function blocksIn(expression: unknown): readonly Record<string, unknown>[] | undefined {
  const all = (Array.isArray(expression) ? expression : [expression]) as unknown[];
  const isBlock = (one: unknown): one is Record<string, unknown> =>
    typeof one === "object" && one !== null && !("constant_value" in one) && !("references" in one);
  const blocks = all.filter(isBlock).filter((block) => Object.keys(block).length > 0);
  return blocks.length === all.length && all.length > 0 ? blocks : undefined;
}

/** What data sources said while it was planned, whatever module they are in. */
function dataIn(state: unknown): unknown[] {
  if (typeof state !== "object" || state === null) return [];
  const { mode, address, values } = state as { mode?: string; address?: string; values?: unknown };
  if (mode === "data") return [[address, values]];
  return Object.values(state)
    .filter((inner) => typeof inner === "object" && inner !== null)
    .flatMap(dataIn)
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** The same whatever the order of its keys. */
function ordered<T>(value: T): T {
  if (Array.isArray(value)) return value.map(ordered) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, ordered(inner)])) as T;
}
