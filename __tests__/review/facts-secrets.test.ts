/** What no plan shows is shown by a review: nothing secret is in it, on whatever way it came there. */
import { describe, expect, test } from "@jest/globals";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { jsonText } from "../../model/safe-text";
import { eachText } from "../../model/each-text";
import { formsOf } from "../../model/secret-forms";
import { type AppliedFacts, keepAppliedFacts } from "../../review/applied-facts";
import { configurationOf } from "../../review/configuration";
import { factsOf } from "../../review/facts";
import { markdown } from "../../review/markdown";
import { recordDifference, recordOf } from "../../review/record";
import { reviewPlan } from "../../review/review";
import { planRedactor } from "../../review/secrets";
import { terminalText } from "../../review/terminal";
import { SecretsAtHand } from "../../cli/shared/secrets-at-hand";
import type { StateFiles } from "../../clients/state-store/state-files";
import type { Plan } from "../../terraform/plan";
import type { PlanSource } from "../../terraform/plan-source";
import { goldenPlan, MADE } from "../support/golden-plans";
import { MANACORE } from "../support/plan";

const letters = [..."ABCDEFGHJKMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789"];
const marks = [..."/+&<>\"'$% =?ü\\"];
const SECRET = fc
  .tuple(
    fc.string({ unit: fc.constantFrom(...letters), minLength: 6, maxLength: 12 }),
    fc.string({ unit: fc.constantFrom(...letters, ...marks), maxLength: 10 }),
    fc.string({ unit: fc.constantFrom(...letters), minLength: 6, maxLength: 12 }),
  )
  .map((parts) => `${parts.join("")}Q7z`);

/** A stack's text with something in one place of it. */
const PLACES: Readonly<Record<string, (text: string) => object>> = {
  "a provisioner's command": (text) => resource({ provisioner: [{ "local-exec": { command: `deploy ${text}` } }] }),
  "a long command": (text) => resource({ provisioner: [{ "local-exec": { command: `${"x ".repeat(90)}${text}` } }] }),
  "a provisioner's environment": (text) =>
    resource({ provisioner: [{ "local-exec": { command: "x", environment: { NAME: text } } }] }),
  "a name in a provisioner's environment": (text) =>
    resource({ provisioner: [{ "local-exec": { command: "x", environment: { [text]: "1" } } }] }),
  "a connection": (text) => resource({ connection: { host: "a", password: text } }),
  "a precondition's message": (text) =>
    resource({ lifecycle: { precondition: [{ condition: "${true}", error_message: `is not ${text}` }] } }),
  "keys of for_each": (text) => resource({ for_each: { [text]: 1 } }),
  "a provider's setting": (text) => ({ provider: { docker: [{ host: `tcp://u:${text}@a`, header: { a: text } }] } }),
  "a variable's default": (text) => ({ variable: { a: { default: { b: [text] } } } }),
  "a validation's message": (text) => ({
    variable: { a: { validation: [{ condition: "${true}", error_message: text }] } },
  }),
  "an output": (text) => ({ output: { a: { value: text } } }),
  "a local": (text) => ({ locals: { a: text } }),
  "a backend": (text) => ({ terraform: { backend: { http: { password: text } } } }),
  "a module": (text) => ({ module: { a: { source: `git::https://${text}@example.com/x` } } }),
  "a check": (text) => ({ check: { a: { assert: [{ condition: "${true}", error_message: text }] } } }),
};
const resource = (body: object): object => ({ resource: { terraform_data: { a: body } } });

const source = (stack: object, beside?: string): PlanSource => ({
  files: new Map([["cdk.tf.json", JSON.stringify(stack)], ...(beside ? [["beside.tf", beside] as const] : [])]),
  providers: {},
});
const sourceWith = (place: string, text: string): PlanSource =>
  place === "a file beside" ? source({}, `locals { a = "${text}" }`) : source(PLACES[place]!(text));
const ALL = [...Object.keys(PLACES), "a file beside"];

const release = goldenPlan("release");
/** One in which the secret is marked, and nothing else is. */
const marking = (secret: string): Plan => ({
  ...release,
  variables: { ...release.variables, registry_token: { value: secret } },
});

/** All that leaves of a review: comment, terminal, JSON, record, and what differs from another record. */
function said(plan: Plan, of: PlanSource, applied: AppliedFacts | string, known: readonly string[]): string {
  const made = { platform: MANACORE, environment: MANACORE.environments.production, made: MADE };
  const review = reviewPlan(plan, { ...made, source: of, applied, known });
  const redact = planRedactor(plan, known);
  const record = recordOf(plan, review, redact, known);
  return [
    markdown(review, { redact }),
    terminalText(review, redact),
    jsonText(eachText(review, redact)),
    jsonText(record),
    recordDifference({ ...record, fingerprint: "0123456789abcdef", unseen: {} }, record).join("\n"),
  ].join("\n");
}

const noted = (facts: AppliedFacts["facts"]): AppliedFacts => ({
  at: "2026-11-20T12:00:00Z",
  who: "ann@laptop",
  facts,
});
const leaks = (text: string, secret: string): string[] =>
  [...formsOf(secret)].filter((form) => form.length >= 6 && text.includes(form));
const sha = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 12);

/** What the note's text is. */
async function noteOf(of: PlanSource, secrets: SecretsAtHand): Promise<string> {
  let noted = "";
  const files = {
    read: () => Promise.resolve(undefined),
    write: (_: string, text: string) => Promise.resolve(((noted = text), true)),
  } as unknown as StateFiles;
  await keepAppliedFacts(files, of, secrets.hideDistinct);
  return noted;
}

describe("with a secret in what no plan shows", () => {
  test.each(ALL)(
    "in %s: no form of it is in a review",
    (place) => {
      fc.assert(
        fc.property(SECRET, fc.nat(), fc.boolean(), fc.boolean(), (secret, form, isMarked, isInNote) => {
          const forms = [...formsOf(secret), Buffer.from(`a:${secret}`).toString("base64")];
          const text = forms[form % forms.length]!;
          const plan = isMarked ? marking(secret) : release;
          const known = isMarked ? [] : [secret];
          const [now, before] = [sourceWith(place, text), source({})];
          // A note of an earlier version of this program has it as it was.
          const plain = factsOf(configurationOf(now), String);
          const output = isInNote
            ? said(plan, before, noted(plain), known)
            : said(plan, now, form % 2 ? "nobody knows" : noted({}), known);
          expect(leaks(output, secret)).toEqual([]);
        }),
        { numRuns: 8 },
      );
    },
    240_000,
  );

  test.each(ALL)(
    "in %s: no form of it is in the note beside the state",
    async (place) => {
      await fc.assert(
        fc.asyncProperty(SECRET, fc.nat(), fc.boolean(), async (secret, form, isMarked) => {
          const forms = [...formsOf(secret), Buffer.from(`a:${secret}`).toString("base64")];
          const secrets = new SecretsAtHand(() => (isMarked ? [] : [secret]));
          if (isMarked) secrets.plannedIs(JSON.stringify(marking(secret)));
          const text = await noteOf(sourceWith(place, forms[form % forms.length]!), secrets);
          expect(JSON.parse(text)).toHaveProperty("facts");
          expect(leaks(text, secret)).toEqual([]);
        }),
        { numRuns: 8 },
      );
    },
    240_000,
  );

  test("a long text's hash, and that of all facts, is none of the secret's", () => {
    const hashes = (secret: string): string =>
      // The fingerprint itself is another one: what runs is.
      said(release, sourceWith("a long command", secret), "nobody knows", [secret]).replace(/\b[0-9a-f]{16}\b/g, "");
    expect(hashes("Secret-one-41")).toBe(hashes("Secret-two-42"));
    const command = `${"x ".repeat(90)}Secret-one-41`;
    expect(hashes("Secret-one-41")).not.toContain(sha(command));
    const [other, another] = ["Other-one-41", "Other-two-42"].map((text) =>
      said(release, sourceWith("a long command", text), "nobody knows", []).replace(/\b[0-9a-f]{16}\b/g, ""),
    );
    expect(other).not.toBe(another);
  });

  test("a sensitive variable's default is shown by nobody, also where no plan is at hand", () => {
    const of = (sensitive: unknown): string =>
      JSON.stringify(factsOf(configurationOf(source({ variable: { a: { default: "hunter", sensitive } } })), String));
    for (const sensitive of [true, "true"]) expect(of(sensitive)).not.toContain("hunter");
    expect(of(false)).toContain("hunter");
  });

  test("a rule that cannot be made notes nothing of it", async () => {
    const secrets = new SecretsAtHand(() => {
      throw new Error("no catalog");
    });
    expect(await noteOf(sourceWith("a local", "Secret-one-41"), secrets)).not.toContain("Secret-one-41");
  });

  test("a stack's own names stay, also where a password is one of them", async () => {
    const stack = { resource: { docker_volume: { postgres_data: { lifecycle: { prevent_destroy: true } } } } };
    const { facts } = JSON.parse(await noteOf(source(stack), new SecretsAtHand(() => ["postgres"]))) as AppliedFacts;
    expect(facts).toEqual({ "docker_volume.postgres_data lifecycle prevent_destroy": "true" });
  });
});
