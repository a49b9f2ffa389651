/** What of an environment a resource is: read from the name that the stack gives it. */
import { COLOURS, type Colour } from "../model/release";
import type { Platform } from "../model/platform";
import { ownerOf } from "../release/guard";
import type { Change, Plan, ResourceChange } from "../terraform/plan";

export type Part =
  /** A container of a set, its image or its migration. */
  | {
      readonly kind: "set";
      readonly product: string;
      readonly colour: Colour;
      readonly role: string;
      readonly is: "container" | "image" | "migration";
    }
  | { readonly kind: "switch"; readonly product: string }
  /** A product's database in the platform's own PostgreSQL. */
  | { readonly kind: "database"; readonly product: string }
  | { readonly kind: "store"; readonly store: string }
  | { readonly kind: "edge" | "monitoring" | "host" | "names" | "zone" | "network" | "other" };

/** Reads a resource's part from its type and name. */
export function partOf({ type, name }: Pick<ResourceChange, "type" | "name">, platform: Platform): Part {
  if (/^hcloud_|^terraform_data$/.test(type)) return { kind: "host" };
  if (/^cloudflare_dns_record$/.test(type)) return { kind: "names" };
  if (/^cloudflare_/.test(type)) return { kind: "zone" };
  if (type === "docker_network") return { kind: "network" };
  const products = platform.products.map((product) => product.name);
  const product = ownerOf(name, products);
  if (product !== undefined) {
    const rest = name.slice(product.length + 1);
    if (rest === "switch_job") return { kind: "switch", product };
    const colour = COLOURS.find((each) => rest.startsWith(`${each}_`));
    if (colour !== undefined) {
      const [, role, what] = /^(.*?)(?:-(image|\d+))?$/.exec(rest.slice(colour.length + 1))!;
      const is = what === "image" ? "image" : what === undefined && role === "migration" ? "migration" : "container";
      return { kind: "set", product, colour, role: role!, is };
    }
  }
  const stores = platform.stores.map((each) => each.name);
  const store = stores.find((each) => each === name) ?? ownerOf(name, stores);
  if (store !== undefined) {
    const owner = products.find((each) => name === `${store}_${each}`);
    return owner === undefined ? { kind: "store", store } : { kind: "database", product: owner };
  }
  if (/^edge($|[_-])/.test(name)) return { kind: "edge" };
  if (/^prometheus($|[_-])/.test(name)) return { kind: "monitoring" };
  return { kind: "other" };
}

export type Action =
  | "create"
  | "delete"
  | "update"
  | "replace-new-first"
  | "replace-old-first"
  /** A new one is made; the old one is left to itself, out of the state. */
  | "replace-and-forget"
  | "forget";

/** What is done to a resource, in one word. */
export function actionOf({ actions }: Pick<Change<unknown>, "actions">): Action {
  const [first, second] = actions;
  if (second === "forget") return "replace-and-forget";
  if (second !== undefined) return first === "create" ? "replace-new-first" : "replace-old-first";
  return first === "create" || first === "delete" || first === "forget" ? first : "update";
}

export const isReplaced = (action: Action): boolean => action.startsWith("replace-");
/** Is what is there destroyed? */
export const goes = (action: Action): boolean =>
  action === "delete" || action === "replace-new-first" || action === "replace-old-first";

/** A long-running container: neither an image nor a job, which runs once and ends. */
export const isService = ({ type, change }: ResourceChange): boolean =>
  type === "docker_container" && (change.after ?? change.before)?.["must_run"] !== false;

export const isJob = (resource: ResourceChange): boolean =>
  resource.type === "docker_container" && !isService(resource);

/** A label of a container before or after, without the platform's prefix. */
export function labelOf(
  values: Readonly<Record<string, unknown>> | null | undefined,
  name: string,
  prefix: string,
): string | undefined {
  const labels = values?.["labels"];
  if (!Array.isArray(labels)) return undefined;
  return (labels as { label?: string; value?: string }[]).find(({ label }) => label === `${prefix}.${name}`)?.value;
}

/** All resources of a plan, also those that nothing happens to. */
export const managed = (plan: Plan): ResourceChange[] =>
  plan.resource_changes.filter(({ mode, deposed }) => mode === "managed" && deposed === undefined);
