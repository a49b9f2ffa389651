/** The part of cdk.tf.json that is read here. */
export interface StackConfig {
  readonly terraform: {
    /** Kind of the state store → its settings. */
    readonly backend?: Readonly<Record<string, { readonly key?: string; readonly path?: string }>>;
    readonly required_providers?: Readonly<Record<string, { readonly source: string; readonly version: string }>>;
  };
  readonly variable?: Readonly<Record<string, { readonly type?: string; readonly default?: unknown }>>;
  readonly resource?: Readonly<Record<string, Readonly<Record<string, ResourceConfig>>>>;
}

export interface ResourceConfig {
  readonly for_each?: unknown;
  readonly count?: unknown;
}

/** Resources that the stack's text has, whatever their `for_each` makes of them. */
export const resourceCount = ({ resource }: StackConfig): number =>
  Object.values(resource ?? {}).reduce((sum, named) => sum + Object.keys(named).length, 0);
