import { describe, expect, test } from "@jest/globals";
import { PLATFORMS } from "../../config/platforms";
import { inputStatus, isWrong } from "../../inputs/status";
import type { Platform } from "../../model/platform";
import { MANACORE } from "../support/platforms";

const { platform } = MANACORE;
const { development, production } = platform.environments;
const state = (inputs: ReturnType<typeof inputStatus>, name: string): string | undefined =>
  inputs.find((input) => input.name === name)?.state;

describe("which inputs are set", () => {
  test("by name: set, in a file that is not loaded, default, missing", () => {
    const inputs = inputStatus(
      platform,
      production,
      { TF_VAR_hcloud_token: "t", TF_VAR_stripe_secret_key: "" },
      { TF_VAR_smoke_key: "0123456789-smoke-key" },
    );
    expect(state(inputs, "TF_VAR_hcloud_token")).toBe("set");
    expect(state(inputs, "TF_VAR_smoke_key")).toBe("in file");
    expect(state(inputs, "TF_VAR_stripe_secret_key")).toBe("missing");
    expect(state(inputs, "AWS_SECRET_ACCESS_KEY")).toBe("missing");
  });
  test("development has defaults for its own containers and needs no cloud", () => {
    const inputs = inputStatus(platform, development, {});
    expect(state(inputs, "TF_VAR_postgres_password")).toBe("default");
    expect(state(inputs, "TF_VAR_hcloud_token")).toBeUndefined();
    expect(state(inputs, "AWS_ACCESS_KEY_ID")).toBeUndefined();
  });
});

describe("are the values good?", () => {
  const { korczewski } = PLATFORMS as { korczewski: Platform };
  const { staging } = korczewski.environments;
  test("a secret that is too short is as wrong as a missing one", () => {
    const inputs = inputStatus(korczewski, staging, { TF_VAR_jwt_secret: "x".repeat(31) });
    expect(state(inputs, "TF_VAR_jwt_secret")).toBe("too short");
    expect(inputs.filter(isWrong).map(({ name }) => name)).toContain("TF_VAR_jwt_secret");
    const enough = inputStatus(korczewski, staging, { TF_VAR_jwt_secret: "0123456789abcdef".repeat(2) });
    expect(state(enough, "TF_VAR_jwt_secret")).toBe("set");
  });
  test("so is one that people made up and can be guessed, and on one's own computer it is not", () => {
    const simple = { TF_VAR_auth_database_password: "letmein".repeat(4) };
    expect(state(inputStatus(korczewski, staging, simple), "TF_VAR_auth_database_password")).toBe("too simple");
    expect(
      inputStatus(korczewski, staging, simple)
        .filter(isWrong)
        .map(({ name }) => name),
    ).toContain("TF_VAR_auth_database_password");
    const own = korczewski.environments.development;
    expect(state(inputStatus(korczewski, own, simple), "TF_VAR_auth_database_password")).toBe("set");
  });
});
