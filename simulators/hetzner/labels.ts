/** Labels and the language that selects by them: https://docs.hetzner.cloud/reference/cloud#description/label-selector */
import { z } from "zod";
import { invalidInput } from "./errors";

export type Labels = Readonly<Record<string, string>>;

const NAME = /^[a-z0-9A-Z]([a-z0-9A-Z._-]{0,61}[a-z0-9A-Z])?$/;
const DOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

function isKey(key: string): boolean {
  const slash = key.indexOf("/");
  if (slash === -1) return NAME.test(key);
  const prefix = key.slice(0, slash);
  if (prefix === "hetzner.cloud" || prefix.length > 253 || !DOMAIN.test(prefix)) return false;
  return NAME.test(key.slice(slash + 1));
}

const isValue = (value: string): boolean => value === "" || NAME.test(value);

/** In a request. */
export const labelsSchema = z
  .record(z.string(), z.string())
  .refine((labels) => Object.keys(labels).every(isKey), "has a key that no label may have")
  .refine((labels) => Object.values(labels).every(isValue), "has a value that no label may have");

type Test = (labels: Labels) => boolean;

const TERM =
  /^\s*(?:(!)\s*([^\s!=,()]+)|([^\s!=,()]+)\s+(in|notin)\s*\(([^()]*)\)|([^\s!=,()]+)\s*(==|=|!=)\s*([^\s!=,()]*)|([^\s!=,()]+))\s*(?:,|$)/;

/** @throws invalid_input for what is no selector */
export function parseSelector(selector: string): Test {
  const tests: Test[] = [];
  let rest = selector;
  while (rest.trim() !== "") {
    const match = TERM.exec(rest);
    if (!match) throw invalidInput({ label_selector: ["is no label selector"] });
    rest = rest.slice(match[0].length);
    tests.push(parseTerm(match));
  }
  return (labels) => tests.every((test) => test(labels));
}

function parseTerm(match: RegExpExecArray): Test {
  const [, not, absent, setKey, operator, list, key, comparison, value, present] = match;
  if (not) return (labels) => !Object.hasOwn(labels, absent!);
  if (present) return (labels) => Object.hasOwn(labels, present);
  if (setKey) {
    const values = list!.split(",").map((entry) => entry.trim());
    const isIn: Test = (labels) => Object.hasOwn(labels, setKey) && values.includes(labels[setKey]!);
    return operator === "in" ? isIn : (labels) => !isIn(labels);
  }
  // As in Kubernetes, whose language this is, "!=" also selects what has no such label.
  return comparison === "!=" ? (labels) => labels[key!] !== value : (labels) => labels[key!] === value;
}
