import { describe, expect, test } from "@jest/globals";
import { ProblemsError } from "../../model/problem";
import type { ProductRelease } from "../../model/release";
import { liveEnvironment, readProducts, unwell } from "../../release/live";
import { ago, container, running, setOf, siteWith, switchOf } from "../support/live";
import { synthStack } from "../support/synth";
import { EVERY_PLATFORM } from "../support/platforms";

const BOTH: ProductRelease = { live: "blue", canary: 10, blue: { version: "v1.5.2" }, green: { version: "v1.6.0" } };
const chat = (containers: Parameters<typeof readProducts>[0]) => readProducts(containers, "com.manacore").get("chat")!;

describe("a product on its engine", () => {
  test("sets with their versions and containers, without their migrations; the switch's word", () => {
    const { sets, switch: traffic, failedSwitch } = chat(running(BOTH));
    expect(sets.blue).toMatchObject({ version: "v1.5.2" });
    expect(sets.green?.containers.map(({ service, replica }) => [service, replica])).toEqual([
      ["backend", 0],
      ["web", 0],
      ["landing", 0],
    ]);
    expect(traffic).toEqual({ live: "blue", weights: "blue=90,green=10", since: ago(3601) });
    expect(failedSwitch).toBeUndefined();
  });
  test("services with tags of their own: all that run are told", () => {
    const entry = { ...BOTH, blue: { version: "v1.5.2", tags: { "chat-web": "sha-a1b2c3d" } } };
    expect(chat(setOf(entry, "blue")).sets.blue?.version).toBe("sha-a1b2c3d + v1.5.2");
  });
  test("the newest of several switches counts", () => {
    const older = switchOf("chat", { ...BOTH, canary: 0 }, { createdAt: ago(9000) });
    expect(chat([older, switchOf("chat", BOTH), older]).switch?.weights).toBe("blue=90,green=10");
  });
  test.each([
    ["has failed", { exitCode: 1 }],
    ["is not done", { running: true, exitCode: undefined }],
  ])("a switch that %s has moved nothing: the one before it counts", (_, change) => {
    const failed = switchOf("chat", { ...BOTH, live: "green" }, { createdAt: ago(5), name: "failed", ...change });
    expect(chat([failed, switchOf("chat", BOTH)])).toMatchObject({ switch: { live: "blue" }, failedSwitch: "failed" });
    expect(chat([failed])).toMatchObject({ switch: undefined, failedSwitch: "failed" });
  });
  test("other products and what belongs to none are apart", () => {
    const products = readProducts(
      [...running(BOTH), container("news", { project: "news" }), container("edge", { service: "edge" })],
      "com.manacore",
    );
    expect([...products.keys()]).toEqual(["chat", "news"]);
    expect(products.get("news")).toEqual({ sets: {}, switch: undefined });
  });
  test("containers without a word on their version are not taken for the right ones", () => {
    expect(chat([container("x", { project: "chat", set: "blue", replica: "0" })]).sets.blue).toMatchObject({
      version: "?",
      containers: [{ service: "?" }],
    });
  });
});

describe("containers that do not serve", () => {
  test.each([
    ["stopped", { running: false, exitCode: 1 }, ["manacore-production-c is stopped"]],
    ["unhealthy", { health: "unhealthy" as const }, ["manacore-production-c is unhealthy"]],
    ["starting", { health: "starting" as const }, ["manacore-production-c is starting"]],
    ["healthy", {}, []],
    ["without a check", { health: undefined }, []],
  ])("%s", (_, change, expected) => {
    const set = chat([container("c", { project: "chat", set: "blue", replica: "0" }, change)]).sets.blue;
    expect(unwell(set)).toEqual(expected);
  });
  test("no set has none", () => expect(unwell(undefined)).toEqual([]));
});

describe("asking the engine", () => {
  test("for this environment's containers alone", async () => {
    const asked: string[] = [];
    const docker = await siteWith().docker();
    const site = siteWith(
      {},
      {
        docker: () =>
          Promise.resolve({
            ...docker,
            details: (prefix) => {
              asked.push(prefix);
              return docker.details(prefix);
            },
          }),
      },
    );
    const { products, containers } = await liveEnvironment(site);
    expect(asked).toEqual(["manacore-production-"]);
    expect(products.get("chat")?.switch?.live).toBe("blue");
    expect(containers.length).toBeGreaterThan(3);
  });
  test("one that does not answer is a problem with a fix, without secrets, and no stack trace", async () => {
    const site = siteWith(
      {},
      {
        docker: async () => ({
          ...(await siteWith().docker()),
          details: () => Promise.reject(new Error("docker ps: cannot log in with s3cret")),
        }),
        redact: (text) => text.replace("s3cret", "***"),
      },
    );
    const reason = (await liveEnvironment(site).catch((given: unknown) => given)) as ProblemsError;
    expect(reason).toBeInstanceOf(ProblemsError);
    expect(reason.problems).toMatchObject(
      [{ path: "manacore-production/engine", given: "docker ps: cannot log in with ***", fix: /SSH/ }].map(
        ({ fix, ...rest }) => ({ ...rest, fix: expect.stringMatching(fix) }),
      ),
    );
  });
});

describe.each(EVERY_PLATFORM)("%s", (_, loaded) => {
  test("every product's labels are read as the stack writes them", () => {
    const { platform, releases } = loaded;
    const stack = synthStack(loaded);
    const containers = Object.entries(stack.all("docker_container")).map(([name, body]) => {
      const labels = (body["labels"] ?? []) as { label: string; value: string }[];
      const known = Object.fromEntries(labels.map(({ label, value }) => [label, value]));
      return container(name, {}, { labels: known, exitCode: 0 });
    });
    const products = readProducts(containers, platform.labelPrefix);
    for (const [name, entry] of Object.entries(releases.production.release)) {
      const found = products.get(name)!;
      expect(found.switch?.live).toBe(entry.live);
      expect(found.sets[entry.live]?.version).toBe(entry[entry.live]!.version);
      const roles = platform.products.find((product) => product.name === name)!.services.map(({ role }) => role);
      expect([...new Set(found.sets[entry.live]!.containers.map(({ service }) => service))].sort()).toEqual(
        [...roles].sort(),
      );
    }
  });
});
