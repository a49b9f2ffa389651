/** Where a plan says that something is secret: marks of values, sensitive variables, and what Terraform had before. */
import type { Plan } from "../terraform/plan";

/** A text at a mark. */
export interface Marked {
  readonly text: string;
  /** Is the mark this text's own? Otherwise it is one of the whole that the text is in. */
  readonly alone: boolean;
}

/** A state's or a plan's resource: its values and, of the same shape, what of them is sensitive. */
interface Valued {
  readonly values?: unknown;
  readonly sensitive_values?: unknown;
}

/**
 * What has no mark where one belongs counts as marked, but for the changes of resources: a plan in which these have none is
 * refused where it is read (`parsePlan`).
 */
export function markedIn(plan: Plan): Marked[] {
  const changes = [...plan.resource_changes, ...(plan.resource_drift ?? [])].flatMap(({ change }) => [
    ...ofResource(change.before, change.before_sensitive ?? false),
    ...ofResource(change.after, change.after_sensitive ?? false),
  ]);
  const outputs = Object.values(plan.output_changes ?? {}).flatMap(({ before, after, ...marks }) => [
    ...marked(before, marks.before_sensitive ?? true),
    ...marked(after, marks.after_sensitive ?? true),
  ]);
  const states = [plan.prior_state, plan.planned_values].flatMap((state) => [
    ...valuedIn(state).flatMap(({ values, sensitive_values: mark }) => ofResource(values, mark ?? true)),
    ...outputsIn(state).flatMap(({ value, sensitive }) => marked(value, sensitive !== false)),
  ]);
  return [...changes, ...outputs, ...states, ...ofVariables(plan), ...ofModule(plan.configuration?.root_module)];
}

/** A variable that the stack does not declare as open is secret. */
function ofVariables(plan: Plan): Marked[] {
  const declared = plan.configuration?.root_module?.variables ?? {};
  return Object.entries(plan.variables ?? {}).flatMap(([name, { value }]) =>
    marked(value, declared[name] === undefined || declared[name].sensitive === true),
  );
}

/** What is read of a module in a plan's configuration. */
interface Module {
  readonly variables?: Readonly<Record<string, { readonly sensitive?: boolean; readonly default?: unknown }>>;
  readonly module_calls?: Readonly<
    Record<string, { readonly module?: Module; readonly expressions?: Readonly<Record<string, unknown>> }>
  >;
}

/** Sensitive variables' defaults, and what a module is given for its own. */
function ofModule(given: unknown): Marked[] {
  const module = (given ?? {}) as Module;
  const defaults = Object.values(module.variables ?? {}).flatMap((variable) =>
    variable.sensitive ? marked(variable.default, true) : [],
  );
  const calls = Object.values(module.module_calls ?? {}).flatMap(({ module: inner, expressions = {} }) => [
    ...Object.entries(expressions).flatMap(([name, expression]) =>
      inner?.variables?.[name]?.sensitive ? marked(constantOf(expression), true) : [],
    ),
    ...ofModule(inner),
  ]);
  return [...defaults, ...calls];
}

const constantOf = (expression: unknown): unknown =>
  typeof expression === "object" && expression !== null
    ? (expression as { constant_value?: unknown }).constant_value
    : undefined;

/** Of a resource that is marked as a whole each attribute is; their names come from the provider. */
function ofResource(values: unknown, mark: unknown): Marked[] {
  if (mark !== true || typeof values !== "object" || values === null) return marked(values, mark);
  return Object.values(values).flatMap((value) => marked(value, true));
}

/** Texts and numbers at the marks, with the keys of what is marked as a whole. */
function marked(value: unknown, mark: unknown): Marked[] {
  if (mark === true) {
    const alone = typeof value !== "object" || value === null;
    return leaves(value, false).map((text) => ({ text, alone }));
  }
  if (typeof mark !== "object" || mark === null || typeof value !== "object" || value === null) return [];
  return Object.entries(mark).flatMap(([key, inner]) =>
    marked((value as Record<string, unknown>)[key], inner as unknown),
  );
}

/** @param inBlock a block's keys are the provider's names for its attributes, and no map's */
export function leaves(value: unknown, inBlock: boolean): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "number") return [String(value)];
  if (Array.isArray(value)) return value.flatMap((each) => leaves(each, true));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    ...(inBlock && /^[a-z]+(_[a-z0-9]+)*$/.test(key) ? [] : [key]),
    ...leaves(inner, false),
  ]);
}

/** Every resource with values in a state, however deep its modules are. */
function valuedIn(value: unknown): Valued[] {
  if (typeof value !== "object" || value === null) return [];
  const own = "address" in value && "values" in value ? [value as Valued] : [];
  return [
    ...own,
    ...Object.entries(value).flatMap(([key, inner]) => (key === "values" && own[0] ? [] : valuedIn(inner))),
  ];
}

/** A state's outputs. */
function outputsIn(state: unknown): { readonly value?: unknown; readonly sensitive?: unknown }[] {
  const { outputs, values } = (state ?? {}) as { readonly outputs?: object; readonly values?: unknown };
  const own = typeof outputs === "object" && outputs !== null ? Object.values(outputs) : [];
  return [...own, ...(values ? outputsIn(values) : [])] as ReturnType<typeof outputsIn>;
}
