/** Everything in a plan that is marked as secret, so that it can be kept out of what is shown wherever else it stands. */
import { type Redact, redactor } from "../model/redact";
import type { Plan } from "../terraform/plan";

/** A state's or a plan's resource: its values and, of the same shape, what of them is sensitive. */
interface Valued {
  readonly values?: unknown;
  readonly sensitive_values?: unknown;
  readonly value?: unknown;
  readonly sensitive?: unknown;
}

/**
 * @param known secrets from elsewhere: the inputs' values
 * @returns puts *** in place of whatever the plan itself marks as sensitive, and of the values of its sensitive variables
 */
export function planRedactor(plan: Plan, known: readonly string[] = []): Redact {
  const found = new Set(known);
  const take = (value: unknown, mark: unknown): void => {
    for (const leaf of markedLeaves(value, mark)) found.add(leaf);
  };
  for (const { change } of [...plan.resource_changes, ...(plan.resource_drift ?? [])]) {
    take(change.before, change.before_sensitive);
    take(change.after, change.after_sensitive);
  }
  for (const change of Object.values(plan.output_changes ?? {})) {
    take(change.before, change.before_sensitive);
    take(change.after, change.after_sensitive);
  }
  for (const values of [plan.prior_state, plan.planned_values]) {
    for (const { values: inner, sensitive_values, value, sensitive } of valuedIn(values)) {
      take(inner, sensitive_values);
      take(value, sensitive);
    }
  }
  const variables = plan.configuration?.root_module?.variables ?? {};
  for (const [name, { value }] of Object.entries(plan.variables ?? {})) {
    if (variables[name]?.sensitive) take(value, true);
  }
  return redactor([...found].filter(tellsSomething));
}

/**
 * What an environment variable says is what is secret, not that there is one: "NODE_ENV=production" is marked like its
 * neighbours, as Terraform marks a set as a whole. Words this short and plain stand everywhere.
 */
const tellsSomething = (text: string): boolean => text.length >= 6 && !/^[A-Z][A-Z0-9_]*=[a-z0-9.]{0,12}$/.test(text);

/** Texts and numbers at the marks, and what a list of "NAME=value" has behind its names. */
function markedLeaves(value: unknown, mark: unknown): string[] {
  if (mark === true) return leaves(value);
  if (typeof mark !== "object" || mark === null || typeof value !== "object" || value === null) return [];
  return Object.entries(mark).flatMap(([key, inner]) =>
    markedLeaves((value as Record<string, unknown>)[key], inner as unknown),
  );
}

function leaves(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "number") return [String(value)];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(leaves) : [];
}

/** Every object with values in a state, however deep its modules are. */
function valuedIn(value: unknown): Valued[] {
  if (typeof value !== "object" || value === null) return [];
  const own = "sensitive_values" in value || ("value" in value && "sensitive" in value) ? [value as Valued] : [];
  return [...own, ...Object.values(value).flatMap(valuedIn)];
}
