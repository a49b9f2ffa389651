import { describe, expect, test } from "@jest/globals";
import { type Interruption, interruptions, notApplied } from "../../review/interruptions";
import { productReviews } from "../../review/traffic";
import type { ResourceChange } from "../../terraform/plan";
import {
  container,
  MANACORE,
  plan,
  resource,
  set,
  type SplitGiven,
  switched,
  type Values,
  type What,
} from "../support/plan";

const found = (...changes: readonly ResourceChange[]): readonly Interruption[] =>
  interruptions(plan(changes), changes, productReviews(changes, MANACORE), MANACORE);
const only = (...changes: readonly ResourceChange[]): Interruption => {
  const all = found(...changes);
  expect(all).toHaveLength(1);
  return all[0]!;
};

const BOTH: SplitGiven = { live: "blue", weights: "blue=100,green=0", blue: "v1.5.2", green: "v1.6.0" };
const CANARY: SplitGiven = { ...BOTH, weights: "blue=90,green=10" };
const OVER: SplitGiven = { ...BOTH, live: "green", weights: "blue=0,green=100" };
const SWITCH = switched("chat", BOTH, BOTH);

describe("a live set", () => {
  test("replaced with the new one first: nobody notices, and it is said", () => {
    expect(only(SWITCH, ...set("blue", "is replaced, new first", ["backend"]))).toEqual({
      who: "chat",
      what: "chat's backend (blue v1.5.2) is replaced, its successor first",
      howLong: "none",
      noticed: false,
      address: "docker_container.chat_blue_backend-0",
    });
  });
  test("replaced with the old one first: for how long is in the plan", () => {
    expect(only(SWITCH, ...set("blue", "is replaced, old first", ["backend"]))).toMatchObject({
      what: "chat's backend (blue v1.5.2) stops before its successor starts",
      howLong: "at most 2 min: up to 30 s to stop, up to 90 s until it is healthy",
      noticed: true,
    });
  });
  test("replaced old first where nothing waits for health", () => {
    const quick = container({ wait_timeout: 0, destroy_grace_seconds: undefined });
    const change = resource("docker_container.chat_blue_web-0", "is replaced, old first", quick);
    expect(only(SWITCH, change).howLong).toBe("until its successor has started");
  });
  test("a container that is missing is noticed now", () => {
    const changes = [...set("blue", "stays", ["web"]), ...set("blue", "comes", ["backend"])];
    expect(only(SWITCH, ...changes)).toMatchObject({
      what: "chat's backend (blue v1.5.2) is not there",
      howLong: "now, until this is applied",
      noticed: true,
    });
  });
  test("a container that goes although it is to have traffic", () => {
    expect(only(SWITCH, ...set("blue", "goes", ["backend"]))).toMatchObject({ howLong: "for good", noticed: true });
  });
  test("a set that traffic leaves goes after the switch: nobody notices", () => {
    expect(found(switched("chat", BOTH, OVER), ...set("blue", "goes"))).toEqual([]);
  });
  test("a canary's set is one, too", () => {
    expect(found(switched("chat", CANARY, CANARY), ...set("green", "is replaced, old first"))).toHaveLength(2);
  });
});

describe("what nobody is served by", () => {
  test.each<What>(["comes", "goes", "is replaced, old first", "is replaced, new first", "changes"])(
    "an idle set's container that %s interrupts nothing",
    (what) => {
      expect(found(SWITCH, ...set("green", what))).toEqual([]);
    },
  );
  test("neither do jobs, images, volumes and names", () => {
    expect(
      found(
        SWITCH,
        resource("docker_container.chat_blue_migration", "is replaced, old first", { must_run: false }),
        resource("docker_image.chat_blue_web-image", "is replaced, old first"),
        resource("docker_volume.redis_data", "comes"),
        resource("cloudflare_dns_record.a", "changes"),
        resource("docker_container.prometheus", "is replaced, old first", container()),
        resource("docker_container.edge-settings_job", "is replaced, old first", { must_run: false }),
      ),
    ).toEqual([]);
  });
});

describe("stores and the edge", () => {
  const users = [switched("chat", BOTH, BOTH), switched("mana-core-auth", BOTH, BOTH), switched("uload", BOTH, BOTH)];
  test("a store that is replaced: who needs it, and for how long it is away", () => {
    expect(only(...users, resource("docker_container.redis", "is replaced, old first", container()))).toMatchObject({
      who: "mana-core-auth, uload",
      what: "redis stops before its successor starts: what needs it fails meanwhile",
      noticed: true,
    });
  });
  test("products that are not released do not suffer", () => {
    expect(only(resource("docker_container.redis", "is replaced, old first", container())).who).toBe("redis");
  });
  test("a store that goes is gone for good", () => {
    expect(only(...users, resource("docker_container.redis", "goes", container()))).toMatchObject({
      what: "redis goes",
      howLong: "for good",
    });
  });
  test.each<[What, string, RegExp]>([
    ["goes", "the edge goes", /^for good$/],
    ["is replaced, old first", "the edge stops before its successor starts", /^at most 2 min: /],
    ["is replaced, new first", "the edge is replaced", /^at most 2 min: /],
  ])("the edge, when it %s, takes everything along", (what, said, howLong) => {
    const interruption = only(resource("docker_container.edge", what, container()));
    expect(interruption).toMatchObject({ who: "everything", what: said, noticed: true });
    expect(interruption.howLong).toMatch(howLong);
  });
  test("a change in place stops neither", () => {
    expect(
      found(
        resource("docker_container.edge", "changes", container()),
        resource("docker_container.redis", "changes", container()),
      ),
    ).toEqual([]);
  });
});

describe("the server and its addresses", () => {
  const server = (what: What, before: Values = { server_type: "ccx33" }, after = before): ResourceChange =>
    resource("hcloud_server.host_server", what, before, after);
  test("replaced: everything is down, and what runs on it is not said one by one", () => {
    const all = [
      ...set("blue", "is replaced, old first"),
      resource("docker_container.edge", "is replaced, old first", container()),
    ];
    expect(only(SWITCH, server("is replaced, old first"), ...all)).toMatchObject({
      who: "everything",
      what: "the server is replaced",
      noticed: true,
    });
  });
  test("destroyed: for good", () => {
    expect(only(server("goes"))).toMatchObject({ who: "everything", howLong: "for good", noticed: true });
  });
  test("another type: Hetzner switches it off for that", () => {
    const change = server("changes", { server_type: "ccx33" }, { server_type: "ccx43" });
    expect(only(change).what).toBe("the server's type changes: ccx33 → ccx43");
    expect(only(change).howLong).toContain("switches it off");
  });
  test("a first one, and another label of one, interrupt nothing", () => {
    expect(found(server("comes"))).toEqual([]);
    expect(found(server("changes", { server_type: "ccx33", labels: { a: "1" } }, { server_type: "ccx33" }))).toEqual(
      [],
    );
  });
  test.each<[What, RegExp]>([
    ["is replaced, new first", /time to live/],
    ["goes", /^for good$/],
  ])("a public address that %s", (what, howLong) => {
    expect(only(resource("hcloud_primary_ip.host_ipv4", what)).howLong).toMatch(howLong);
  });
  test("a public address that comes, or another firewall, interrupt nothing", () => {
    expect(
      found(resource("hcloud_primary_ip.host_ipv4", "comes"), resource("hcloud_firewall.host_firewall", "changes")),
    ).toEqual([]);
  });
});

describe("what the docker provider plans and does not do", () => {
  const change = (before: Values, after: Values, what: What = "changes"): ResourceChange =>
    resource("docker_container.redis", what, container(before), container(after));
  test.each<[string, Values, Values]>([
    ["healthcheck", { healthcheck: [{ test: ["CMD", "a"] }] }, { healthcheck: [{ test: ["CMD", "b"] }] }],
    ["tmpfs", { tmpfs: { "/tmp": "size=1m" } }, { tmpfs: { "/tmp": "size=2m" } }],
    ["tmpfs", { tmpfs: null }, { tmpfs: { "/tmp": "" } }],
    ["init", { init: false }, { init: true }],
  ])("%s in place", (name, before, after) => {
    expect(notApplied([change(before, after)])).toEqual([{ address: "docker_container.redis", attributes: [name] }]);
  });
  test("all of them at once", () => {
    const all = notApplied([change({ init: true, healthcheck: [] }, { init: false })]);
    expect(all).toEqual([{ address: "docker_container.redis", attributes: ["healthcheck", "init"] }]);
  });
  test("what is replaced gets them, as does what comes; what it reads back otherwise is no change", () => {
    expect(notApplied([change({ init: true }, { init: false }, "is replaced, new first")])).toEqual([]);
    expect(notApplied([change({}, {}, "comes")])).toEqual([]);
    expect(notApplied([change({ init: true }, { init: false }, "stays")])).toEqual([]);
    expect(notApplied([change({ init: null, memory: 1 }, { init: false, memory: 2 })])).toEqual([]);
    expect(notApplied([resource("docker_image.a", "changes", { init: true }, { init: false })])).toEqual([]);
  });
});
