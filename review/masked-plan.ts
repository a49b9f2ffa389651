/**
 * A plan as it may be shown. A review is made of it, so that nothing secret is in any of its words; only the fingerprint,
 * and what policies judge by, are made of the plan itself.
 *
 * In place of each secret is a mark that is another one for another secret, so that whatever changes still does. `told` puts
 * *** in place of the marks, in the words that came of them.
 */
import { eachText } from "../model/each-text";
import { MASK, type Redact, redactorOf } from "../model/redact";
import { finder } from "../model/secret-finder";
import type { Change, Plan, ResourceChange } from "../terraform/plan";
import { isBounded, secretsIn } from "./secrets";

export interface MaskedPlan {
  readonly plan: Plan;
  /** Words that came of the masked plan: without its marks. */
  readonly told: <T>(words: T) => T;
  /** A text that came of the plan itself. @param address of the resource that it is about */
  readonly hide: (text: string, address?: string) => string;
}

/** A mark is a number between two of Unicode's characters that are none, with such ones as digits: no text has any of them. */
const NUMBERED = /\ufdd0[\ufdd2-\ufde1]+\ufdd1/g;
const numbered = (number: number): string =>
  `\ufdd0${[...number.toString(16)].map((digit) => String.fromCharCode(0xfdd2 + parseInt(digit, 16))).join("")}\ufdd1`;

const made = new WeakMap<Plan, { readonly known: string; readonly masked: MaskedPlan }>();

/** @param known secrets from elsewhere: the inputs' values */
export function maskedPlan(plan: Plan, known: readonly string[] = []): MaskedPlan {
  const key = known.join("\n");
  const before = made.get(plan);
  if (before?.known === key) return before.masked;
  const masked = maskedAnew(plan, known);
  made.set(plan, { known: key, masked });
  return masked;
}

function maskedAnew(plan: Plan, known: readonly string[]): MaskedPlan {
  const marks = new Marks(redactors(secretsIn(plan, known).anywhere));
  const change = (resource: ResourceChange): ResourceChange => maskedResource(resource, marks);
  const own = new Map(plan.resource_changes.map((resource) => [resource.address, resource]));
  return {
    plan: {
      ...plan,
      resource_changes: plan.resource_changes.map(change),
      ...(plan.resource_drift ? { resource_drift: plan.resource_drift.map(change) } : {}),
      ...(plan.configuration ? { configuration: marks.everywhere(plan.configuration) } : {}),
    },
    told: (words) => eachText(words, (text) => text.replace(NUMBERED, MASK)),
    hide: (text, address) => {
      const resource = address === undefined ? undefined : own.get(address);
      const rest = resource === undefined ? text : withoutMarked(resource, text);
      return marks.text(rest).replace(NUMBERED, MASK);
    },
  };
}

type Masking = (mask: (found: string) => string) => Redact;
const redactors = (secrets: readonly string[]): Masking => {
  const find = finder(secrets, isBounded);
  return (mask) => redactorOf(find, mask);
};

/** Marks for what is found, the same for the same. */
class Marks {
  private readonly numbers = new Map<string, number>();
  private readonly known = new Map<string, string>();
  private readonly redact: Redact;

  constructor(masking: Masking) {
    this.redact = masking((found) => this.mark(found));
  }

  /** For a text that is secret as a whole. */
  mark(text: string): string {
    let number = this.numbers.get(text);
    if (number === undefined) this.numbers.set(text, (number = this.numbers.size));
    return numbered(number);
  }

  /** A text, with marks for what is secret in it. */
  text(text: string): string {
    let found = this.known.get(text);
    // One that has such characters itself could be taken for another one.
    if (found === undefined) this.known.set(text, (found = this.redact(text.replace(/[\ufdd0-\ufdef]/g, "\ufffd"))));
    return found;
  }

  /** Every text in a value, keys among them. */
  everywhere<T>(value: T): T {
    return eachText(value, (text) => this.text(text));
  }
}

/** What Terraform itself says, by which a review knows what it is about. */
const FIXED = ["type", "mode", "provider_name", "action_reason", "deposed"] as const;

function maskedResource(resource: ResourceChange, marks: Marks): ResourceChange {
  const { change, ...rest } = resource;
  const fixed = Object.fromEntries(FIXED.flatMap((name) => (name in rest ? [[name, rest[name as "type"]]] : [])));
  return { ...marks.everywhere(rest), ...fixed, change: maskedChange(change, marks) };
}

function maskedChange<T>(change: Change<T>, marks: Marks): Change<T> {
  const { actions, before, after, ...rest } = change;
  return {
    ...marks.everywhere(rest),
    actions,
    before: maskedValues(before, change.before_sensitive, marks) as T,
    after: maskedValues(after, change.after_sensitive, marks) as T,
  };
}

/** Values by their marks: what is marked is not looked at. */
function maskedValues(value: unknown, mark: unknown, marks: Marks): unknown {
  if (Array.isArray(value)) {
    return value.map((each: unknown, i) => maskedValues(each, of(mark, i), marks));
  }
  if (typeof value === "object" && value !== null) {
    if (isLabel(value)) return maskedLabel(value, mark, marks);
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]: [string, unknown]) => [
        marks.text(key),
        maskedValues(inner, of(mark, key), marks),
      ]),
    );
  }
  if (mark !== true) return typeof value === "string" ? marks.text(value) : value;
  if (typeof value === "number") return marks.mark(String(value));
  return typeof value === "string" ? maskedText(value, marks) : value;
}

/** A mark of the whole is one of every part. */
const of = (mark: unknown, key: string | number): unknown =>
  typeof mark === "object" && mark !== null ? (mark as Record<string, unknown>)[key] : mark;

/** That there is an environment variable of this name is no secret: Terraform marks all of them for the sake of one. */
function maskedText(text: string, marks: Marks): string {
  const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=([\s\S]*)$/.exec(text) ?? [];
  return name === undefined || value === undefined ? marks.mark(text) : `${marks.text(name)}=${marks.mark(value)}`;
}

interface Label {
  readonly label: string;
  readonly value: unknown;
}
const isLabel = (value: object): value is Label =>
  "label" in value && typeof value.label === "string" && Object.keys(value).length === 2 && "value" in value;

/** How traffic is split has to be known, whatever else is in the labels. The hash of all settings is nobody's to try values on. */
function maskedLabel({ label, value }: Label, mark: unknown, marks: Marks): Label {
  const text = String(value ?? "");
  if (label.endsWith(".settings")) return { label: marks.text(label), value: marks.mark(text) };
  const split =
    /\.release\.(live|weights)$/.test(label) && /^(blue|green)(=\d{1,3})?(,(blue|green)=\d{1,3})*$/.test(text);
  return { label: marks.text(label), value: split ? text : maskedValues(value, of(mark, "value"), marks) };
}

/** What is marked in a resource, however short, is in no sentence about it. */
function withoutMarked({ change }: ResourceChange, text: string): string {
  const leaves = [
    ...leavesAt(change.before, change.before_sensitive),
    ...leavesAt(change.after, change.after_sensitive),
  ];
  return redactorOf(finder(leaves, () => true))(text);
}

function leavesAt(value: unknown, mark: unknown): string[] {
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([key, inner]) => leavesAt(inner, of(mark, key)));
  }
  return mark === true && value !== null && value !== undefined && typeof value !== "boolean" ? [String(value)] : [];
}
