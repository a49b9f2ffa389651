import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hiding } from "../../../cli/release/session";
import { jsonReporter, lineReporter } from "../../../cli/release/show";
import { atHand, SecretsAtHand } from "../../../cli/shared/secrets-at-hand";
import { told } from "../../../cli/shared/told";
import type { StateFiles } from "../../../clients/state-store/state-files";
import type { NewEntry } from "../../../release/journal/entry";
import { Journal } from "../../../release/journal/journal";
import { formsOf } from "../../../model/secret-forms";
import { findTerraform, type Terraform } from "../../../terraform/program";
import { describe as inWords } from "../../../terraform/output";
import { WorkingDirectory } from "../../../terraform/working-directory";
import { FakeTerraform } from "../../support/fake-terraform";

const INPUT = "in/put&Secret-41";
const MARKED = "postgres://admin:Pl4n%2Fpass@db.internal:5432/shop";
const IN_STATE = 'st"ate <Secret> 77';

const PLAN = JSON.stringify({
  format_version: "1.2",
  resource_changes: [
    {
      address: "docker_container.api",
      change: { actions: ["create"], before: null, after: { env: [MARKED] }, after_sensitive: { env: [true] } },
    },
  ],
});
const STATE = JSON.stringify({
  version: 4,
  outputs: { address: { value: "198.51.100.7", sensitive: false } },
  resources: [
    {
      instances: [
        {
          attributes: { password: IN_STATE, env: ["MODE=Production-7", "KEY=Own-Key-0815"] },
          sensitive_attributes: [[{ type: "get_attr", value: "password" }], [{ type: "get_attr", value: "env" }]],
        },
      ],
    },
  ],
});

const STACK = JSON.stringify({ env: ["MODE=Production-7", "${var.key}"] });
const ALL = [INPUT, MARKED, IN_STATE, "Own-Key-0815"];
const all = (): SecretsAtHand => {
  const secrets = new SecretsAtHand(
    () => [INPUT],
    () => STACK,
  );
  secrets.plannedIs(PLAN);
  secrets.stateIs(STATE);
  return secrets;
};

/** Every way in which any of them is written, but those that are something else as well. */
const formsOfAll = ALL.flatMap((secret) => [...formsOf(secret), Buffer.from(secret).toString("base64")]);
const leaks = (text: string): string[] => ALL.filter((secret) => text.includes(secret));
const anyText = fc
  .array(fc.oneof(fc.constantFrom(...formsOfAll), fc.constantFrom(" ", "\n", "env: ", '","', "=", "error")), {
    minLength: 1,
    maxLength: 8,
  })
  .map((parts) => parts.join(""));

describe("what is at hand", () => {
  test("inputs, what a plan marks and what a state marks, with the password in an address", () => {
    const { hide } = all();
    expect(hide(`${INPUT} ${MARKED} ${IN_STATE} Pl4n/pass Own-Key-0815`)).toBe("*** *** *** *** ***");
    expect(hide("docker_container.api at 198.51.100.7: MODE=Production-7")).toContain("MODE=Production-7");
  });

  test("of a marked file with a secret in it what stands in the stack is shown, and the secret is not", () => {
    const file = (key: string): string => `services:\n  chat-backend:\n    check: "/api/health"\nKEY=${key}\n`;
    const secrets = new SecretsAtHand(
      () => [],
      () => JSON.stringify({ upload: [{ content: file("${var.key}") }] }),
    );
    const upload = { attributes: { upload: [{ content: file("Own-Key-0815") }] } };
    const marked = { ...upload, sensitive_attributes: [[{ type: "get_attr", value: "upload" }]] };
    secrets.stateIs(JSON.stringify({ version: 4, resources: [{ instances: [marked] }] }));
    expect(secrets.hide("smoke: chat-backend: https://x.example/api/health with Own-Key-0815")).toBe(
      "smoke: chat-backend: https://x.example/api/health with ***",
    );
  });

  test("a rule that cannot be made lets nothing through", () => {
    const secrets = new SecretsAtHand(() => {
      throw new Error(INPUT);
    });
    expect(secrets.hide(`x ${INPUT}`)).not.toContain(INPUT);
    expect(secrets.hide("anything")).toMatch(/^\*\*\* \(not shown/);
    const broken = new SecretsAtHand(() => []);
    broken.plannedIs("{");
    expect(broken.hide(`x ${INPUT}`)).not.toContain("x");
  });

  test("a later plan is looked at anew, and an encrypted state tells nothing", () => {
    const secrets = new SecretsAtHand(() => []);
    expect(secrets.hide(MARKED)).toBe(MARKED);
    secrets.plannedIs(PLAN);
    expect(secrets.hide(MARKED)).toBe("***");
    secrets.stateIs("age-encryption.org/v1");
    expect(secrets.hide(MARKED)).toBe("***");
  });
});

describe("whatever Terraform says", () => {
  let fake: FakeTerraform;
  let directory: WorkingDirectory;
  beforeEach(async () => {
    fake = new FakeTerraform();
    const secrets = atHand(all());
    const terraform = (await findTerraform(process.env)) as Terraform;
    directory = new WorkingDirectory(terraform, join(fake.temp, "stack"), process.env, { hide: secrets.hide });
    mkdirSync(directory.path, { recursive: true });
    writeFileSync(join(directory.path, "cdk.tf.json"), "{}");
  });
  afterEach(() => {
    atHand(new SecretsAtHand(() => []));
    fake.remove();
  });

  test("no secret in any form is in an error, a terminal's line or a line of JSON", async () => {
    await fc.assert(
      fc.asyncProperty(anyText, fc.boolean(), async (text, asJson) => {
        const diagnostic = { severity: "error", summary: text, detail: `it says ${text}`, address: "a.b" };
        const stdout = asJson ? `${JSON.stringify({ type: "diagnostic", diagnostic })}\n` : "";
        const said = { code: 1, stdout, stderr: text };
        fake.plays({ apply: said, plan: said, show: said });
        const lines: string[] = [];
        const write = (line: string): void => void lines.push(line);
        expect(await told("staging", async () => (await directory.plan(), 0), { write })).toBe(1);
        await told("staging", async () => (await directory.state(), 0), { write });
        const applied = await directory.apply();
        lines.push(...applied.errors.map(inWords));
        for (const report of [hiding(jsonReporter(write)), hiding(lineReporter(write))]) {
          report({ kind: "line", level: "error", text });
        }
        expect(leaks(lines.join("\n"))).toEqual([]);
        for (const form of formsOfAll) if (text.includes(form)) expect(lines.join("\n")).not.toContain(form);
      }),
      { numRuns: 12 },
    );
  }, 120_000);
});

const letters = [..."ABCDEFGHJKMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789"];
const anySecret = fc
  .tuple(
    fc.string({ unit: fc.constantFrom(...letters), minLength: 5, maxLength: 10 }),
    fc.string({ unit: fc.constantFrom(...letters, ..."/+&<>\"'$% =?ü\\\n"), maxLength: 12 }),
    fc.string({ unit: fc.constantFrom(...letters), minLength: 5, maxLength: 10 }),
  )
  .map((parts) => `${parts.join("")}Q7z`);

/** As somebody may write a secret; each has all of it. */
const WAYS: readonly ((text: string) => string)[] = [
  (text) => Buffer.from(text).toString("base64"),
  (text) => Buffer.from(`user:${text}`).toString("base64url"),
  (text) => Buffer.from(text).toString("hex"),
];

describe("of random secrets that an input, a plan and a state have", () => {
  test("no form is in the journal, or in any event of a release, as lines or as JSON", () => {
    fc.assert(
      fc.property(
        fc.tuple(anySecret, anySecret, anySecret),
        fc.array(fc.tuple(fc.nat(2), fc.nat()), { minLength: 1, maxLength: 5 }),
        fc.constantFrom(" ", "\n", '","', "="),
        ([input, marked, inState], chosen, between) => {
          const secrets = new SecretsAtHand(() => [input]);
          const change = {
            actions: ["create"],
            before: null,
            after: { env: [marked] },
            after_sensitive: { env: [true] },
          };
          secrets.plannedIs(JSON.stringify({ format_version: "1.2", resource_changes: [{ address: "a.b", change }] }));
          const path = [{ type: "get_attr", value: "password" }];
          const instances = [{ attributes: { password: inState }, sensitive_attributes: [path] }];
          secrets.stateIs(JSON.stringify({ version: 4, resources: [{ instances }] }));
          const forms = [input, marked, inState].map((secret) => [
            ...[...formsOf(secret)].filter((form) => form.length >= 6),
            ...WAYS.map((way) => way(secret)),
          ]);
          const written = chosen.map(([which, n]) => forms[which]![n % forms[which]!.length]!);
          const text = ["it says", ...written, "and ends"].join(between);
          const lines: string[] = [];
          const journal = new Journal({} as StateFiles, { redact: secrets.hide });
          const plan = { add: 1, change: 0, destroy: 0, summary: text };
          const about = { run: "r1", product: "chat", step: "deploy" } as const;
          const given: NewEntry = { event: "step-failed", ...about, reason: text, plan };
          const entry = journal.entryOf(given);
          expect(entry).toHaveProperty("reason");
          lines.push(JSON.stringify(entry));
          atHand(secrets);
          const write = (line: string): void => void lines.push(line);
          for (const report of [hiding(jsonReporter(write)), hiding(lineReporter(write))]) {
            report({ kind: "line", level: "error", text });
            // The key of a map that a resource is there for each of.
            report({ kind: "progress", done: 1, total: 2, waitingFor: `docker_volume.a["${text}"]` });
          }
          const said = lines.join("\n");
          expect(
            written.filter((form) => said.includes(form) || said.includes(JSON.stringify(form).slice(1, -1))),
          ).toEqual([]);
        },
      ),
      { numRuns: 200 },
    );
    atHand(new SecretsAtHand(() => []));
  }, 240_000);
});

test("without an environment that is open: what an environment variable's name calls a secret", async () => {
  const before = process.env["TF_VAR_registry_token"];
  process.env["TF_VAR_registry_token"] = INPUT;
  try {
    const lines: string[] = [];
    const { TerraformError } = await import("../../../terraform/working-directory");
    const fails = async (): Promise<number> => Promise.reject(new TerraformError("plan", [`no: ${INPUT}`]));
    await told("staging", fails, { write: (line) => void lines.push(line) });
    expect(lines).toEqual(["terraform plan: no: ***"]);
  } finally {
    if (before === undefined) delete process.env["TF_VAR_registry_token"];
    else process.env["TF_VAR_registry_token"] = before;
  }
});
