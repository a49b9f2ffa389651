import { afterEach, describe, expect, test } from "@jest/globals";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv, stripVTControlCharacters } from "node:util";
import { deliveryExample, describeDelivery, describeDeliveryFile } from "../../cli/delivery-inputs";
import { deliveryValues } from "../../cli/delivery-values";
import { deliveryProblems, environmentFor, runWith } from "../../cli/with";
import { deployed, pipelineValues } from "../../model/pipeline";
import { inputUses } from "../../model/inputs";
import { EVERY_PLATFORM, KORCZEWSKI } from "../support/synth";

const { platform } = KORCZEWSKI;
const delivery = platform.delivery!;
type Files = Record<string, Record<string, string>>;

/** What a careful team has in its files. */
function files(change: Files = {}): Files {
  const whole: Files = { delivery: {}, staging: {}, production: {} };
  for (const { name, file, minLength = 1 } of deliveryValues(platform, delivery, () => ({}), {})) {
    whole[file]![name] = `${file}-${name}`.padEnd(minLength, "-");
  }
  return Object.fromEntries(Object.entries(whole).map(([name, file]) => [name, { ...file, ...change[name] }]));
}
const reading = (given: Files) => (stack: string) => given[stack] ?? {};
const values = (given: Files, env = {}) => deliveryValues(platform, delivery, reading(given), env);
const problems = (given: Files, env = {}) => deliveryProblems(platform, values(given, env));
const mapOf = (text: string | undefined): Record<string, string> => JSON.parse(text!) as Record<string, string>;

describe("the delivery stack's values", () => {
  test("come from the environments' own files; only what is the pipelines' own is in the stack's", () => {
    const own = values({}).filter(({ file }) => file === "delivery");
    expect(own.map(({ name }) => name)).toEqual([
      ...["AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
      ...["TF_VAR_github_token", "TF_VAR_github_repository", "TF_VAR_reviewers"],
      ...["PLAN_AWS_ACCESS_KEY_ID", "PLAN_AWS_SECRET_ACCESS_KEY"],
      ...["STAGING_SSH_PRIVATE_KEY", "STAGING_SSH_KNOWN_HOSTS"],
      ...["PRODUCTION_SSH_PRIVATE_KEY", "PRODUCTION_SSH_KNOWN_HOSTS"],
    ]);
    expect(values({})).toHaveLength(
      own.length + 2 * (inputUses(platform, platform.environments.production).length + 3),
    );
  });
  test("are nothing to mend when the files are whole", () => expect(problems(files())).toEqual([]));
  test("that are missing are named by the file that they belong into, all at once", () => {
    const given = files({
      delivery: { TF_VAR_reviewers: "" },
      staging: { TF_VAR_smoke_key: "", TF_VAR_jwt_secret: "short" },
    });
    expect(problems(given).map(({ path, given: found }) => [path, found])).toEqual([
      [".env.korczewski.delivery", "missing or too short: TF_VAR_reviewers"],
      [".env.korczewski.staging", "missing or too short: TF_VAR_jwt_secret and TF_VAR_smoke_key"],
    ]);
  });
  test.each(["staging", "production", "delivery"])("must not have %s' own token where pull requests read", (whose) => {
    const given = files();
    given["delivery"]!["PLAN_AWS_ACCESS_KEY_ID"] = given[whose]!["AWS_ACCESS_KEY_ID"]!;
    expect(problems(given)).toMatchObject([
      { path: ".env.korczewski.delivery/PLAN_AWS_ACCESS_KEY_ID", given: `the token of .env.korczewski.${whose}` },
    ]);
  });
  test("have the state's address from production, unless the stack has one", () => {
    const given = files({ delivery: { AWS_ENDPOINT_URL_S3: "" } });
    expect(problems(given)).toEqual([]);
    expect(environmentFor(platform, "delivery", reading(given), {})["AWS_ENDPOINT_URL_S3"]).toBe(
      "production-AWS_ENDPOINT_URL_S3",
    );
  });
  test("of the known hosts may be left out, of the key may not", () => {
    expect(problems(files({ delivery: { STAGING_SSH_KNOWN_HOSTS: "" } }))).toEqual([]);
    expect(problems(files({ delivery: { STAGING_SSH_PRIVATE_KEY: "" } }))).toHaveLength(1);
  });
  test("are not what is loaded for an environment, but for the stack's own inputs", () => {
    const given = files({
      delivery: { TF_VAR_github_token: "", AWS_ACCESS_KEY_ID: "" },
      staging: { TF_VAR_smoke_key: "" },
    });
    const loaded = { TF_VAR_github_token: "t", AWS_ACCESS_KEY_ID: "production's", TF_VAR_smoke_key: "production's" };
    expect(problems(given, loaded).map(({ given: found }) => found)).toEqual([
      "missing or too short: AWS_ACCESS_KEY_ID",
      "missing or too short: TF_VAR_smoke_key",
    ]);
  });
});

describe("the environment of a command", () => {
  test("for delivery: a map for each environment's secrets and one for its settings, each value under its own name", () => {
    const given = files({ delivery: { STAGING_TF_VAR_hcloud_token: "the pipelines' own" } });
    const env = environmentFor(platform, "delivery", reading(given), {});
    for (const environment of deployed(platform)) {
      const { secrets, settings } = pipelineValues(platform, environment);
      const maps = [
        mapOf(env[`TF_VAR_${environment.name}_secrets`]),
        mapOf(env[`TF_VAR_${environment.name}_settings`]),
      ];
      expect(maps.map((map) => Object.keys(map).sort())).toEqual(
        [secrets, settings].map((all) => all.map(({ name }) => name).sort()),
      );
    }
    expect(mapOf(env["TF_VAR_staging_secrets"])).toMatchObject({
      TF_VAR_hcloud_token: "the pipelines' own",
      TF_VAR_smoke_key: "staging-TF_VAR_smoke_key",
      SSH_PRIVATE_KEY: "delivery-STAGING_SSH_PRIVATE_KEY",
    });
    expect(mapOf(env["TF_VAR_plan_secrets"])).toEqual({
      AWS_ACCESS_KEY_ID: "delivery-PLAN_AWS_ACCESS_KEY_ID",
      AWS_SECRET_ACCESS_KEY: "delivery-PLAN_AWS_SECRET_ACCESS_KEY",
    });
    expect(env).toMatchObject({
      TF_VAR_github_token: "delivery-TF_VAR_github_token",
      AWS_ACCESS_KEY_ID: "delivery-AWS_ACCESS_KEY_ID",
    });
  });
  test("for delivery: nothing that would lead GitHub's provider elsewhere, and the rest of the process' own", () => {
    const foreign = { GITHUB_OWNER: "other", GITHUB_ORGANIZATION: "other", PATH: "/bin" };
    const env = environmentFor(platform, "delivery", reading(files()), foreign);
    expect(Object.values(env)).not.toContain("other");
    expect(env["PATH"]).toBe("/bin");
  });
  test("for an environment: its file, also over what is loaded of another one", () => {
    const env = environmentFor(platform, "staging", reading(files()), {
      TF_VAR_smoke_key: "production's",
      PATH: "/bin",
    });
    expect(env).toMatchObject({ TF_VAR_smoke_key: "staging-TF_VAR_smoke_key", PATH: "/bin" });
  });
  test("is refused while something is missing, in words and without values", () => {
    const given = files({ staging: { TF_VAR_smoke_key: "" } });
    for (const stack of ["staging", "delivery"] as const) {
      expect(() => environmentFor(platform, stack, reading(given), {})).toThrow(
        /^error: \.env\.korczewski\.staging\n.*missing or too short: TF_VAR_smoke_key\n/,
      );
    }
  });
  test("is refused when it is more than a process can be given", () => {
    const given = files({ staging: { TF_VAR_smoke_key: "x".repeat(128 * 1024) } });
    expect(() => environmentFor(platform, "delivery", reading(given), {})).toThrow(/TF_VAR_staging_secrets\n.*bytes/);
  });
});

describe("running it", () => {
  const directory = mkdtempSync(join(tmpdir(), "twinset-with-"));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const script = (text: string, env = {}) => runWith([process.execPath, "-e", text], { ...process.env, ...env });

  test("gives the command the values, and its exit code back", async () => {
    const file = join(directory, "seen");
    const text = `require("fs").mkdirSync(${JSON.stringify(directory)}, { recursive: true });
      require("fs").writeFileSync(${JSON.stringify(file)}, process.env.VALUE); process.exit(7)`;
    expect(await script(text, { VALUE: "a $(value) 'as' it \"is\"" })).toBe(7);
    expect(existsSync(file) && readFileSync(file, "utf8")).toBe("a $(value) 'as' it \"is\"");
  });
  test("one that a signal ended has that signal's code", async () => {
    expect(await script('process.kill(process.pid, "SIGKILL")')).toBe(137);
  });
  test("a program that is none is a mistake in words", async () => {
    await expect(runWith(["no-such-program"], process.env)).rejects.toThrow(/^error: command\n.*no-such-program/);
  });
});

describe("npm run env -- delivery", () => {
  const describe_ = (given: Files): string => stripVTControlCharacters(describeDelivery(platform, values(given)));
  test("says of each value whether it is there, and never what it is", () => {
    const given = files({ delivery: { STAGING_SSH_KNOWN_HOSTS: "", TF_VAR_reviewers: "" } });
    const text = describe_(given);
    expect(text).toMatch(/TF_VAR_github_token +set +yes/);
    expect(text).toMatch(/TF_VAR_reviewers +missing/);
    expect(text).toMatch(/STAGING_SSH_KNOWN_HOSTS +left out/);
    expect(text).toContain("staging: 23 of 23 secrets and variables");
    expect(text).toContain("1 problem.");
    const secrets = Object.entries(given).flatMap(([, file]) => Object.values(file).filter((value) => value !== ""));
    for (const value of secrets) expect(text).not.toContain(value);
  });
  test("in one line among all files, with what is wrong", () => {
    const file = (given: Files): string => stripVTControlCharacters(describeDeliveryFile(platform, values(given)));
    expect(file(files())).toBe(".env.korczewski.delivery: complete");
    expect(file(files({ staging: { TF_VAR_smoke_key: "" } }))).toBe(
      ".env.korczewski.delivery: incomplete\n  .env.korczewski.staging: missing or too short: TF_VAR_smoke_key",
    );
  });
  test("says how to go on when all is there", () => {
    expect(describe_(files())).toContain("complete; run: npx twinset with delivery -- npx cdktf deploy delivery");
  });
});

describe.each(EVERY_PLATFORM)("%s", (_, { platform: each }) => {
  test("the example of its delivery file has every value that belongs there, each empty", () => {
    const text = deliveryExample(each, each.delivery!);
    const names = deliveryValues(each, each.delivery!, () => ({}), {}).filter(({ file }) => file === "delivery");
    expect(parseEnv(text)).toEqual(Object.fromEntries(names.map(({ name }) => [name, ""])));
    expect(text).not.toMatch(/.{121}/);
  });
});
