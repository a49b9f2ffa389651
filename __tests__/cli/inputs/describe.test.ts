import { describe, expect, test } from "@jest/globals";
import { stripVTControlCharacters } from "node:util";
import { describeDelivery, describeDeliveryFile, describeFile, describeInputs } from "../../../cli/inputs/describe";
import { PLATFORMS } from "../../../config/platforms";
import { inputStatus } from "../../../inputs/status";
import type { Platform } from "../../../model/platform";
import { type Files, files, values } from "../../support/input-files";
import { MANACORE } from "../../support/platforms";

const { korczewski } = PLATFORMS as { korczewski: Platform };

describe("npm run env -- <environment>", () => {
  const { platform } = MANACORE;
  const { production } = platform.environments;
  const { staging } = korczewski.environments;
  test("never a value", () => {
    const env = Object.fromEntries(inputStatus(platform, production, {}).map((i) => [i.name, `value-of-${i.name}`]));
    const text = describeInputs(platform, production, inputStatus(platform, production, env));
    expect(text).not.toContain("value-of");
    expect(stripVTControlCharacters(text)).toContain("0 missing");
  });
  test("says how to load a file", () => {
    const inputs = inputStatus(platform, production, {}, { TF_VAR_smoke_key: "0123456789-smoke-key" });
    expect(describeInputs(platform, production, inputs)).toContain("set -a; . ./.env.manacore.production; set +a");
  });
  test("says that a value is too short", () => {
    const inputs = inputStatus(korczewski, staging, { TF_VAR_jwt_secret: "x".repeat(31) });
    expect(describeInputs(korczewski, staging, inputs)).toContain("1 too short");
    const simple = inputStatus(korczewski, staging, { TF_VAR_jwt_secret: "x".repeat(32) });
    expect(describeInputs(korczewski, staging, simple)).toContain("missing, 1 too simple.");
  });
  test("two secrets with one value are named, and the value is not", () => {
    const values = { TF_VAR_auth_database_password: "hunter2", TF_VAR_payment_database_password: "hunter2" };
    const text = describeInputs(korczewski, staging, inputStatus(korczewski, staging, values));
    expect(text).toContain("TF_VAR_payment_database_password has the same value as TF_VAR_auth_database_password");
    expect(text).not.toContain("hunter2");
  });
  test("two settings may have one value", () => {
    const values = { TF_VAR_cloudflare_zone_id: "same", TF_VAR_registry_username: "same" };
    expect(describeInputs(korczewski, staging, inputStatus(korczewski, staging, values))).not.toContain("same value");
  });
  test("an environment's file: what it lacks, in a line, or that it is complete", () => {
    const names = inputStatus(korczewski, staging, {}).map(({ name }) => name);
    const whole = Object.fromEntries(names.map((name) => [name, `value-of-${name}`.padEnd(40, "-")]));
    const describe = (file: Record<string, string>): string =>
      stripVTControlCharacters(describeFile(korczewski, staging, inputStatus(korczewski, staging, {}, file)));
    expect(describe(whole)).toBe(".env.korczewski.staging: complete");
    const { TF_VAR_smoke_key: _, ...lacking } = whole;
    expect(describe({ ...lacking, TF_VAR_jwt_secret: "short" })).toBe(
      ".env.korczewski.staging: incomplete\n  missing: TF_VAR_smoke_key\n  too short: TF_VAR_jwt_secret",
    );
  });
});

describe("npm run env -- delivery", () => {
  const platform = korczewski;
  const describe_ = (given: Files): string => stripVTControlCharacters(describeDelivery(platform, values(given)));
  test("says of each value whether it is there, and never what it is", () => {
    const given = files({ delivery: { STAGING_SSH_KNOWN_HOSTS: "", TF_VAR_reviewers: "" } });
    const text = describe_(given);
    expect(text).toMatch(/TF_VAR_github_token +set +yes/);
    expect(text).toMatch(/TF_VAR_reviewers +missing/);
    expect(text).toMatch(/STAGING_SSH_KNOWN_HOSTS +left out/);
    expect(text).toContain("staging: 25 of 25 secrets and variables");
    expect(text).toContain("1 problem.");
    const secrets = Object.entries(given).flatMap(([, file]) => Object.values(file).filter((value) => value !== ""));
    for (const value of secrets) expect(text).not.toContain(value);
  });
  test("in one line among all files, with what is wrong", () => {
    const file = (given: Files): string => stripVTControlCharacters(describeDeliveryFile(platform, values(given)));
    expect(file(files())).toBe(".env.korczewski.delivery: complete");
    expect(file(files({ staging: { TF_VAR_smoke_key: "" } }))).toBe(
      ".env.korczewski.delivery: incomplete\n  .env.korczewski.staging: missing, too short or too simple: TF_VAR_smoke_key",
    );
  });
  test("says how to go on when all is there", () => {
    expect(describe_(files())).toContain("complete; run: npx twinset with delivery -- npx cdktf deploy delivery");
  });
});
