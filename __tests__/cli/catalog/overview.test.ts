import { expect, test } from "@jest/globals";
import { stripVTControlCharacters } from "node:util";
import { deliveryOverview, overview } from "../../../cli/catalog/overview";
import type { EnvironmentName } from "../../../model/environment-name";
import { hostsOf, type Platform } from "../../../model/platform";
import { both, variant, withEnvironment } from "../../support/platforms";

function show(name: EnvironmentName, change: Parameters<typeof variant>[0] = {}): string {
  const { platform, releases } = variant({ environment: name, ...change });
  return stripVTControlCharacters(
    overview({
      platform,
      environment: platform.environments[name],
      release: releases[name].release,
      jsonPath: `cdktf.out/stacks/${name}/cdk.tf.json`,
      resources: 167,
    }),
  );
}

const row = (text: string, product: string): string =>
  text.split("\n").find((line) => line.trim().startsWith(product))!;

test("every product with its live and idle set, containers, needs and host names", () => {
  const text = show("production", { releases: { chat: both(10) } });
  expect(row(text, "chat")).toMatch(
    /chat +blue v1\.5\.2 +green v1\.6\.0 10 % +backend, web, landing +896 MiB +0\.85 +api-chat {2}app-chat {2}chat {2}ota\/chat\//,
  );
  const { platform } = variant();
  for (const product of platform.products) {
    for (const service of product.services) {
      const [host] = hostsOf(service, platform.environments.production);
      expect(row(text, product.name)).toContain(host!.replace(".manacore.app", ""));
    }
  }
});

test("host, memory and CPU against what the server has, cost with its source, and the JSON's place", () => {
  const text = show("production");
  expect(text).toContain("ccx43 in fsn1 (16 vCPU, 64 GiB, 360 GiB disk), volume 100 GiB, backups, protected");
  expect(text).toContain("12.5 GiB (20 %) now, 21.8 GiB (34 %) with both sets of every product, of 64 GiB");
  expect(text).toContain("131.00 USD a month: server ccx43 100.00");
  expect(text).toContain("manacore-ci-cd-plan.md, Cost Breakdown, 2025-11-27");
  expect(text).toContain("not in the documents' prices: server backups, volume 100 GB, IPv4 address");
  expect(text).toContain("cdktf.out/stacks/production/cdk.tf.json (167 resources)");
});

test("what is shared, each of it a container", () => {
  const text = show("production");
  expect(row(text, "shared")).toMatch(/postgres, redis, edge \(traefik\), its keeper, prometheus +3\.3 GiB/);
  expect(text).toMatch(/containers +38 now/);
});

test("beside nginx there is no Prometheus, and none is counted", () => {
  const platform = (given: Platform): Platform => ({ ...given, edge: { ...given.edge, kind: "nginx" } });
  const text = show("production", { platform });
  expect(row(text, "shared")).toMatch(/postgres, redis, edge \(nginx\), its keeper +3\.1 GiB/);
  expect(text).toMatch(/containers +37 now/);
});

test("replicas", () => {
  const platform = withEnvironment("production", { replicas: { "chat-backend": 3 } });
  expect(row(show("production", { platform }), "chat")).toContain("backend ×3, web, landing");
});

test("a product that is not released says so", () => {
  const { platform } = variant();
  const text = overview({
    platform,
    environment: platform.environments.staging,
    release: {},
    jsonPath: "x",
    resources: 0,
  });
  expect(row(stripVTControlCharacters(text), "chat")).toContain("not released");
});

test("development: this computer, ports, no cost", () => {
  const text = show("development");
  expect(text).toContain("the Docker engine of this computer");
  expect(row(text, "chat")).toContain("api-chat :3002  app-chat :3100  chat :3200");
  expect(text).toMatch(/cost +none/);
});

test("delivery: each environment's gate, what it is given, and the rules", () => {
  const { platform } = variant();
  const text = stripVTControlCharacters(deliveryOverview(platform, "cdktf.out/stacks/delivery/cdk.tf.json"));
  expect(text).toContain(
    "staging after a review, staging-plan, staging-watch, staging-close: 35 secrets, 31 variables",
  );
  expect(text).toContain(
    "production after a review by somebody else, production-plan, production-watch, production-close: 35 secrets, 31 variables",
  );
  expect(text).toContain("main changes by approved pull requests that pass check and plan");
  expect(text).toContain("cdktf.out/stacks/delivery/cdk.tf.json");
});
