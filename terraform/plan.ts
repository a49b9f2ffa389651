/** The part of `terraform show -json <plan>` that is read here. */
export interface Plan {
  readonly format_version?: string;
  /** When it was planned, RFC 3339: what `plantimestamp()` gives in this plan. */
  readonly timestamp?: string;
  readonly resource_changes: readonly ResourceChange[];
  /** What was found to be otherwise than the state says. */
  readonly resource_drift?: readonly ResourceChange[];
  readonly output_changes?: Readonly<Record<string, Change<unknown>>>;
  readonly variables?: Readonly<Record<string, { readonly value?: unknown }>>;
  readonly prior_state?: unknown;
  readonly planned_values?: unknown;
  readonly configuration?: { readonly root_module?: ConfiguredModule };
}

/** A module as the stack has it. */
export interface ConfiguredModule {
  readonly resources?: readonly ConfiguredResource[];
  readonly variables?: Readonly<Record<string, { readonly sensitive?: boolean }>>;
  readonly module_calls?: Readonly<Record<string, { readonly module?: ConfiguredModule }>>;
}

/** A resource as the stack has it. cdktf's JSON leaves every expression as its text in `constant_value`. */
export interface ConfiguredResource {
  readonly address: string;
  readonly expressions?: Readonly<Record<string, unknown>>;
}

export interface ResourceChange {
  readonly address: string;
  readonly mode: string;
  readonly type: string;
  readonly name: string;
  /** The object whose replacement stands already and that still has to go. */
  readonly deposed?: string;
  /** Where it was before it was moved in the stack. */
  readonly previous_address?: string;
  readonly action_reason?: string;
  readonly change: Change<Readonly<Record<string, unknown>>>;
}

export interface Change<T> {
  readonly actions: readonly string[];
  readonly before?: T | null;
  readonly after?: T | null;
  /** Of the same shape, with `true` at what only the apply will tell. */
  readonly after_unknown?: unknown;
  /** Of the same shape, with `true` at what must not be shown. */
  readonly before_sensitive?: unknown;
  readonly after_sensitive?: unknown;
  /** What forces the replacement: paths into the attributes. */
  readonly replace_paths?: readonly (readonly (string | number)[])[];
  /** It is there already, and is taken into the state. */
  readonly importing?: unknown;
}

/** Does it do something: neither "no-op" nor "read"? */
export const isEffective = ({ change }: ResourceChange): boolean =>
  change.actions.some((action) => action !== "no-op" && action !== "read");

/** Changes that do something. */
export const effective = (plan: Plan): ResourceChange[] => plan.resource_changes.filter(isEffective);
