import { describe, expect, test } from "@jest/globals";
import { Custom } from "../../constructs/data/custom";
import { Networks } from "../../constructs/docker/networks";
import { Health } from "../../model/health";
import type { CustomStore } from "../../model/service";
import { mebibytes, minutes } from "../../model/units";
import { engineIn, synthChecked } from "../support/engine";
import { type Synthesized } from "../support/synth";
import { MANACORE } from "../support/platforms";

const { platform } = MANACORE;

describe("a custom store", () => {
  const search: CustomStore = {
    kind: "custom",
    name: "search",
    image: "example/search:1.0",
    port: 7700,
    resources: { limits: { cpu: 0.5, memory: mebibytes(256) } },
    networks: ["data"],
    env: {},
    health: Health.http("/health", { using: "curl", startPeriod: minutes(10) }),
    sandbox: {},
    probe: "curl -fsS http://search:7700/health",
  };
  const made = (change: Partial<CustomStore> = {}, publish = false) =>
    synthChecked((scope) => {
      const engine = engineIn(scope);
      const networks = new Networks(scope, "networks", engine, platform.networks);
      const store = { ...search, ...change };
      new Custom(scope, "search", { engine, networks, store, env: { KEY: "value" }, publish });
    });
  const find = (stack: Synthesized, job = false): Record<string, unknown> =>
    Object.values(stack.all("docker_container")).find((body) => (body["must_run"] === false) === job)!;

  test("has its environment, no volume and no port", () => {
    const stack = made();
    expect(find(stack)).toMatchObject({ name: "demo-test-search", env: ["KEY=value"], user: "1001:1001" });
    for (const key of ["volumes", "ports", "upload"]) expect(find(stack)).not.toHaveProperty(key);
    expect(stack.all("docker_volume")).toEqual({});
  });
  test("its data has a volume", () => {
    const stack = made({ dataPath: "/data" });
    expect(find(stack)["volumes"]).toMatchObject([{ container_path: "/data" }]);
    expect(Object.keys(stack.all("docker_volume"))).toHaveLength(1);
  });
  test("files and programs are the catalog's to the letter, also where Terraform would see a template", () => {
    const text = "${a} %{if b} $c";
    const stack = made({
      files: { "/etc/search.conf": text },
      sandbox: { readOnly: false },
      entrypoint: ["run", text],
      command: [text],
      probe: `test ${text}`,
    });
    const escaped = "$${a} %%{if b} $c";
    expect(find(stack)).toMatchObject({
      upload: [{ file: "/etc/search.conf", content: escaped }],
      entrypoint: ["run", escaped],
      command: [escaped],
    });
    expect(JSON.stringify(find(stack, true)["command"])).toContain(`until test ${escaped};`);
  });
  test("who asks whether it answers has its environment and its networks, and as long as it may take to be healthy", () => {
    const job = find(made(), true);
    expect(job).toMatchObject({ env: ["KEY=value"], networks_advanced: [{ name: expect.stringContaining("data") }] });
    // 600 s to start, three checks of 40 s, a margin of 30 s.
    expect(JSON.stringify(job["command"])).toContain("search did not answer within 750 s");
  });
  test("ports for people are on the host's own address, by way of an open network", () => {
    const body = find(made({ insidePorts: [7701] }));
    expect(body["ports"]).toEqual([{ internal: 7701, external: 7701, ip: "127.0.0.1" }]);
    expect(body["networks_advanced"]).toHaveLength(2);
  });
  test("its own port is published on a computer only, and once if it is for people too", () => {
    const change = { developmentPort: 7700, insidePorts: [7700, 7701] };
    expect((find(made(change, true))["ports"] as { external: number }[]).map((p) => p.external)).toEqual([7700, 7701]);
    expect(find(made({ developmentPort: 7700 }))).not.toHaveProperty("ports");
  });
  test("waits for what it needs, and so does who asks whether it answers", () => {
    const stack = synthChecked((scope) => {
      const engine = engineIn(scope);
      const networks = new Networks(scope, "networks", engine, platform.networks);
      const first = new Custom(scope, "first", { engine, networks, store: { ...search, name: "first" }, env: {} });
      new Custom(scope, "search", { engine, networks, store: search, env: {}, dependsOn: [first.ready] });
    });
    const ready = Object.keys(stack.all("docker_container")).find((name) => /first.*ready/.test(name))!;
    const waiting = Object.entries(stack.all("docker_container")).filter(([name]) => name.startsWith("search"));
    expect(waiting).toHaveLength(2);
    for (const [, body] of waiting) expect(body["depends_on"]).toEqual([`docker_container.${ready}`]);
  });
});
