import { describe, expect, test } from "@jest/globals";
import { formatWeights, type ProductRelease } from "../../model/release";
import { asProblem, guard, type GuardedStep, guardWhole } from "../../release/guard";
import type { Step } from "../../release/machine";
import type { ResourceChange } from "../../terraform/plan";

const before: ProductRelease = { live: "blue", canary: 0, blue: { version: "v1" }, green: null };
const deployed: ProductRelease = { ...before, green: { version: "v2" } };
const step = (name: Step, to: ProductRelease, first = false): GuardedStep => ({
  product: "chat",
  step: name,
  to,
  first,
});
const PRODUCTS = ["auth", "chat", "chat-archive"];

function change(address: string, actions: readonly string[], after: object = {}): ResourceChange {
  const [type = "", name = ""] = address.split(".");
  return {
    address,
    mode: "managed",
    type,
    name,
    change: { actions, before: {}, after: after as Record<string, unknown> },
  };
}
const CREATE = ["create"];
const DELETE = ["delete"];
const REPLACE = ["create", "delete"];
const switchTo = (to: ProductRelease): ResourceChange =>
  change("docker_container.chat_switch_job", ["delete", "create"], {
    labels: [
      { label: "com.example.release.live", value: to.live },
      { label: "com.example.release.weights", value: formatWeights(to) },
    ],
  });
const refused = (changes: readonly ResourceChange[], by: GuardedStep, allow: readonly string[] = []): string[] =>
  guard(changes, by, PRODUCTS, allow).refused.map(({ address, what }) => `${address}: ${what}`);

describe("what a step may touch", () => {
  const greenSet = (actions: readonly string[]): ResourceChange[] => [
    change("docker_container.chat_green_backend-0", actions),
    change("docker_container.chat_green_migration", actions),
    change("docker_image.chat_green_backend-image", actions),
  ];
  test("deploy: the idle set, the product's own database job and the switch", () => {
    const changes = [...greenSet(CREATE), change("docker_container.postgres_chat", REPLACE), switchTo(deployed)];
    expect(refused(changes, step("deploy", deployed))).toEqual([]);
  });
  test("canary, cutover and the way back: the switch alone", () => {
    const canary = { ...deployed, canary: 10 };
    const over = { ...deployed, live: "green" as const };
    expect(refused([switchTo(canary)], step("canary", canary))).toEqual([]);
    expect(refused([switchTo(over)], step("cutover", over))).toEqual([]);
    expect(refused([switchTo(deployed)], step("back", deployed))).toEqual([]);
    for (const name of ["canary", "cutover", "back"] as const) {
      expect(refused(greenSet(REPLACE).slice(0, 1), step(name, deployed))).toEqual([
        "docker_container.chat_green_backend-0: chat's other set",
      ]);
    }
  });
  test("retire: the idle set goes, and the switch forgets it", () => {
    const retired: ProductRelease = { live: "green", canary: 0, blue: null, green: { version: "v2" } };
    const changes = [change("docker_container.chat_blue_backend-0", DELETE), switchTo(retired)];
    expect(refused(changes, step("retire", retired))).toEqual([]);
    expect(refused([change("docker_container.chat_green_backend-0", DELETE)], step("retire", retired))).toEqual([
      "docker_container.chat_green_backend-0: chat's live set",
    ]);
  });
  test("clean-up: what was begun goes", () => {
    expect(refused([...greenSet(DELETE), switchTo(before)], step("clean-up", before))).toEqual([]);
  });
  test("a first release: the live set, and the edge's list of products", () => {
    const changes = [
      change("docker_container.chat_blue_backend-0", CREATE),
      change("docker_container.edge-settings", REPLACE),
      switchTo(before),
    ];
    expect(refused(changes, step("deploy", before, true))).toEqual([]);
    expect(refused(changes, step("deploy", deployed))).toEqual([
      "docker_container.chat_blue_backend-0: chat's live set",
      "docker_container.edge-settings: the edge",
      expect.stringContaining("the switch, which would say"),
    ]);
  });
});

describe("what no step may touch", () => {
  test.each<[string, string]>([
    ["docker_container.chat_blue_backend-0", "chat's live set"],
    ["docker_image.chat_blue_web-image", "chat's live set"],
    ["docker_container.auth_blue_auth-0", "product auth"],
    ["docker_container.auth_switch_job", "product auth"],
    ["docker_container.chat-archive_green_web-0", "product chat-archive"],
    ["docker_container.postgres", "shared infrastructure"],
    ["docker_container.postgres_auth", "shared infrastructure"],
    ["docker_container.prometheus", "shared infrastructure"],
    ["docker_container.edge", "the edge"],
    ["docker_container.edge-settings", "the edge"],
    ["docker_volume.postgres_data", "a volume"],
    ["hcloud_volume.host_data", "a volume"],
    ["hcloud_server.host_server", "the host"],
    ["hcloud_firewall.host_firewall", "the host"],
    ["terraform_data.host_ready", "the host's readiness"],
    ["cloudflare_dns_record.dns_api-chat-example-org", "DNS"],
    ["cloudflare_page_rule.cache_api", "the zone"],
    ["docker_network.networks_data", "a network"],
  ])("%s is %s", (address, what) => {
    expect(refused([change(address, REPLACE)], step("deploy", deployed))).toEqual([`${address}: ${what}`]);
  });
  test("a switch that says something else than the step: live, weights, or nothing", () => {
    const canary = { ...deployed, canary: 10 };
    expect(refused([switchTo({ ...canary, canary: 50 })], step("canary", canary))).toEqual([
      "docker_container.chat_switch_job: the switch, which would say live=blue, blue=50,green=50 in place of live=blue, blue=90,green=10",
    ]);
    expect(refused([change("docker_container.chat_switch_job", REPLACE)], step("canary", canary))[0]).toContain(
      "live=?",
    );
    expect(refused([change("docker_container.chat_switch_job", DELETE)], step("canary", canary))[0]).toContain(
      "would go",
    );
  });
});

describe("the operator's word", () => {
  const foreign = change("docker_container.auth_blue_auth-0", REPLACE);
  test("--allow lets one address through, and it is told", () => {
    expect(guard([foreign, switchTo(deployed)], step("deploy", deployed), PRODUCTS, [foreign.address])).toEqual({
      refused: [],
      allowed: [foreign.address],
    });
    expect(refused([foreign], step("deploy", deployed), ["docker_container.other"])).toHaveLength(1);
  });
  test("a refusal names the address, what it is and how to go on", () => {
    const by = step("deploy", deployed);
    const [first] = guard([foreign], by, PRODUCTS).refused;
    expect(asProblem(first!, by)).toEqual({
      severity: "error",
      path: "docker_container.auth_blue_auth-0",
      given: "create, delete: product auth",
      expected: 'changes of chat only, as "deploy" makes them',
      fix: "bring the rest about first (twinset plan, twinset apply), or let it through: --allow docker_container.auth_blue_auth-0",
    });
  });
});

describe("an apply of the whole environment", () => {
  test("may change everything, but destroys nothing that nobody could bring back", () => {
    const changes = [
      change("docker_container.postgres", ["delete", "create"]),
      change("docker_volume.postgres_data", DELETE),
      change("hcloud_server.host_server", ["delete", "create"]),
      change("hcloud_volume.host_data", ["update"]),
      change("docker_volume.redis_data", CREATE),
    ];
    expect(guardWhole(changes).refused.map(({ address }) => address)).toEqual([
      "docker_volume.postgres_data",
      "hcloud_server.host_server",
    ]);
    expect(guardWhole(changes, ["docker_volume.postgres_data"])).toMatchObject({
      allowed: ["docker_volume.postgres_data"],
      refused: [{ address: "hcloud_server.host_server" }],
    });
  });
});
