import { describe, expect, test } from "@jest/globals";
import { environmentFor } from "../../inputs/environment-for";
import { deployed, pipelineValues } from "../../model/pipeline";
import { files, reading } from "../support/input-files";
import { KORCZEWSKI } from "../support/platforms";

const { platform } = KORCZEWSKI;
const mapOf = (text: string | undefined): Record<string, string> => JSON.parse(text!) as Record<string, string>;

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
        /^error: \.env\.korczewski\.staging\n.*missing, too short or too simple: TF_VAR_smoke_key\n/,
      );
    }
  });
  test("is refused when it is more than a process can be given", () => {
    const given = files({ staging: { TF_VAR_smoke_key: "01234567".repeat(16 * 1024) } });
    expect(() => environmentFor(platform, "delivery", reading(given), {})).toThrow(/TF_VAR_staging_secrets\n.*bytes/);
  });
});
