import { describe, expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { STANDARD_MONITORING } from "../../config/monitoring";
import { DataVolume } from "../../constructs/docker/data-volume";
import { Networks } from "../../constructs/docker/networks";
import { Prometheus, prometheusConfig } from "../../constructs/monitoring/prometheus";
import { engineIn, synthChecked } from "../support/engine";

type Body = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- parsed JSON, asserted on

const stack = synthChecked((scope) => {
  const engine = engineIn(scope, { protectData: true });
  const networks = new Networks(scope, "networks", engine, {
    data: { open: false },
    web: { open: true, edge: true },
    api: { open: true, edge: true },
  });
  new Prometheus(scope, "prometheus", { engine, networks, settings: STANDARD_MONITORING });
  new DataVolume(scope, "kept", { engine, name: "kept" });
});
const [container] = Object.values(stack.all("docker_container")) as Body[];
const volumes = Object.values(stack.all("docker_volume")) as Body[];

describe("Prometheus", () => {
  test("has the environment's name, its limits, and is in the first of the edge's networks alone", () => {
    expect(container).toMatchObject({
      name: "demo-test-prometheus",
      memory: STANDARD_MONITORING.resources.limits.memory.mebibytes,
      cpus: "0.5",
      networks_advanced: [{ name: expect.stringContaining("networks_web") }],
    });
    expect(container!["networks_advanced"]).toHaveLength(1);
    expect(container!["ports"]).toBeUndefined();
  });
  test("runs as nobody, without rights, in a file system that it cannot write to but for its data", () => {
    expect(container).toMatchObject({
      user: "65534:65534",
      read_only: true,
      capabilities: { drop: ["ALL"] },
      tmpfs: { "/tmp": expect.stringMatching(/,uid=65534,gid=65534$/) },
      volumes: [{ container_path: "/prometheus" }],
    });
    expect(container!["upload"]).toBeUndefined();
  });
  test("is waited for until it can answer", () => {
    expect(container).toMatchObject({
      wait: true,
      healthcheck: { test: ["CMD", "wget", "--spider", "-q", "http://127.0.0.1:9090/-/ready"] },
    });
  });
  test("is replaced old-first, as two cannot have one volume", () => {
    expect(container!["lifecycle"] ?? {}).not.toHaveProperty("create_before_destroy");
  });
  test("has a volume that may go, where others may not", () => {
    const refuses = Object.fromEntries(volumes.map(({ name, lifecycle }) => [name, lifecycle.prevent_destroy]));
    expect(refuses).toEqual({ "demo-test-prometheus": false, "demo-test-kept": true });
  });
  test("keeps of the routers' numbers only what the edge may have answered itself, and all others", () => {
    type Drop = { source_labels: string[]; regex: string; action: string };
    const { scrape_configs: jobs } = JSON.parse(prometheusConfig()) as {
      scrape_configs: { metric_relabel_configs: Drop[] }[];
    };
    const rules = jobs[0]!.metric_relabel_configs;
    expect(new Set(rules.map(({ action }) => action))).toEqual(new Set(["drop"]));
    const isKept = (name: string, code = ""): boolean =>
      !rules.some(({ source_labels: from, regex }) => {
        const values = from.map((label) => ({ __name__: name, code })[label]);
        return new RegExp(`^(?:${regex})$`).test(values.join(";"));
      });
    const codes = ["101", "200", "404", "499", "500", "502", "503", "504", "513", "530"];
    expect(codes.filter((code) => isKept("traefik_router_requests_total", code))).toEqual(["503"]);
    for (const more of [
      "request_duration_seconds_bucket",
      "requests_tls_total",
      "requests_bytes_total",
      "responses_bytes_total",
    ]) {
      expect([more, isKept(`traefik_router_${more}`, "503")]).toEqual([more, false]);
    }
    for (const name of [
      "traefik_service_requests_total",
      "traefik_service_server_up",
      "traefik_entrypoint_requests_total",
      "up",
    ]) {
      expect([name, isKept(name, "200")]).toEqual([name, true]);
    }
  });
  test("starts with its configuration as it is, whatever is in it", () => {
    const [, script] = container!["command"] as [string, string];
    const [write, start] = script.split("\n") as [string, string];
    const { stdout } = spawnSync("sh", ["-ec", write.replace(/ > .*$/, "")], {
      env: { PATH: process.env["PATH"], PROMETHEUS_CONFIG: prometheusConfig() },
      encoding: "utf8",
    });
    expect(stdout).toBe(prometheusConfig());
    expect(start).toMatch(/^exec prometheus --config\.file=\/tmp\/prometheus\.yml /);
    expect(container!["entrypoint"]).toEqual(["sh"]);
  });
});
