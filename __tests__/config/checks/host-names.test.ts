import { describe, expect, test } from "@jest/globals";
import { KORCZEWSKI, withEnvironment, withService } from "../../support/platforms";
import { chat, check, expectProblem } from "./support";

describe("host names", () => {
  const hosts = (production: string[]) =>
    withService("chat-web", {
      access: { ...chat.services[1]!.access, hosts: { ...chat.services[1]!.access.hosts, production } },
    });
  test("twice", () => {
    expectProblem(check(hosts(["app-news.manacore.app"])), { given: "app-news.manacore.app, which chat/chat-web" });
  });
  const webhooks = (production: string[]) => {
    const { access } = KORCZEWSKI.platform.products.find(({ name }) => name === "payment")!.services[0]!;
    return withService("payment", { access: { ...access, webhooks: { ...access.webhooks!, production } } });
  };
  test("for webhooks, outside the zone", () => {
    expectProblem(check(webhooks(["hooks.example.org"]), KORCZEWSKI), {
      path: "payment/payment/access/webhooks/production",
      expected: "a name in the zone korczewski.de",
    });
  });
  test("for webhooks, which another service has", () => {
    expectProblem(check(webhooks(["auth.korczewski.de"]), KORCZEWSKI), {
      path: "payment/payment/access/webhooks/production",
      given: "auth.korczewski.de, which auth/auth",
    });
  });
  test("for webhooks, which the service itself has", () => {
    expectProblem(check(webhooks(["payment.korczewski.de"]), KORCZEWSKI), { given: "which payment/payment" });
  });
  test("outside the zone", () => {
    expect(check(hosts(["app-chat.manacore.com"])).map((p) => p.expected)).toContainEqual(
      "a name in the zone manacore.app",
    );
  });
  test("deeper than a wildcard certificate reaches, with the DNS challenge; the HTTP challenge has one for each", () => {
    expectProblem(check(hosts(["app.chat.manacore.app"])), {
      path: "chat/chat-web/access/hosts/production",
      expected: "a name right below manacore.app",
    });
    expect(check((p) => p, KORCZEWSKI)).toEqual([]);
    const { tls } = KORCZEWSKI.platform.environments.production;
    const byDns = withEnvironment("production", { tls: { ...tls, challenge: "dns" } as typeof tls });
    expect(check(byDns, KORCZEWSKI).map(({ given }) => given.split(",")[0])).toEqual([
      "api.l2p.korczewski.de",
      "webhooks.payment.korczewski.de",
    ]);
  });
  test("not a host name", () => {
    expect(check(hosts(["app chat.manacore.app"])).map((p) => p.given)).toContainEqual("app chat.manacore.app");
  });
  test("bundles' host outside the zone", () => {
    expectProblem(check(withEnvironment("staging", { otaHost: "ota.example.org" })), { path: "staging/otaHost" });
  });
});
