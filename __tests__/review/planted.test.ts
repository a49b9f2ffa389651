import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { jsonText } from "../../model/safe-text";
import { eachText } from "../../model/each-text";
import { markdown } from "../../review/markdown";
import { recordDifference, recordOf } from "../../review/record";
import { planRedactor } from "../../review/secrets";
import { terminalText } from "../../review/terminal";
import { isEffective, type Plan } from "../../terraform/plan";
import { goldenPlan, reviewOf } from "../support/golden-plans";

type Json = Record<string, unknown>;
type Path = readonly (string | number)[];

/** Places of texts in a value. */
function places(value: unknown, path: Path = []): Path[] {
  if (typeof value === "string") return [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    places(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

function put(value: unknown, [key, ...rest]: Path, text: unknown): unknown {
  if (key === undefined) return text;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as Json) }) as Record<string | number, unknown>;
  copy[key] = put(copy[key], rest, text);
  return copy;
}

const letters = "ABCDEFGHJKMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789";
/** What no word of ours and of no plan is, of five characters or more. */
const word = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc
    .string({ unit: fc.constantFrom(...letters), minLength, maxLength })
    .filter((text) => /[A-Z]/.test(text) && /\d/.test(text) && /[a-z]/.test(text));

interface Secret {
  /** What is marked. */
  readonly value: string;
  /** What of it nobody may read. */
  readonly tells: readonly string[];
}
const of = (value: string, ...tells: readonly string[]): Secret => ({
  value,
  tells: tells.length > 0 ? tells : [value],
});

/** What platforms have as secrets. */
const SECRETS: fc.Arbitrary<Secret> = fc.oneof(
  word(5, 7).map((text) => of(text)),
  word(8, 40).map((text) => of(text)),
  word(8, 20).map((text) => of(`postgresql://app:${text}@db.example.com:5432/app`, text)),
  word(8, 20).map((text) => of(`https://${text}@o1.ingest.example.com/2`, text)),
  fc.tuple(word(8, 12), word(8, 20)).map(([user, text]) => of(`${user}:${text}`, text)),
  word(8, 20).map((text) => of(`TOKEN=${text}`, text)),
  word(8, 20).map((text) => of(`Server=db;User=app;Password=${text}`, text)),
  word(8, 20).map((text) => of(JSON.stringify({ key: text }), text)),
  fc
    .array(word(60, 64), { minLength: 2, maxLength: 4 })
    .map((lines) => of(`-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`, ...lines)),
);

/** How it may stand where nothing is marked. */
const DERIVED: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => `--password=${text}`,
  (text) => `NAME=${text}`,
  (text) => `https://user:${encodeURIComponent(text)}@example.com/x`,
  (text) => JSON.stringify({ a: [text] }),
  (text) => Buffer.from(text).toString("base64"),
  (text) => Buffer.from(text).toString("base64url"),
  (text) => Buffer.from(`user:${text}`).toString("base64"),
  (text) => Buffer.from(`xy${text}z`).toString("base64"),
  (text) => Buffer.from(text).toString("hex"),
  (text) => Buffer.from(text).toString("hex").toUpperCase(),
  (text) => `see ${text}, and\n${text}`,
];

const outputs = (plan: Plan): string => {
  const review = reviewOf(plan);
  const redact = planRedactor(plan);
  const record = recordOf(plan, review, redact);
  return [
    markdown(review, { redact }),
    terminalText(review, redact),
    jsonText(eachText(review, redact)),
    jsonText(record),
    recordDifference({ ...record, fingerprint: "0123456789abcdef", changes: {} }, record).join("\n"),
  ].join("\n");
};

const withChange = (plan: Plan, index: number, change: (of: Json) => Json): Plan => ({
  ...plan,
  resource_changes: plan.resource_changes.map((each, i) =>
    i === index ? { ...each, change: change(each.change as unknown as Json) as never } : each,
  ),
});

/** A plan with what is made of a secret at other places, where nothing is marked. */
const scattered = (
  plan: Plan,
  { tells: [tell] }: Secret,
  places: readonly (readonly [{ readonly index: number; readonly path: Path }, (text: string) => string])[],
): Plan =>
  places.reduce(
    (planted, [{ index, path }, derive]) =>
      withChange(planted, index, (change) => ({ ...change, after: put(change["after"], path, derive(tell!)) })),
    plan,
  );

/** Texts of a secret that are left, however they are written. */
const left = (text: string, { tells }: Secret): string[] =>
  tells
    .flatMap((tell) =>
      DERIVED.slice(0, 1)
        .concat(DERIVED.slice(5, 11))
        .map((derive) => derive(tell)),
    )
    .filter((form) =>
      // The first digits of base64 do not depend on what comes behind them.
      text.includes(/^[\w+/-]+={0,2}$/.test(form) && form.length > 12 ? form.slice(0, -4) : form),
    );

describe.each(["release", "first-deploy", "drift"])("secrets planted in %s", (name) => {
  const plan = goldenPlan(name);
  const targets = plan.resource_changes.flatMap((each, index) =>
    isEffective(each) && each.change.after ? places(each.change.after).map((path) => ({ index, path })) : [],
  );

  test("there are places enough", () => expect(targets.length).toBeGreaterThan(20));

  test("a marked one, and what is made of it elsewhere, is in no output", () => {
    fc.assert(
      fc.property(
        SECRETS,
        fc.constantFrom(...targets),
        fc.array(fc.tuple(fc.constantFrom(...targets), fc.constantFrom(...DERIVED)), { maxLength: 3 }),
        (secret, target, elsewhere) => {
          const planted = withChange(plan, target.index, (change) => ({
            ...change,
            after: put(change["after"], target.path, secret.value),
            after_sensitive: put(
              typeof change["after_sensitive"] === "object" ? change["after_sensitive"] : {},
              target.path.slice(0, 1),
              true,
            ),
          }));
          const others = elsewhere.filter(([{ index, path }]) => index !== target.index || path[0] !== target.path[0]);
          expect(left(outputs(scattered(planted, secret, others)), secret)).toEqual([]);
        },
      ),
      { numRuns: 25 },
    );
  }, 240_000);

  test("a sensitive variable's value, and what is made of it, is in no output", () => {
    fc.assert(
      fc.property(
        SECRETS,
        fc.array(fc.tuple(fc.constantFrom(...targets), fc.constantFrom(...DERIVED)), { minLength: 1, maxLength: 3 }),
        (secret, elsewhere) => {
          const planted: Plan = { ...plan, variables: { ...plan.variables, registry_token: { value: secret.value } } };
          expect(left(outputs(scattered(planted, secret, elsewhere)), secret)).toEqual([]);
        },
      ),
      { numRuns: 25 },
    );
  }, 240_000);
});
