/**
 * One short text for what a plan would do. Two plans that do the same have the same one, whenever and wherever they were
 * made; a plan that differs in any attribute of any change has another.
 */
import { scryptSync } from "node:crypto";
import { effective, type Plan, type ResourceChange } from "../terraform/plan";
import { attributeChanges, type Configured, configuredIn, freshEnd, withoutEmpty, withoutIndex } from "./attributes";

/** Hex digits: 64 bits, so that nobody finds two plans for one of them. */
const LENGTH = 16;

/**
 * Left out is what does not change what happens: the order of the changes, the plan's time and the ends of names that
 * are made of it, what providers fill in by themselves, and what was found to be otherwise without anything coming of it.
 *
 * Secret values are part of it, so that a plan with another secret is another plan. That it is made slowly (scrypt, about
 * 0.05 s) keeps people from trying out what a weak one may be.
 */
export function fingerprint(plan: Plan): string {
  const text = JSON.stringify(normalized(plan));
  return scryptSync(text, "twinset plan 1", LENGTH / 2, { N: 2 ** 14 }).toString("hex");
}

/** What the fingerprint is made of. It holds secrets. */
export function normalized(plan: Plan): unknown {
  const configured = configuredIn(plan);
  const changes = effective(plan)
    .map((change) => normalizedChange(change, configured))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const end = freshEnd(plan);
  const text = JSON.stringify(changes);
  return JSON.parse(end === undefined ? text : text.replaceAll(`-${end}`, "-<new>"));
}

function normalizedChange(resource: ResourceChange, configured: Configured): { readonly key: string } {
  const { address, deposed, previous_address: movedFrom, change } = resource;
  const key = [address, deposed ?? "", movedFrom ?? "", change.actions.join()].join("|");
  // Of what goes only matters what it is.
  if (change.actions.join() === "delete") return { key, ...identity(change.before) };
  return {
    key,
    ...sorted({
      attributes: attributeChanges(resource, configured).map(({ name, before, after, unknown, forces }) => [
        name,
        withoutEmpty(before),
        withoutEmpty(after),
        unknown,
        forces,
      ]),
      // A value that is not known yet is what its expression says.
      text: configured.get(withoutIndex(address))?.expressions,
    }),
  };
}

function identity(before: ResourceChange["change"]["before"]): object {
  const { id, name } = before ?? {};
  return { id, name };
}

/** The same whatever the order of its keys. */
function sorted<T>(value: T): T {
  if (Array.isArray(value)) return value.map(sorted) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)])) as T;
}
