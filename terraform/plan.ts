/** The part of `terraform show -json` that is read here. */
export interface Plan {
  readonly resource_changes: readonly {
    readonly address: string;
    readonly mode: string;
    readonly type: string;
    readonly name: string;
    readonly change: { readonly actions: readonly string[] };
  }[];
  readonly variables?: Readonly<Record<string, { readonly value?: unknown }>>;
}
