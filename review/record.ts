/**
 * What was reviewed, without any secret: for whoever applies it later, to see in what another plan differs. The
 * fingerprint alone says only that it does.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { eachText } from "../model/each-text";
import { error, ProblemsError } from "../model/problem";
import type { Redact } from "../model/redact";
import { plainText } from "../model/safe-text";
import { effective, type Plan } from "../terraform/plan";
import { attributeChanges, configuredIn, freshEnd } from "./attributes";
import { differences } from "./details";
import { maskedPlan } from "./masked-plan";
import { besideInWords } from "./beside";
import { factChanges } from "./facts";
import type { Review } from "./review";

const recordSchema = z.object({
  fingerprint: z.string().regex(/^[0-9a-f]{16}$/),
  platform: z.string(),
  environment: z.string(),
  /** When it was planned. */
  at: z.string(),
  verdict: z.string(),
  /** Address, with the deposed object's key, → what happens to it. */
  changes: z.record(
    z.string(),
    z.object({
      actions: z.string(),
      /** Name → before and after in words. */ attributes: z.record(z.string(), z.string()),
    }),
  ),
  /** What it does and says beside them: imports, moves, actions, checks, outputs. */
  beside: z.record(z.string(), z.string()).default({}),
  /** What no plan shows; none of a plan in JSON. */
  unseen: z.record(z.string(), z.string()).default({}),
});

export type ReviewRecord = z.infer<typeof recordSchema>;

/** Longer texts are told apart by their hash. */
const LONGEST = 200;
const SECRET = "(sensitive)";

/** @param known secrets from elsewhere: the inputs' values */
export function recordOf(whole: Plan, review: Review, redact: Redact, known: readonly string[] = []): ReviewRecord {
  const { plan, told } = maskedPlan(whole, known);
  const shown = (text: string): string => plainText(redact(text));
  const configured = configuredIn(plan);
  const end = freshEnd(plan);
  const steady = (text: string): string => (end === undefined ? text : text.replaceAll(`-${end}`, "-<new>"));
  const changes = effective(plan).map((resource): [string, ReviewRecord["changes"][string]] => {
    const { address, deposed, change } = resource;
    const attributes = attributeChanges(resource, configured).map(
      ({ name, before, after, unknown, sensitive }): [string, string] => {
        if (sensitive) return [name, SECRET];
        const text = differences(before, after).join("; ");
        return [name, unknown ? "known after the apply" : short(redact(told(steady(text))))];
      },
    );
    const gone = change.actions.join() === "delete";
    return [
      deposed === undefined ? address : `${address} (deposed ${deposed})`,
      { actions: change.actions.join(" then "), attributes: gone ? {} : Object.fromEntries(attributes) },
    ];
  });
  return {
    fingerprint: review.fingerprint,
    platform: review.platform,
    environment: review.environment,
    at: review.made.at.toISOString(),
    verdict: shown(review.verdict),
    changes: eachText(told(Object.fromEntries(changes.sort(([a], [b]) => (a < b ? -1 : 1)))), shown),
    beside: eachText(told({ ...besideInWords(review.beside), ...outputsOf(plan, steady) }), shown),
    unseen: eachText(review.unseen?.facts ?? {}, shown),
  };
}

/** What an apply would give out that it did not before. */
const outputsOf = ({ output_changes = {} }: Plan, steady: (text: string) => string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(output_changes)
      .filter(([, { actions }]) => actions.join() !== "no-op")
      .map(([name, { actions, before, after, after_sensitive, before_sensitive, after_unknown }]) => {
        if (after_sensitive || before_sensitive) return [`output ${name}`, `${actions.join(" then ")} ${SECRET}`];
        const text = after_unknown ? "known after the apply" : differences(before, after).join("; ");
        return [`output ${name}`, short(steady(text))];
      }),
  );

const short = (text: string): string =>
  text.length <= LONGEST
    ? text
    : `${text.length} characters, sha256 ${createHash("sha256").update(text).digest("hex").slice(0, 12)}`;

/** @throws ProblemsError for a file that is not there or no record */
export function readRecord(path: string): ReviewRecord {
  try {
    // Whoever could write the file has written its texts.
    return eachText(recordSchema.parse(JSON.parse(readFileSync(path, "utf8"))), plainText);
  } catch (reason) {
    const missing = (reason as NodeJS.ErrnoException).code === "ENOENT";
    throw new ProblemsError([
      error(
        "--record",
        missing ? `${path}, which is not there` : `${path}, which is no record of a review`,
        "what `twinset review --record <file>` has written",
        "name that file, or leave --record out: then what differs cannot be shown",
      ),
    ]);
  }
}

/** In what two plans differ, a line each: "+ only now", "- only then", "~ otherwise". */
export function recordDifference(then: ReviewRecord, now: ReviewRecord): string[] {
  const addresses = [...new Set([...Object.keys(then.changes), ...Object.keys(now.changes)])].sort();
  const lines = addresses.flatMap((address): string[] => {
    const [was, is] = [then.changes[address], now.changes[address]];
    if (!was) return [`+ ${address}: ${is!.actions}, which was not reviewed`];
    if (!is) return [`- ${address}: ${was.actions}, which was reviewed and is not planned any more`];
    const names = [...new Set([...Object.keys(was.attributes), ...Object.keys(is.attributes)])].sort();
    const other = [
      ...(was.actions === is.actions ? [] : [`${was.actions}, now ${is.actions}`]),
      ...names
        .filter((name) => was.attributes[name] !== is.attributes[name])
        .map((name) => `${name}: ${was.attributes[name] ?? "as it is"}, now ${is.attributes[name] ?? "as it is"}`),
    ];
    return other.length > 0 ? [`~ ${address}`, ...other.map((text) => `    ${text}`)] : [];
  });
  const beside = [...new Set([...Object.keys(then.beside), ...Object.keys(now.beside)])].sort();
  lines.push(
    ...beside.flatMap((name): string[] => {
      const [was, is] = [then.beside[name], now.beside[name]];
      if (was === undefined) return [`+ ${name}: ${is}, which was not reviewed`];
      if (is === undefined) return [`- ${name}: ${was}, which was reviewed and is not planned any more`];
      return was === is ? [] : [`~ ${name}: ${was}, now ${is}`];
    }),
  );
  lines.push(...factChanges(then.unseen, now.unseen).map(({ text }) => `~ ${text}`));
  if (lines.length > 0 || then.fingerprint === now.fingerprint) return lines;
  const secret = addresses.filter((address) => Object.values(now.changes[address]!.attributes).includes(SECRET));
  return [
    "~ the same changes, but a sensitive value or an expression in one of them is another one:",
    ...(secret.length > 0 ? secret : addresses).map((address) => `    ${address}`),
  ];
}
