import { afterAll, describe, expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { configurationOf } from "../../review/configuration";
import { fingerprint } from "../../review/fingerprint";
import { parsePlan } from "../../review/plan-file";
import { planSource } from "../../terraform/plan-source";
import { childEnvironment } from "../../terraform/program";
import { DOCKER_VARIANTS, type Folder, STACK, STATE, VARIANTS } from "../support/pairs";
import { missingForReal, TERRAFORM } from "../support/real-terraform";

const missing = missingForReal();
if (missing) process.stderr.write(`Pairs of plans were not made: ${missing}.\n`);

const root = mkdtempSync(join(tmpdir(), "twinset-pairs-"));
afterAll(() => rmSync(root, { recursive: true }));

function terraform(folder: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(TERRAFORM.binary, args, {
    cwd: folder,
    env: childEnvironment(process.env),
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`terraform ${args.join(" ")}: ${stdout}${stderr}`);
  return stdout;
}

function written(name: string, files: Folder): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  for (const [path, content] of Object.entries({ "terraform.tfstate": STATE, ...files })) {
    if (content === undefined) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), typeof content === "string" ? content : JSON.stringify(content));
  }
  return folder;
}

/** By a plan that is made there now. */
function planned(folder: string, ...args: readonly string[]): string {
  terraform(folder, "plan", "-input=false", "-no-color", "-out=tfplan", ...args);
  const plan = parsePlan(terraform(folder, "show", "-json", "tfplan"), folder);
  return fingerprint(plan, planSource(readFileSync(join(folder, "tfplan"))));
}

/** Kinds of which two plans have one fingerprint. */
function alike(variants: Readonly<Record<string, Folder>>): readonly (readonly string[])[] {
  const kinds = new Map<string, string[]>();
  for (const [kind, files] of Object.entries(variants)) {
    const folder = written(kind.replace(/\W+/g, "-"), files);
    terraform(folder, "init", "-input=false", "-no-color", "-reconfigure");
    const mark = planned(folder, "-refresh=false");
    kinds.set(mark, [...(kinds.get(mark) ?? []), kind]);
  }
  return [...kinds.values()].filter((same) => same.length > 1);
}

const missingDocker = missing ?? missingForReal("docker");
if (missingDocker) process.stderr.write(`Pairs with the docker provider were not made: ${missingDocker}.\n`);

(missingDocker ? test.skip : test)(
  "plans of the docker provider that differ in one thing have two fingerprints, each of them",
  () => expect(alike(DOCKER_VARIANTS)).toEqual([]),
  240_000,
);

(missing ? describe.skip : describe)("plans by the real Terraform", () => {
  test("that differ in one thing have two fingerprints, each of them", () => {
    expect(alike(VARIANTS)).toEqual([]);
  }, 240_000);

  test("of one stack have one: again, in another folder, without a look, and in other files", () => {
    const again = written("again", { "cdk.tf.json": STACK });
    const { resource, output, ...rest } = STACK;
    // Files are read by their names' order, and nothing comes of it.
    const apart = written("apart", {
      "z.tf.json": rest,
      "a.tf.json": { output: Object.fromEntries(Object.entries(output as object).reverse()) },
      "m.tf.json": { "//": { metadata: "of another version" }, resource },
    });
    for (const folder of [again, apart]) terraform(folder, "init", "-input=false", "-no-color");
    planned(again);
    // What Terraform itself keeps beside the text is none of it.
    const { others } = configurationOf(planSource(readFileSync(join(again, "tfplan"))));
    expect([...others.keys()]).toEqual([]);
    const marks = [again, again, apart, again, apart, again].map((folder, i) =>
      planned(folder, ...(i % 2 === 0 ? [] : ["-refresh=false"])),
    );
    expect(new Set(marks)).toHaveProperty("size", 1);
  }, 60_000);
});
