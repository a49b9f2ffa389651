/** Every stack of every platform, each with what it was made of, and ways to compare the two. */
import { type Environment } from "../../model/environment";
import { ENVIRONMENTS } from "../../model/environment-name";
import { type Platform, replicasOf, sized } from "../../model/platform";
import { type Colour, type Release, runningColours } from "../../model/release";
import type { CustomStore, Product, Service } from "../../model/service";
import { synthAll, type Synthesized } from "./synth";
import { EVERY_PLATFORM } from "./platforms";

export type Body = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- parsed JSON, asserted on

export interface Case {
  readonly platform: Platform;
  readonly environment: Environment;
  readonly release: Release;
  readonly stack: Synthesized;
}

/** "manacore production" and its case, for `describe.each`. */
export const everyCase = (): [string, Case][] =>
  EVERY_PLATFORM.flatMap(([title, loaded]) => {
    const { platform, releases } = loaded;
    const stacks = synthAll(loaded);
    return ENVIRONMENTS.map((name): [string, Case] => [
      `${title} ${name}`,
      { platform, environment: platform.environments[name], release: releases[name].release, stack: stacks[name] },
    ]);
  });

/** The same property of each, by name: one comparison shows every item that differs. */
export const map = <T, U>(items: Readonly<Record<string, T>>, of: (item: T, name: string) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(items).map(([name, item]) => [name, of(item, name)]));

export const containers = (stack: Synthesized): Record<string, Body> => stack.all("docker_container");
export const pick = (stack: Synthesized, fits: (body: Body, name: string) => boolean): Record<string, Body> =>
  Object.fromEntries(Object.entries(containers(stack)).filter(([name, body]) => fits(body, name)));
export const jobs = (stack: Synthesized): Record<string, Body> => pick(stack, (body) => body["must_run"] === false);
export const longRunning = (stack: Synthesized): Record<string, Body> =>
  pick(stack, (body) => body["must_run"] !== false);

/** The containers that one waits for. */
export const waitsFor = (stack: Synthesized, name: string): string[] =>
  [...stack.upstream(`docker_container.${name}`)].flatMap((address) =>
    address.startsWith("docker_container.") ? [address.slice("docker_container.".length)] : [],
  );

export interface Placed {
  readonly product: Product;
  /** With the limits that it has in the environment. */
  readonly service: Service;
  readonly colour: Colour;
  readonly replica: number;
}

/** Every release container that there should be, by its name in Terraform. */
export const placed = ({ platform, environment, release }: Case): Record<string, Placed> =>
  Object.fromEntries(
    platform.products.flatMap((product) =>
      runningColours(release[product.name]!).flatMap((colour) =>
        product.services.flatMap((service) =>
          Array.from({ length: replicasOf(environment, service) }, (_, replica): [string, Placed] => [
            `${product.name}_${colour}_${service.role}-${replica}`,
            { product, service: sized(environment, service), colour, replica },
          ]),
        ),
      ),
    ),
  );

export const storeNames = ({ platform }: Case): string[] => platform.stores.map(({ name }) => name);
/** With the limits that they have in the environment. */
export const customStores = ({ platform, environment }: Case): CustomStore[] =>
  platform.stores.flatMap((store) => (store.kind === "custom" ? [sized(environment, store)] : []));
