/** The part of `terraform show -json <plan>` that is read here. */
export interface Plan {
  readonly resource_changes: readonly ResourceChange[];
  readonly variables?: Readonly<Record<string, { readonly value?: unknown }>>;
}

export interface ResourceChange {
  readonly address: string;
  readonly mode: string;
  readonly type: string;
  readonly name: string;
  readonly change: {
    readonly actions: readonly string[];
    readonly before?: Readonly<Record<string, unknown>> | null;
    readonly after?: Readonly<Record<string, unknown>> | null;
  };
}

/** Changes that do something: neither "no-op" nor "read". */
export const effective = (plan: Plan): ResourceChange[] =>
  plan.resource_changes.filter(({ change }) => change.actions.some((action) => !["no-op", "read"].includes(action)));
