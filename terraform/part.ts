/**
 * The part of a stack that one resource needs: itself, what it refers to, what that refers to, and the providers of these.
 * It is what `terraform plan -target` would look at. As a stack of its own, with the same part of the state, it is planned
 * in a fraction of the time, since neither the other providers' schemas have to be read nor everything else of the state
 * (docs/adr/0012). Nothing is ever applied of it.
 */

type Json = Readonly<Record<string, unknown>>;
/** Type → name → what it says. */
type Blocks = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface Part {
  /** cdk.tf.json's content, with a state in a file beside it. */
  readonly config: Json;
  /** That state's content. */
  readonly state: Json;
}

/** What a stack of ours consists of; with anything else in it nobody can say what a resource needs. */
const KNOWN = new Set(["//", "terraform", "provider", "variable", "locals", "output", "data", "resource"]);

/**
 * @param stack cdk.tf.json's content
 * @param stateText the state's own file (format 4)
 * @param address of the resource: "docker_container.chat_switch_job"
 * @returns undefined where no part can be made: the resource is not in the stack, or one of the two has what is not known here
 */
export function partOf(stack: Json, stateText: string, address: string): Part | undefined {
  const state = parsed(stateText);
  if (!state || state["version"] !== 4 || !Array.isArray(state["resources"])) return undefined;
  if (Object.keys(stack).some((block) => !KNOWN.has(block))) return undefined;
  const needed = neededBy(stack, address);
  if (!needed) return undefined;
  const isNeeded = (kind: string, name: string): boolean => needed.has(`${kind}.${name}`);
  const resources = kept((stack["resource"] ?? {}) as Blocks, isNeeded);
  const data = kept((stack["data"] ?? {}) as Blocks, (type, name) => isNeeded(`data.${type}`, name));
  const providers = new Set(
    [resources, data].flatMap((blocks) =>
      Object.entries(blocks).flatMap(([type, named]) => Object.values(named).map((block) => providerOf(type, block))),
    ),
  );
  const only = (all: unknown, isKept: (name: string) => boolean): Json =>
    Object.fromEntries(Object.entries((all ?? {}) as Json).filter(([name]) => isKept(name)));
  const { required_providers: required } = (stack["terraform"] ?? {}) as Json;
  return {
    config: {
      terraform: { required_providers: only(required, (name) => providers.has(name)) },
      provider: only(stack["provider"], (name) => providers.has(name)),
      variable: only(stack["variable"], (name) => isNeeded("var", name)),
      locals: only(stack["locals"], (name) => isNeeded("local", name)),
      ...(Object.keys(data).length > 0 ? { data } : {}),
      resource: resources,
    },
    state: {
      ...state,
      outputs: {},
      resources: (state["resources"] as StateEntry[]).filter(
        ({ mode, module, type, name }) =>
          module === undefined && isNeeded(mode === "data" ? `data.${type}` : type, name),
      ),
    },
  };
}

interface StateEntry {
  readonly mode: string;
  readonly module?: string;
  readonly type: string;
  readonly name: string;
}

/** "hcloud_server" is one of hcloud's, if nothing else is said; Terraform's own have a provider that no stack names. */
function providerOf(type: string, block: unknown): string {
  const { provider } = (block ?? {}) as { readonly provider?: unknown };
  return typeof provider === "string" ? provider.split(".")[0]! : type.split("_")[0]!;
}

/** What a text may refer to: "docker_image.edge_image", "data.hcloud_image.debian", "var.token", "local.prefix". */
const REFERENCE = /\b(?:data\.)?[a-z][a-z0-9_]*\.[A-Za-z_][A-Za-z0-9_-]*/g;

/** Names more than is meant where a text only looks like a reference: that makes the part larger, and never wrong. */
function neededBy(stack: Json, address: string): ReadonlySet<string> | undefined {
  const blocks = new Map<string, unknown>();
  const add = (prefix: string, all: unknown): void => {
    for (const [name, block] of Object.entries((all ?? {}) as Json)) blocks.set(`${prefix}${name}`, block);
  };
  for (const [type, named] of Object.entries((stack["resource"] ?? {}) as Blocks)) add(`${type}.`, named);
  for (const [type, named] of Object.entries((stack["data"] ?? {}) as Blocks)) add(`data.${type}.`, named);
  add("var.", stack["variable"]);
  add("local.", stack["locals"]);
  if (!blocks.has(address)) return undefined;
  const needed = new Set<string>();
  const due = [address];
  const providers = (stack["provider"] ?? {}) as Json;
  for (let next = due.pop(); next !== undefined; next = due.pop()) {
    if (needed.has(next)) continue;
    needed.add(next);
    const type = next.replace(/^data\./, "").split(".")[0]!;
    const block = blocks.get(next);
    const texts = textsIn([block, providers[providerOf(type, block)]]);
    due.push(...texts.flatMap((text) => text.match(REFERENCE) ?? []).filter((name) => blocks.has(name)));
  }
  return needed;
}

/** All strings in a value, names of attributes among them. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => [name, ...textsIn(each)]);
}

const kept = (blocks: Blocks, isKept: (type: string, name: string) => boolean): Blocks =>
  Object.fromEntries(
    Object.entries(blocks).flatMap(([type, named]) => {
      const left = Object.entries(named).filter(([name]) => isKept(type, name));
      return left.length > 0 ? [[type, Object.fromEntries(left)]] : [];
    }),
  );

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
