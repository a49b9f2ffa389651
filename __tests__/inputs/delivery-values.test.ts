import { describe, expect, test } from "@jest/globals";
import { environmentFor } from "../../inputs/environment-for";
import { deliveryProblems } from "../../inputs/problems";
import { inputUses } from "../../model/inputs";
import { type Files, files, reading, values } from "../support/input-files";
import { KORCZEWSKI } from "../support/platforms";

const { platform } = KORCZEWSKI;
const problems = (given: Files, env = {}) => deliveryProblems(platform, values(given, env));

describe("the delivery stack's values", () => {
  test("come from the environments' own files; only what is the pipelines' own is in the stack's", () => {
    const own = values({}).filter(({ file }) => file === "delivery");
    expect(own.map(({ name }) => name)).toEqual([
      ...["AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
      ...["TF_VAR_github_token", "TF_VAR_github_repository", "TF_VAR_reviewers"],
      ...["PLAN_AWS_ACCESS_KEY_ID", "PLAN_AWS_SECRET_ACCESS_KEY"],
      "STAGING_WATCH_TF_VAR_cloudflare_api_token",
      ...["PRODUCTION_WATCH_TF_VAR_cloudflare_api_token", "PRODUCTION_WATCH_TF_VAR_hcloud_token"],
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
      [".env.korczewski.delivery", "missing, too short or too simple: TF_VAR_reviewers"],
      [".env.korczewski.staging", "missing, too short or too simple: TF_VAR_jwt_secret and TF_VAR_smoke_key"],
    ]);
  });
  test.each(["staging", "production", "delivery"])("must not have %s' own token where pull requests read", (whose) => {
    const given = files();
    given["delivery"]!["PLAN_AWS_ACCESS_KEY_ID"] = given[whose]!["AWS_ACCESS_KEY_ID"]!;
    expect(problems(given)).toMatchObject([
      { path: ".env.korczewski.delivery/PLAN_AWS_ACCESS_KEY_ID", given: `the token of .env.korczewski.${whose}` },
    ]);
  });
  test.each(["STAGING_WATCH_TF_VAR_cloudflare_api_token", "PRODUCTION_WATCH_TF_VAR_hcloud_token"])(
    "must not have a token that deploys where nobody agrees: %s",
    (name) => {
      const [, whose, key] = /^(STAGING|PRODUCTION)_WATCH_(.*)$/.exec(name)!;
      const given = files();
      given["delivery"]![name] = given[whose!.toLowerCase()]![key!]!;
      expect(problems(given)).toMatchObject([
        { path: `.env.korczewski.delivery/${name}`, given: `the token of .env.korczewski.${whose!.toLowerCase()}` },
      ]);
    },
  );
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
      "missing, too short or too simple: AWS_ACCESS_KEY_ID",
      "missing, too short or too simple: TF_VAR_smoke_key",
    ]);
  });
});
