import { describe, expect, test } from "@jest/globals";
import { mustBeBearable } from "../../rehearsal/drills/drill";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { adapt, withDigests, withoutDigests } from "../../rehearsal/adapt";
import { formatFigure, formatImages, keepsPromise, missedPromises } from "../../rehearsal/report";
import { manacore } from "../../config/platforms/manacore";

describe("a figure", () => {
  const promise = { atMost: 30, source: "traffic back under 30 s" };

  test("says whether it keeps its promise", () => {
    expect(formatFigure({ name: "requests", value: 100_015 })).toBe("requests 100,015");
    expect(formatFigure({ name: "back", value: 3.9, unit: "s", promise })).toBe(
      "back 3.9 s (traffic back under 30 s: kept)",
    );
    expect(formatFigure({ name: "back", value: 31, unit: "s", promise })).toContain("NOT KEPT");
  });

  test.each([
    ["kept", 29.9, "passes"],
    ["missed on busy cores", 32, "passes"],
    ["missed by as much as busy cores explain", 120, "passes"],
    ["missed beyond that", 120.1, "fails"],
    ["never met", "never", "fails"],
  ] as [string, number | string, string][])("that is %s (%s): the drill %s", (_, value, what) => {
    const look = () =>
      mustBeBearable([
        { name: "resources", value: 170 },
        { name: "back", value, unit: "s", promise },
      ]);
    if (what === "passes") expect(look).not.toThrow();
    else expect(look).toThrow(`back: ${value} s, more than 4 times what is promised (traffic back under 30 s)`);
  });

  test("that misses its promise is told at the end, whether its drill has passed or not", () => {
    const drill = { number: 5, name: "rollback", title: "", seconds: 9, result: "passed" } as const;
    const figures = [
      { name: "back", value: 32, unit: "s", promise },
      { name: "requests", value: 3 },
    ];
    expect(
      missedPromises([
        { ...drill, figures },
        { ...drill, figures: [{ ...figures[0]!, value: 30 }] },
      ]),
    ).toEqual(["rollback: back 32 s (traffic back under 30 s: NOT KEPT)"]);
  });

  test("without a number there is nothing to keep a promise with", () => {
    expect(keepsPromise({ name: "back", value: "never", promise })).toBe(false);
    expect(keepsPromise({ name: "note", value: "never" })).toBe(true);
  });
});

test("images are summed up by where they came from", () => {
  expect(formatImages({ "traefik:v3": "pulled", "a:1": "stand-in", "b:1": "stand-in" })).toEqual([
    "1 pulled: traefik:v3",
    "2 stand-ins: a:1, b:1",
  ]);
  const many = Object.fromEntries(["a", "b", "c", "d", "e"].map((name) => [name, "stand-in" as const]));
  expect(formatImages(many)).toEqual(["5 stand-ins: a, b, c and 2 more"]);
});

describe("what a rehearsal changes", () => {
  const around = {
    address: "127.77.0.1",
    acmeDirectory: "https://172.17.0.1:14000/dir",
    dnsApi: "http://172.17.0.1:4000/client/v4",
    resolver: "172.17.0.1:5353",
    registry: "127.0.0.1:40123",
    cores: 2,
    edgeImage: "twinset/edge:rehearsal",
  };
  const { production } = manacore.environments;

  test("is where the edge listens and gets certificates, and is said", () => {
    const { environment, platform, changes } = adapt(manacore, production, around);
    expect(environment).toEqual({
      ...production,
      host: { ...production.host, publishOn: "127.77.0.1" },
      tls: {
        ...production.tls,
        caServer: around.acmeDirectory,
        resolvers: [around.resolver],
        dnsApi: around.dnsApi,
      },
    });
    expect(platform.edge).toEqual({ ...manacore.edge, image: around.edgeImage });
    expect(platform.products).toEqual(manacore.products);
    expect(changes).toHaveLength(4);
  });

  test("is that stand-ins in its registry go by their digests, and that what is not there goes by its tag is said", () => {
    const digest = `sha256:${"1".repeat(64)}`;
    const postgres = { name: `${around.registry}/stand-ins/postgres:16-alpine`, digest };
    const edge = { name: `${around.registry}/stand-ins/twinset/edge:rehearsal`, digest };
    const published = { "postgres:16-alpine": postgres, [around.edgeImage]: edge };
    const catalog = {
      ...manacore,
      digests: { "redis:7-alpine": digest, "postgres:16-alpine": `sha256:${"2".repeat(64)}` },
    };
    const { platform, changes } = adapt(catalog, production, { ...around, published });
    expect(platform.digests).toEqual({ [postgres.name]: digest, [edge.name]: digest });
    expect([platform.edge.image, ...platform.stores.map(({ image }) => image)]).toEqual([
      ...[edge.name, postgres.name, "redis:7-alpine"],
    ]);
    expect(changes).toContain("images that are not from there go by their tags (redis:7-alpine)");
  });

  test("is where images come from, under the same names", () => {
    const { platform, changes } = adapt(manacore, production, around);
    expect(platform.registry).toEqual({ ...manacore.registry, host: around.registry });
    expect(changes).toContain("images come from a registry on this computer");
  });

  test("no container has more cores than there are, and those that had are named", () => {
    const { platform, changes } = adapt(manacore, production, { ...around, cores: 0.5 });
    const limits = platform.products.flatMap(({ services }) => services.map(({ resources }) => resources.limits.cpu));
    expect(Math.max(...limits, ...platform.stores.map(({ resources }) => resources.limits.cpu))).toBe(0.5);
    expect(changes.at(-1)).toMatch(/0\.5 cores \(.*chat-backend.*postgres.*\)/);
  });

  test("stand-ins that are in no registry have no digests", () => {
    const entry = {
      live: "blue",
      canary: 0,
      blue: { version: "v1", digests: { web: "sha256:1" } },
      green: null,
    } as const;
    expect(withoutDigests({ shop: entry })).toEqual({ shop: { ...entry, blue: { version: "v1" } } });
  });

  test("where a release pins its images, the stand-ins of those are pinned, and no others", () => {
    const blue = { version: "v1", tags: { api: "v3" }, digests: { web: "sha256:1", api: "sha256:2" } };
    const entry = { live: "blue", canary: 0, blue, green: { version: "v2" } } as const;
    const digests: Record<string, string> = { "v1/web": "sha256:a", "v1/jobs": "sha256:c" };
    const pinned = withDigests({ shop: entry }, ({ version }, service) => digests[`${version}/${service}`]);
    expect(pinned).toEqual({ shop: { ...entry, blue: { ...blue, digests: { web: "sha256:a" } } } });
  });
});

test("no drill compares a time with its promise by itself: the rule is in one place", () => {
  const folder = join(__dirname, "..", "..", "rehearsal", "drills");
  const own = readdirSync(folder).filter((name) =>
    /\batMost\b|[sS]econds\)? (<|>)=? \d/.test(readFileSync(join(folder, name), "utf8")),
  );
  expect(own).toEqual(["drill.ts"]);
});
