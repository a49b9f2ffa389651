/** The part of `terraform show -json` that is read here: what the state knows. */
export interface State {
  readonly values?: { readonly root_module?: { readonly resources?: readonly StateResource[] } };
}

export interface StateResource {
  readonly address: string;
  readonly type: string;
  readonly name: string;
  /** A resource whose creation failed; the next apply replaces it. */
  readonly tainted?: boolean;
  /** Set on an object whose replacement stands already and that still has to go. */
  readonly deposed_key?: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export const resourcesIn = (state: State): readonly StateResource[] => state.values?.root_module?.resources ?? [];
