import { describe, expect, test } from "@jest/globals";
import { actionOf, goes, isJob, isReplaced, isService, labelOf, managed, partOf } from "../../review/parts";
import { container, labels, MANACORE, plan, resource, type What } from "../support/plan";

const part = (address: string): object => {
  const [type = "", name = ""] = address.split(".");
  return partOf({ type, name }, MANACORE);
};

describe("what of an environment a resource is", () => {
  test.each<[string, object]>([
    [
      "docker_container.chat_blue_backend-0",
      { kind: "set", product: "chat", colour: "blue", role: "backend", is: "container" },
    ],
    [
      "docker_container.chat_green_web-12",
      { kind: "set", product: "chat", colour: "green", role: "web", is: "container" },
    ],
    [
      "docker_image.chat_green_backend-image",
      { kind: "set", product: "chat", colour: "green", role: "backend", is: "image" },
    ],
    [
      "docker_container.chat_green_migration",
      { kind: "set", product: "chat", colour: "green", role: "migration", is: "migration" },
    ],
    ["docker_container.chat_switch_job", { kind: "switch", product: "chat" }],
    ["docker_container.postgres_chat", { kind: "database", product: "chat" }],
    ["docker_container.postgres_mana-core-auth", { kind: "database", product: "mana-core-auth" }],
    ["docker_container.postgres", { kind: "store", store: "postgres" }],
    ["docker_volume.redis_data", { kind: "store", store: "redis" }],
    ["docker_container.edge", { kind: "edge" }],
    ["docker_container.edge-settings_job", { kind: "edge" }],
    ["docker_container.prometheus", { kind: "monitoring" }],
    ["docker_network.backend", { kind: "network" }],
    ["hcloud_server.host_server", { kind: "host" }],
    ["terraform_data.host_ready", { kind: "host" }],
    ["cloudflare_dns_record.dns_chat", { kind: "names" }],
    ["cloudflare_zone_setting.zone_ssl", { kind: "zone" }],
    ["docker_container.edgeless", { kind: "other" }],
    ["docker_container.chatter", { kind: "other" }],
  ])("%s", (address, expected) => {
    expect(part(address)).toEqual(expected);
  });

  test("the longest product's name that fits is the product", () => {
    const [chat] = MANACORE.products.filter(({ name }) => name === "chat");
    const platform = { ...MANACORE, products: [...MANACORE.products, { ...chat!, name: "chat_blue" }] };
    expect(partOf({ type: "docker_container", name: "chat_blue_switch_job" }, platform)).toEqual({
      kind: "switch",
      product: "chat_blue",
    });
  });
});

describe("what is done to it", () => {
  test.each<[What, string, boolean, boolean]>([
    ["comes", "create", false, false],
    ["goes", "delete", true, false],
    ["changes", "update", false, false],
    ["is forgotten", "forget", false, false],
    ["is replaced, new first", "replace-new-first", true, true],
    ["is replaced, old first", "replace-old-first", true, true],
  ])("%s", (what, action, isGone, replaced) => {
    const found = actionOf(resource("docker_container.edge", what).change);
    expect([found, goes(found), isReplaced(found)]).toEqual([action, isGone, replaced]);
  });
  test("a container that must not run for ever is a job; an image is neither", () => {
    const job = resource("docker_container.a", "goes", container({ must_run: false }));
    const service = resource("docker_container.a", "goes", container());
    const image = resource("docker_image.a", "comes");
    expect([job, service, image].map((each) => [isJob(each), isService(each)])).toEqual([
      [true, false],
      [false, true],
      [false, false],
    ]);
  });
  test("a label is found by its whole name", () => {
    const values = { labels: labels({ version: "v1", "release.version": "v2" }) };
    expect(labelOf(values, "version", MANACORE.labelPrefix)).toBe("v1");
    expect(labelOf(values, "versio", MANACORE.labelPrefix)).toBeUndefined();
    expect(labelOf(undefined, "version", MANACORE.labelPrefix)).toBeUndefined();
  });
  test("data sources and leftovers are no managed resources", () => {
    const all = [
      resource("docker_container.a", "stays"),
      resource("docker_container.a", "goes", {}, {}, { deposed: "0a1b2c3d" }),
      resource("docker_image.b", "stays", {}, {}, { mode: "data" }),
    ];
    expect(managed(plan(all))).toEqual([all[0]]);
  });
});
