/** One change in words: what it is, and which of its attributes become what. Nothing sensitive is in them. */
import type { Platform } from "../model/platform";
import type { Plan, ResourceChange } from "../terraform/plan";
import { type AttributeChange, attributeChanges, configuredIn, withoutEmpty } from "./attributes";
import { type Action, actionOf, isJob, labelOf } from "./parts";

export interface Detail {
  readonly address: string;
  readonly action: Action;
  /** "+", "-", "~", "±" or "∓", which is "±" with the old one first. */
  readonly sign: string;
  /** "v1.6.0, 1.0 CPU, 512 MiB", or why it is replaced. */
  readonly note: string;
  readonly attributes: readonly ShownAttribute[];
}

export interface ShownAttribute {
  readonly name: string;
  /** "256 → 512", "(sensitive)", "2 of 5 variables: LOG_LEVEL, SMTP_HOST". */
  readonly text: string;
  readonly forces: boolean;
}

export const SIGNS: Readonly<Record<Action, string>> = {
  create: "+",
  delete: "-",
  update: "~",
  forget: "✕",
  "replace-new-first": "±",
  "replace-old-first": "∓",
  "replace-and-forget": "+✕",
};

/** Attributes that differ with each plan, or that say what others say already. */
const NOISE = new Set(["name", "memory_swap", "upload"]);
/** Longer texts are counted, not shown. */
const LONGEST = 120;

export function detailsOf(changes: readonly ResourceChange[], plan: Plan, platform: Platform): Detail[] {
  const configured = configuredIn(plan);
  return changes.map((resource): Detail => {
    const { address, change } = resource;
    const action = actionOf(change);
    const attributes =
      action === "create" || action === "delete" || action === "forget"
        ? []
        : attributeChanges(resource, configured)
            .filter(({ name, forces, unknown }) => !NOISE.has(name) || (forces && !unknown && name !== "upload"))
            .filter(({ unknown, forces }) => !unknown || forces)
            .flatMap((attribute) => show(attribute, resource, platform));
    const deposed = resource.deposed === undefined ? "" : "left over from a replacement that did not end; ";
    return { address, action, sign: SIGNS[action], note: `${deposed}${noteOf(resource, platform)}`, attributes };
  });
}

/** What a container or an image is, in few words. */
function noteOf(resource: ResourceChange, platform: Platform): string {
  const { type, change } = resource;
  const values = change.after ?? change.before ?? {};
  const why = REASONS[resource.action_reason ?? ""];
  if (type === "cloudflare_dns_record") {
    const way = values["proxied"] === true ? "by Cloudflare's proxies" : "directly";
    return `${String(values["type"] ?? "")} ${String(values["name"] ?? "")}, ${way}`.trim();
  }
  if (type === "docker_image") return String(values["name"] ?? "");
  if (type === "docker_container") {
    const version = labelOf(values, "version", platform.labelPrefix);
    const known = [
      ...(version === undefined ? [] : [version]),
      ...(isJob(resource) ? ["runs once"] : [`${amount(values["cpus"])} CPU`, `${amount(values["memory"])} MiB`]),
    ];
    return [...known, ...(why === undefined ? [] : [why])].join(", ");
  }
  return why ?? "";
}

/** A number, whether the provider has it as one or as a text; one that is not to be shown stays as it is masked. */
const amount = (value: unknown): string => {
  const number = Number(value ?? 0);
  return Number.isNaN(number) ? String(value) : String(number);
};

/** Terraform's reasons that say more than the change itself does. */
const REASONS: Readonly<Record<string, string>> = {
  replace_because_tainted: "its creation failed last time",
  replace_by_request: "replaced by request",
  replace_by_triggers: "replaced with what it is on",
  delete_because_no_resource_config: "",
};

/** @returns none for an attribute of which nothing is worth saying */
function show(attribute: AttributeChange, resource: ResourceChange, platform: Platform): ShownAttribute[] {
  const { name, before, after, unknown, sensitive, forces } = attribute;
  const line = (text: string, of = name): ShownAttribute => ({ name: of, text, forces });
  if (unknown) return [line("known after the apply")];
  // The variables' names are no secret: Terraform marks all of them for the sake of one.
  if (name === "env" && resource.type === "docker_container") return [line(describeEnv(before, after))];
  if (sensitive) return [line("(sensitive)")];
  if (name === "labels" && resource.type === "docker_container") {
    return labelChanges(before, after, platform.labelPrefix).map((text) => line(text, "label"));
  }
  return differences(before, after).map((text) => line(text));
}

/** Elements of a list that are shown one by one. */
const MOST_ELEMENTS = 8;

/**
 * A value that is no secret, before and after. Of a list of blocks, as a firewall's rules are, only those that differ: in
 * front of each what becomes of it.
 */
export function differences(before: unknown, after: unknown): string[] {
  if (Array.isArray(before) && Array.isArray(after) && [...before, ...after].some(isBlock)) {
    const [was, is] = [before.map(compact), after.map(compact)];
    const lines = [
      ...was.filter((each) => !is.includes(each)).map((each) => `- ${shown(each)}`),
      ...is.filter((each) => !was.includes(each)).map((each) => `+ ${shown(each)}`),
    ];
    if (lines.length > 0 && lines.length <= MOST_ELEMENTS) return lines;
  }
  return [`${shown(before)} → ${shown(after)}`];
}

const isBlock = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);

/** A block without what is empty in it: "direction=in port=22 protocol=tcp source_ips=0.0.0.0/0". */
const compact = (block: unknown): string => {
  if (!isBlock(block)) return typeof block === "string" ? block : JSON.stringify(block);
  return Object.entries((withoutEmpty(block) ?? {}) as Record<string, unknown>)
    .map(([name, value]) => `${name}=${isBlock(value) ? JSON.stringify(value) : String(value)}`)
    .join(" ");
};

/** A value that is no secret, if it is short; else how long it is. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return "none";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text === "") return "empty";
  return text.length <= LONGEST && !text.includes("\n") ? text : `${text.length} characters`;
}

/** Which environment variables differ, by name. */
function describeEnv(before: unknown, after: unknown): string {
  const [was, is] = [variables(before), variables(after)];
  const changed = [...new Set([...was.keys(), ...is.keys()])].filter((name) => was.get(name) !== is.get(name)).sort();
  return changed.length === 0 ? "the same variables" : changed.join(", ");
}

function variables(value: unknown): Map<string, string> {
  const entries = Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
  return new Map(
    entries.flatMap((entry): [string, string][] => {
      const name = /^([A-Za-z_][A-Za-z0-9_]*)=/.exec(entry)?.[1];
      return name === undefined ? [] : [[name, entry]];
    }),
  );
}

/** "release.live blue → green" */
function labelChanges(before: unknown, after: unknown, prefix: string): string[] {
  const [was, is] = [labels(before, prefix), labels(after, prefix)];
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((name) => was.get(name) !== is.get(name) && name !== "settings")
    .map((name) => `${name} ${shown(was.get(name))} → ${shown(is.get(name))}`);
}

const labels = (value: unknown, prefix: string): Map<string, string> =>
  new Map(
    (Array.isArray(value) ? (value as { label?: string; value?: string }[]) : []).map((each) => [
      (each.label ?? "").replace(`${prefix}.`, ""),
      each.value ?? "",
    ]),
  );
