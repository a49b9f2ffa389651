/** What tests of checks share: a check of a changed platform, and parts to change it with. */
import { expect } from "@jest/globals";
import { checkPlatform } from "../../../config/checks";
import type { HetznerHost } from "../../../model/environment";
import type { Platform } from "../../../model/platform";
import type { Problem } from "../../../model/problem";
import type { CustomStore, Network, Product, Store } from "../../../model/service";
import { MANACORE, variant, withEnvironment } from "../../support/platforms";

/** What the checks say of a platform with some of it changed. */
export const check = (change: (platform: Platform) => Platform, of = MANACORE): Problem[] => {
  const { platform, releases } = variant({ of, platform: change });
  return checkPlatform(platform, releases);
};

/** Exactly one problem, with these words in its parts. */
export function expectProblem(problems: readonly Problem[], expected: Partial<Problem>): void {
  expect(problems).toHaveLength(1);
  const [problem] = problems;
  for (const [key, value] of Object.entries(expected)) {
    expect(problem![key as keyof Problem]).toContain(value);
  }
  for (const part of [problem!.path, problem!.given, problem!.expected, problem!.fix]) expect(part).not.toBe("");
}

export const chat = MANACORE.platform.products.find((p) => p.name === "chat")!;

const [backend] = chat.services;

/** A service that has no problem but those of its name and its port. */
export const service = (name: string, port: number): Product["services"][number] => ({
  ...backend!,
  name,
  developmentPort: port,
  env: {},
  access: {
    ...backend!.access,
    hosts: {
      development: [`${name}.localhost`],
      staging: [`staging-api-${name}.manacore.app`],
      production: [`api-${name}.manacore.app`],
    },
  },
});

/** One more product, with a service that has no problem. */
export const product = (name: string, services = [service(`${name}-backend`, 3900)]): Product => ({ name, services });

export const withStore =
  (name: string, change: Partial<Omit<CustomStore, "kind">>) =>
  (platform: Platform): Platform => ({
    ...platform,
    stores: platform.stores.map((store) => (store.name === name ? ({ ...store, ...change } as Store) : store)),
  });

export const withNetworks =
  (change: (networks: Platform["networks"]) => Readonly<Record<string, Network>>) =>
  (platform: Platform): Platform => ({ ...platform, networks: change(platform.networks) });

export const withHost = (change: Partial<HetznerHost>) =>
  withEnvironment("staging", {
    host: { ...(MANACORE.platform.environments.staging.host as HetznerHost), ...change },
  });
