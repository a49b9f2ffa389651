/** The part of `terraform show -json <plan>` that is read here. */
export interface Plan {
  readonly format_version?: string;
  /** When it was planned, RFC 3339: what `plantimestamp()` gives in this plan. */
  readonly timestamp?: string;
  readonly resource_changes: readonly ResourceChange[];
  /** What was found to be otherwise than the state says. */
  readonly resource_drift?: readonly ResourceChange[];
  readonly output_changes?: Readonly<Record<string, Change<unknown>>>;
  /** False: with it applied, not everything would be as the stack says (-target, or changes that are put off). OpenTofu does not say it. */
  readonly complete?: boolean;
  /** False: there is nothing that an apply would do, or Terraform refuses to apply it. */
  readonly applyable?: boolean;
  readonly errored?: boolean;
  /** Conditions of resources, outputs, check blocks and variables. */
  readonly checks?: readonly CheckResult[] | null;
  /** Terraform 1.8 and newer, as an experiment. */
  readonly deferred_changes?: readonly { readonly reason?: string; readonly resource_change: ResourceChange }[] | null;
  /** Terraform 1.14 and newer. */
  readonly action_invocations?: readonly ActionInvocation[] | null;
  readonly deferred_action_invocations?:
    readonly { readonly reason?: string; readonly action_invocation: ActionInvocation }[] | null;
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

export interface CheckResult {
  readonly address: { readonly to_display: string; readonly kind?: string; readonly module?: string };
  /** "pass", "fail", "error" or "unknown". */
  readonly status: string;
  readonly instances?: readonly { readonly problems?: readonly { readonly message?: string }[] | null }[] | null;
}

/** An action of a provider that is run, which is no resource and of which a plan does not say what it does. */
export interface ActionInvocation {
  readonly address: string;
  /** What of a resource it is run with. */
  readonly lifecycle_action_trigger?: {
    readonly triggering_resource_address?: string;
    readonly action_trigger_event?: string;
  };
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
  /** It is there already, and is taken into the state. */
  readonly importing?: { readonly id?: string; readonly unknown?: boolean; readonly identity?: unknown } | null;
  /** What forces the replacement: paths into the attributes. */
  readonly replace_paths?: readonly (readonly (string | number)[])[];
}

/** Does it do something: neither "no-op" nor "read"? */
export const isEffective = ({ change }: ResourceChange): boolean =>
  change.actions.some((action) => action !== "no-op" && action !== "read");

/** Changes that do something. */
export const effective = (plan: Plan): ResourceChange[] => plan.resource_changes.filter(isEffective);
