import { describe, expect, test } from "@jest/globals";
import { corsOrigins } from "../../../model/cors";
import type { EnvironmentName } from "../../../model/environment-name";
import { hostsOf, type Platform, servicesOf } from "../../../model/platform";
import type { Problem } from "../../../model/problem";
import { MANACORE, withEnvironment } from "../../support/platforms";
import { check, expectProblem } from "./support";

const withList =
  (corsFrom: readonly string[], of = "chat-backend") =>
  (platform: Platform): Platform => ({
    ...platform,
    products: platform.products.map((product) => ({
      ...product,
      services: product.services.map((service) =>
        service.name === of ? { ...service, access: { ...service.access, corsFrom } } : service,
      ),
    })),
  });
const withOrigins = (name: EnvironmentName, ...corsOrigins: readonly string[]): Problem[] =>
  check(withEnvironment(name, { corsOrigins }));

describe("the origins that may call APIs", () => {
  const { platform } = MANACORE;
  test.each(["development", "staging", "production"] as const)("%s: its own names, and no other's", (name) => {
    const environment = platform.environments[name];
    const origins = corsOrigins(platform, environment);
    const scheme = name === "development" ? "http" : "https";
    const own = servicesOf(platform).flatMap((s) => hostsOf(s, environment).map((host) => `${scheme}://${host}`));
    expect(new Set(origins)).toEqual(
      new Set([
        ...own,
        ...(name === "development" ? ["http://localhost:*"] : []),
        ...["capacitor://localhost", "ionic://localhost"],
      ]),
    );
    expect(origins.filter((origin) => /status|\.\*|\*\./.test(origin))).toEqual([]);
  });
  test("a list of its own: those services, those origins, and what the environment adds; whoever is not here has none", () => {
    const { production } = platform.environments;
    expect(corsOrigins(platform, production, ["chat-web", "https://partner.example", "gone"])).toEqual([
      "https://app-chat.manacore.app",
      "https://partner.example",
      "capacitor://localhost",
      "ionic://localhost",
    ]);
  });
});

describe("lists", () => {
  const path = "chat/chat-backend/access/corsFrom";
  test("of services and others' origins", () => {
    expect(check(withList(["chat-web", "news-api", "https://partner.example", "http://[::1]:8080"]))).toEqual([]);
    expect(check(withList([]))).toEqual([]);
  });
  test("a service that is not there", () => {
    expectProblem(check(withList(["chat-wbe"])), { path, severity: "error", given: "chat-wbe", expected: "chat-web" });
  });
  test("of a service that is no API, where it would do nothing", () => {
    const problems = check(withList(["chat-landing"], "chat-web"));
    expectProblem(problems, { path: "chat/chat-web/access/corsFrom", severity: "error", fix: "api: true" });
  });
  test.each([
    "https://app.example.org/",
    "https://app.example.org/path",
    "https://App.example.org",
    "https://app.example.org:port",
    "https://a@example.org",
    "https://",
  ])("%s is no origin, and so would never fit", (origin) => {
    expectProblem(check(withList([origin])), { path, severity: "error", given: origin });
  });
});

describe("an environment's origins", () => {
  test.each(["null", "*", "app.manacore.app", "https://*", "http://*:*", "https://**"])("%s", (origin) => {
    const [problem] = withOrigins("production", origin);
    expect(problem).toMatchObject({ path: "environments/production/corsOrigins", severity: "error" });
    expect(problem!.given).toContain(origin);
  });
  test("every subdomain: a warning that names whose they are besides", () => {
    const problems = withOrigins("production", "https://*.manacore.app");
    expectProblem(problems, {
      path: "environments/production/corsOrigins",
      severity: "warning",
      given: "https://*.manacore.app: the page of every name that fits",
    });
    expect(problems[0]!.given).toContain("also of status.manacore.app, which leads elsewhere");
    expect(withOrigins("staging", "https://staging-*.manacore.app")[0]!.given).not.toContain("status");
  });
  test("another company's name", () => {
    const problems = withOrigins("staging", "https://status.manacore.app", "https://partner.example");
    expectProblem(problems, {
      severity: "warning",
      given: "https://status.manacore.app: status.manacore.app, which leads elsewhere, may call",
    });
    expectProblem(check(withList(["https://status.manacore.app"])), { path: "chat/chat-backend/access/corsFrom" });
  });
  test("on one's own computer, whatever the port and the name", () => {
    expect(withOrigins("development", "http://localhost:*", "http://*.localhost")).toEqual([]);
    expect(withOrigins("production", "http://localhost:5173", "capacitor://localhost")).toEqual([]);
  });
});
