import { z } from "zod";

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

const fileSchema = z.object({
  version: z.literal(4),
  resources: z.array(
    z.object({
      mode: z.string(),
      module: z.string().optional(),
      type: z.string(),
      name: z.string(),
      instances: z
        .array(
          z.object({
            index_key: z.union([z.string(), z.number()]).optional(),
            status: z.string().optional(),
            deposed: z.string().optional(),
            attributes: z.record(z.string(), z.unknown()).nullish(),
          }),
        )
        .default([]),
    }),
  ),
});

/**
 * The same from a state's own file (format 4), without Terraform: that starts every plugin for it, which takes a second.
 * @returns undefined: it is none that can be read so, e.g. an encrypted one
 */
export function resourcesInFile(text: string): readonly StateResource[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { data } = fileSchema.safeParse(value);
  return data?.resources.flatMap(({ mode, module, type, name, instances }) =>
    mode !== "managed" || module !== undefined
      ? []
      : instances.map(({ index_key: key, status, deposed, attributes }) => ({
          address: `${type}.${name}${key === undefined ? "" : `[${JSON.stringify(key)}]`}`,
          ...{ type, name },
          ...(status === "tainted" ? { tainted: true } : {}),
          ...(deposed === undefined ? {} : { deposed_key: deposed }),
          values: attributes ?? {},
        })),
  );
}
