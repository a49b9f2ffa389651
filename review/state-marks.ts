/** What a state's own file (format 4) marks as sensitive. */
import { leaves } from "./marks";

interface Step {
  readonly value?: unknown;
}

interface StateFile {
  readonly outputs?: Readonly<Record<string, { readonly value?: unknown; readonly sensitive?: boolean }>>;
  readonly resources?: readonly {
    readonly instances?: readonly {
      readonly attributes?: unknown;
      readonly sensitive_attributes?: readonly (readonly Step[])[];
    }[];
  }[];
}

/**
 * Each text at a mark, however deep. A file that is no JSON is an encrypted one and tells nothing.
 *
 * @param stack its text, which everybody may read: of a list that is marked as a whole, what stands there is no secret
 */
export function markedInState(text: string, stack: string): string[] {
  const state = parsed(text);
  const outputs = Object.values(state.outputs ?? {}).filter(({ sensitive }) => sensitive !== false);
  const instances = (state.resources ?? []).flatMap((resource) => resource.instances ?? []);
  const attributes = instances.flatMap(({ attributes: values, sensitive_attributes: paths }) =>
    (paths ?? []).map((path) => at(values, path)),
  );
  const found = [...outputs.map(({ value }) => value), ...attributes];
  return found.flatMap((value) => {
    const alone = typeof value !== "object" || value === null;
    return leaves(value, false).filter((leaf) => alone || !stack.includes(JSON.stringify(leaf)));
  });
}

function parsed(text: string): StateFile {
  try {
    return JSON.parse(text) as StateFile;
  } catch {
    return {};
  }
}

/** What is at a path. What it does not lead to (an element of a set) is looked for in the whole of what is around it. */
function at(value: unknown, path: readonly Step[]): unknown {
  let found = value;
  for (const { value: step } of path) {
    if (typeof found !== "object" || found === null) return found;
    const key = typeof step === "object" && step !== null ? (step as Step).value : step;
    if (typeof key !== "string" && typeof key !== "number") return found;
    if (!(key in found)) return found;
    found = (found as Record<string | number, unknown>)[key];
  }
  return found;
}
