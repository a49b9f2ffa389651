import { expect, test } from "@jest/globals";
import { ContainerSet } from "../../constructs/docker/container-set";
import { Networks } from "../../constructs/docker/networks";
import type { Service } from "../../model/service";
import { engineIn, synthChecked } from "../support/engine";
import { MANACORE } from "../support/platforms";

const { platform } = MANACORE;

const needs = (name: string, dependsOn: readonly string[]): Service => ({
  ...platform.products.find((product) => product.name === "chat")!.services[0]!,
  name: `shop-${name}`,
  role: name,
  dependsOn,
});

const stack = synthChecked((scope) => {
  const engine = engineIn(scope);
  const set = {
    engine,
    networks: new Networks(scope, "networks", engine, platform.networks),
    // The one that needs another comes first in the catalog.
    product: { name: "shop", services: [needs("web", ["shop-api", "redis"]), needs("api", []), needs("docs", [])] },
    repositoryOf: (service: Service) => service.name,
    envOf: () => ({}),
    replicasOf: (service: Service) => (service.role === "api" ? 2 : 1),
    domainOf: () => undefined,
    dependsOn: [],
  };
  new ContainerSet(scope, "blue", { ...set, colour: "blue", release: { version: "v1" } });
  new ContainerSet(scope, "green", {
    ...set,
    colour: "green",
    release: { version: "v2", tags: { "shop-api": "x" } },
  });
});

const waits = (colour: string, role: string): string[] =>
  Object.entries(stack.all("docker_container"))
    .filter(([name]) => name.startsWith(`${colour}_${role}-0`))
    .flatMap(([, body]) => (body["depends_on"] as string[] | undefined) ?? []);

test.each(["blue", "green"])("a service waits for every copy of those that it needs, in its own set: %s", (colour) => {
  expect(waits(colour, "web")).toEqual([
    expect.stringContaining(`${colour}_api-0`),
    expect.stringContaining(`${colour}_api-1`),
  ]);
  expect(waits(colour, "api")).toEqual([]);
  expect(waits(colour, "docs")).toEqual([]);
});

test("a service's image has the tag that the release gives it, else the version", () => {
  const names = Object.values(stack.all("docker_image")).map((image) => String(image["name"]));
  expect(names.sort()).toEqual([
    "shop-api:v1",
    "shop-api:x",
    "shop-docs:v1",
    "shop-docs:v2",
    "shop-web:v1",
    "shop-web:v2",
  ]);
});
