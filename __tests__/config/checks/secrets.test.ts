import { describe, expect, test } from "@jest/globals";
import { perEnvironment, secret, template, urlEncoded } from "../../../model/values";
import { SENTINELIQ, withService } from "../../support/platforms";
import { check, expectProblem, withStore } from "./support";

describe("a secret given as plain text", () => {
  test.each([
    ["STRIPE_SECRET_KEY", "abc"],
    ["OPENAI_API_KEY", "abc"],
    ["DATABASE_URL", "postgresql://localhost/x"],
    ["SENTRY_DSN", "https://x"],
    ["BACKUP_TARGET", "postgresql://manacore:hunter2@db/x"],
    ["PAYMENT", "sk_live_abcdef"],
    ["PEM", "-----BEGIN PRIVATE KEY-----"],
  ])("%s", (key, value) => {
    const problems = check(withService("bauntown-landing", { env: { [key]: value } }));
    expectProblem(problems, { path: `bauntown/bauntown-landing/env/${key}`, given: "plain text" });
    expect(JSON.stringify(problems)).not.toContain(value);
  });
  test("made fit for an address", () => {
    const env = { API_TOKEN: urlEncoded("abc") };
    expectProblem(check(withService("bauntown-landing", { env })), { path: "env/API_TOKEN" });
  });
  test("in a store", () => {
    expectProblem(check(withStore("kibana", { env: { ELASTICSEARCH_PASSWORD: "abc" } }), SENTINELIQ), {
      path: "kibana/env/ELASTICSEARCH_PASSWORD",
    });
  });
  test("in one environment only", () => {
    const env = { API_TOKEN: perEnvironment({ development: "", staging: "", production: "abc" }) };
    expectProblem(check(withService("bauntown-landing", { env })), { path: "env/API_TOKEN" });
  });
  test("a browser's public key is none, nor is a secret that is given at deploy time", () => {
    const env = {
      PUBLIC_SUPABASE_ANON_KEY: "abc",
      JWT_PRIVATE_KEY: secret("jwt", { description: "x", where: "x" }),
      REDIS_URL: template`redis://:${secret("cache_password", { description: "x", where: "x" })}@redis:6379`,
    };
    expect(check(withService("bauntown-landing", { env }))).toEqual([]);
  });
});
