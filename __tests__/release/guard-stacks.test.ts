/**
 * The guard goes by addresses. Here it is held to what every platform's production really has: whose a container is says
 * its labels, whose an image is say the containers that refer to it.
 */
import { describe, expect, test } from "@jest/globals";
import type { ProductRelease } from "../../model/release";
import { guard, type GuardedStep } from "../../release/guard";
import type { Step } from "../../release/machine";
import type { ResourceChange } from "../../terraform/plan";
import { type Synthesized, synthStack } from "../support/synth";
import { EVERY_PLATFORM, variant } from "../support/platforms";

type Body = Record<string, unknown>;
interface Owned {
  readonly change: ResourceChange;
  readonly product?: string | undefined;
  readonly colour?: string | undefined;
  /** "switch", "database", "backend". */
  readonly role?: string | undefined;
}

/** Every resource of a stack, as a plan that makes it anew would have it, and whose it is. */
function owned(stack: Synthesized, labelPrefix: string): Owned[] {
  const resources = stack.json["resource"] as Record<string, Record<string, Body>>;
  const label = (body: Body, name: string): string | undefined =>
    (Array.isArray(body["labels"]) ? (body["labels"] as { label: string; value: string }[]) : []).find(
      (each) => each.label === `${labelPrefix}.${name}`,
    )?.value;
  const containers = Object.values(resources["docker_container"]!);
  return Object.entries(resources).flatMap(([type, named]) =>
    Object.entries(named).map(([name, body]) => {
      const users = containers.filter((each) => each["image"] === `\${docker_image.${name}.image_id}`);
      /** What all say alike: the edge's image, which every product's switch uses, is nobody's. */
      const common = (what: string): string | undefined => {
        const said = new Set(type === "docker_image" ? users.map((each) => label(each, what)) : [label(body, what)]);
        return said.size === 1 ? [...said][0] : undefined;
      };
      return {
        change: {
          ...{ address: `${type}.${name}`, mode: "managed", type, name },
          change: { actions: ["create", "delete"], before: {}, after: body },
        },
        ...{ product: common("project"), colour: common("set") },
        role: type === "docker_image" ? "image" : label(body, "service"),
      };
    }),
  );
}

describe.each(EVERY_PLATFORM)("%s", (_, loaded) => {
  const { platform } = loaded;
  const names = platform.products.map(({ name }) => name);
  /** Both sets of every product run, and blue is live. */
  const both: ProductRelease = { live: "blue", canary: 0, blue: { version: "v1.0.0" }, green: { version: "v2.0.0" } };
  const stack = synthStack(
    variant({ of: loaded, releases: Object.fromEntries(names.map((name): [string, ProductRelease] => [name, both])) }),
  );
  const all = owned(stack, platform.labelPrefix);
  const step = (product: string, name: Step, first = false): GuardedStep => ({ product, step: name, to: both, first });
  /** Addresses that a step may change. */
  const letThrough = (by: GuardedStep): string[] =>
    all.filter(({ change }) => guard([change], by, names).refused.length === 0).map(({ change }) => change.address);
  const addressesOf = (fits: (each: Owned) => boolean): string[] =>
    all.filter(fits).map(({ change }) => change.address);

  test("every container and image of a set is somebody's, in some colour", () => {
    const sets = all.filter(({ change }) => /_(blue|green)_/.test(change.name));
    expect(sets.length).toBeGreaterThanOrEqual(4 * names.length);
    expect(sets.filter(({ product, colour }) => product === undefined || colour === undefined)).toEqual([]);
    expect(new Set(sets.map(({ product }) => product))).toEqual(new Set(names));
  });

  test.each(names)("a deploy of %s: its idle set, its switch, its database; nothing of anybody else", (product) => {
    const own = addressesOf(
      (each) =>
        each.product === product && (each.colour === "green" || each.role === "switch" || each.role === "database"),
    );
    expect(letThrough(step(product, "deploy"))).toEqual(own);
    expect(own.some((address) => address.startsWith("docker_image."))).toBe(true);
  });

  test.each(names)("canary, cutover and the way back of %s: its switch alone", (product) => {
    for (const name of ["canary", "cutover", "back"] as const) {
      expect(letThrough(step(product, name))).toEqual([`docker_container.${product}_switch_job`]);
    }
  });

  test.each(names)("retire and clean-up of %s: its idle set and its switch", (product) => {
    const own = addressesOf((each) => each.product === product && (each.colour === "green" || each.role === "switch"));
    for (const name of ["retire", "clean-up"] as const) expect(letThrough(step(product, name))).toEqual(own);
  });

  test.each(names)("a first release of %s: its live set, and the edge's list of products", (product) => {
    const own = addressesOf(
      ({ change, ...each }) =>
        (each.product === product && (each.colour === "blue" || each.role === "switch" || each.role === "database")) ||
        change.name === "edge-settings",
    );
    expect(letThrough(step(product, "deploy", true)).sort()).toEqual(own.sort());
  });

  test("no step of any product may touch a volume, the host, a network, DNS or the zone, whatever is done to it", () => {
    const untouchable = all.filter(({ change }) => !["docker_container", "docker_image"].includes(change.type));
    expect(untouchable.length).toBeGreaterThan(15);
    for (const product of names) {
      for (const name of ["deploy", "canary", "cutover", "retire", "back", "clean-up"] as const) {
        for (const { change } of untouchable) {
          for (const actions of [["create"], ["update"], ["delete"]]) {
            const changed = { ...change, change: { ...change.change, actions } };
            expect(guard([changed], step(product, name, true), names).refused).toHaveLength(1);
          }
        }
      }
    }
  });

  test("each refusal says whose the thing is", () => {
    for (const { change, product } of all.filter((each) => each.product !== undefined)) {
      const other = names.find((name) => name !== product);
      if (other === undefined) continue;
      const [refusal] = guard([change], step(other, "deploy"), names).refused;
      // A database's job is found by its store's name, which comes first.
      const what = change.name.startsWith(`${product}_`) ? `product ${product}` : "shared infrastructure";
      expect(refusal).toMatchObject({ address: change.address, what });
    }
  });
});
