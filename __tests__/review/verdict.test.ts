/** The first line of a review, and the rest of what is said, of small plans. */
import { describe, expect, jest, test } from "@jest/globals";
import { count, counts, few, span } from "../../review/words";
import type { ResourceChange } from "../../terraform/plan";
import { container, labels, plan, resource, reviewed, set, type SplitGiven, switched, verdict } from "../support/plan";

// It is slow on purpose, and no matter here.
jest.mock("../../review/fingerprint", () => ({ fingerprint: () => "0123456789abcdef" }));

const BLUE: SplitGiven = { live: "blue", weights: "blue=100", blue: "v1.5.2" };
const BOTH: SplitGiven = { live: "blue", weights: "blue=100,green=0", blue: "v1.5.2", green: "v1.6.0" };
const CANARY: SplitGiven = { ...BOTH, weights: "blue=90,green=10" };
const OVER: SplitGiven = { ...BOTH, live: "green", weights: "blue=0,green=100" };
const live = set("blue", "stays");
const migration = resource("docker_container.chat_green_migration", "comes", { must_run: false });
const edge = resource("docker_container.edge", "stays", container());

describe("a release", () => {
  test("a set arrives beside the live one", () => {
    expect(verdict(...live, ...set("green", "comes"), migration, switched("chat", BLUE, BOTH))).toBe(
      "chat: green v1.6.0 arrives, traffic stays on blue v1.5.2; 2 containers added, a migration runs; nothing else",
    );
  });
  test("a canary, a cutover: only where the traffic goes", () => {
    const sets = [...live, ...set("green", "stays")];
    expect(verdict(...sets, switched("chat", BOTH, CANARY))).toBe(
      "chat: green v1.6.0 gets 10 % of the traffic, blue v1.5.2 keeps 90 %; nothing else",
    );
    expect(verdict(...sets, switched("chat", CANARY, OVER))).toBe(
      "chat: all traffic goes from blue v1.5.2 to green v1.6.0; nothing else",
    );
  });
  test("a set goes", () => {
    expect(verdict(...live, ...set("green", "goes"), switched("chat", BOTH, BLUE))).toBe(
      "chat: green v1.6.0 goes, traffic stays on blue v1.5.2; 2 containers removed; nothing else",
    );
  });
  test("a first release of a product in an environment that is there", () => {
    const first = [...set("blue", "comes"), switched("chat", undefined, BLUE)];
    expect(verdict(edge, ...first)).toBe("chat: blue v1.5.2 gets all of its traffic; 2 containers added; nothing else");
  });
  test("a product goes", () => {
    expect(verdict(edge, ...set("blue", "goes"), switched("chat", BLUE, undefined))).toBe(
      "chat: all of its traffic ends: nothing answers under its names any more; 2 containers removed; nothing else",
    );
  });
  test("products to which the same happens are said together", () => {
    const changes = ["chat", "quote"].flatMap((product) => [
      ...set("blue", "stays", ["web"], product),
      ...set("green", "comes", ["web"], product),
      switched(product, BLUE, BOTH),
    ]);
    expect(verdict(...changes)).toBe(
      "chat and quote: green v1.6.0 arrives, traffic stays on blue v1.5.2; 1 container added; nothing else",
    );
  });
});

describe("the live set", () => {
  const SWITCH = switched("chat", BOTH, BOTH);
  test("replaced new-first, and old-first", () => {
    expect(verdict(SWITCH, ...set("blue", "is replaced, new first"))).toBe(
      "chat: backend and web of the live blue v1.5.2 are replaced, the successor first; nothing else",
    );
    expect(verdict(SWITCH, ...set("blue", "is replaced, old first", ["web"]))).toBe(
      "chat: web of the live blue v1.5.2 is replaced, stopped before the successor starts; nothing else",
    );
  });
  test("changed in place", () => {
    expect(verdict(SWITCH, ...set("blue", "changes"))).toBe(
      "chat: backend and web of the live blue v1.5.2 change in place; nothing else",
    );
  });
  test("one of its containers is missing", () => {
    expect(verdict(SWITCH, ...set("blue", "stays", ["web"]), ...set("blue", "comes", ["backend"]))).toBe(
      "chat: backend of the live blue v1.5.2 is missing and made again; nothing else",
    );
  });
  test("the idle one is told apart from it", () => {
    expect(verdict(SWITCH, ...set("green", "is replaced, new first", ["web"]))).toContain(
      "web of the idle green v1.6.0",
    );
  });
});

describe("what is neither a container that serves nor the traffic", () => {
  const job = switched("chat", BOTH, BOTH);
  test("a routing that is written anew", () => {
    const anew = resource(job.address, "is replaced, old first", job.change.before!);
    expect(verdict(anew, ...live)).toBe("chat: its routing is written anew, the traffic stays; nothing else");
  });
  test("a database", () => {
    expect(
      verdict(job, resource("docker_container.postgres_chat", "is replaced, old first", { must_run: false })),
    ).toBe("chat: its database changes; nothing else");
  });
  test("an image is none", () => {
    expect(verdict(job, resource("docker_image.chat_green_web-image", "goes"))).toBe(
      "chat: docker_image.chat_green_web-image changes, the traffic stays; nothing else",
    );
  });
});

describe("data comes first", () => {
  test("one volume that is destroyed is named", () => {
    expect(
      verdict(
        edge,
        resource("docker_volume.redis_data", "goes"),
        ...set("blue", "changes"),
        switched("chat", BOTH, BOTH),
      ),
    ).toMatch(/^the volume docker_volume\.redis_data is destroyed; chat: /);
  });
  test("several are counted; what is replaced is told apart", () => {
    const changes = [
      edge,
      resource("docker_volume.redis_data", "goes"),
      resource("hcloud_volume.host_data", "goes"),
      resource("hcloud_primary_ip.host_ipv4", "is replaced, old first"),
    ];
    expect(verdict(...changes)).toMatch(
      // An address is said once, with what comes of it.
      /^2 volumes are destroyed; a public address is replaced by another one: everything is down \(/,
    );
  });
  test("one that is left over from a replacement is one", () => {
    const deposed = resource("docker_volume.redis_data", "goes", {}, {}, { deposed: "0a1b2c3d" });
    expect(verdict(edge, deposed)).toMatch(/^the volume docker_volume\.redis_data is destroyed/);
  });
  test("everything that is destroyed is listed with the worst first", () => {
    const { losses, removed } = reviewed(
      plan([
        edge,
        resource("hcloud_primary_ip.host_ipv4", "goes"),
        resource("hcloud_server.host_server", "goes", { server_type: "ccx43" }),
        resource("docker_volume.redis_data", "goes"),
        resource("cloudflare_r2_bucket.ota", "goes"),
        resource("docker_container.redis", "goes", container()),
      ]),
    );
    expect(losses.map(({ what }) => what)).toEqual(["volume", "bucket", "server", "public address"]);
    expect(removed).toEqual(["docker_container.redis"]);
  });
});

describe("the host and what stands beside the products", () => {
  const server = { server_type: "ccx33" };
  test("a server that is replaced takes everything on it along, which is not said one by one", () => {
    const changes = [
      edge,
      resource("hcloud_server.host_server", "is replaced, old first", server),
      ...set("blue", "is replaced, old first"),
      switched("chat", BOTH, BOTH),
    ];
    expect(verdict(...changes)).toMatch(
      /^the server is replaced: everything is down \(.*\); everything on it is made anew$/,
    );
  });
  test("a server that changes its type", () => {
    expect(verdict(edge, resource("hcloud_server.host_server", "changes", server, { server_type: "ccx43" }))).toMatch(
      /^the server's type changes: ccx33 → ccx43: everything is down \(some minutes/,
    );
  });
  test("a server that goes: for good", () => {
    expect(verdict(edge, resource("hcloud_server.host_server", "goes", server))).toContain(
      "everything is down for good",
    );
  });
  test("a store that is replaced: who suffers", () => {
    const changes = [
      resource("docker_container.redis", "is replaced, old first", container()),
      switched("uload", BOTH, BOTH),
    ];
    expect(verdict(...changes)).toMatch(/^redis stops before its successor starts: .* \(uload: at most 2 min: .*\)$/);
  });
  test("a few others are named, many are counted by kind", () => {
    const network = (n: number) => resource(`docker_network.n${n}`, "comes");
    expect(verdict(edge, network(1), resource("hcloud_firewall.host_firewall", "changes"))).toBe(
      "docker_network.n1 added, hcloud_firewall.host_firewall changed",
    );
    const four = [1, 2, 3].map(network);
    expect(verdict(edge, ...four, resource("cloudflare_dns_record.a", "comes"))).toBe("3 networks, 1 dns record added");
  });
  test("what only leaves the state is not nothing", () => {
    expect(verdict(edge, resource("docker_network.n", "is forgotten"))).toBe(
      "docker_network.n left to themselves, out of the state",
    );
  });
});

describe("all or nothing", () => {
  test("a first deploy says what is made", () => {
    const changes = [
      resource("hcloud_server.host_server", "comes", { server_type: "ccx33" }),
      resource("docker_container.redis", "comes", container()),
      resource("docker_volume.redis_data", "comes"),
      ...set("blue", "comes"),
      switched("chat", undefined, BLUE),
    ];
    expect(verdict(...changes)).toBe(
      "first deploy of production: 1 server, 1 store (redis), 1 product (chat); 6 resources added, nothing else",
    );
  });
  test("the end of everything begins with the data", () => {
    const changes = [
      resource("docker_volume.redis_data", "goes"),
      ...set("blue", "goes"),
      switched("chat", BLUE, undefined),
    ];
    expect(verdict(...changes)).toBe(
      "everything in production is destroyed: 1 volume with what is on them, 1 product, 4 resources",
    );
  });
  test("nothing to change", () => {
    expect(verdict(edge, ...live)).toBe("production: nothing to change");
    expect(verdict()).toBe("production: nothing to change");
  });
});

describe("drift", () => {
  const drifted = (before: object, after: object | null, texts?: readonly string[]) => {
    const address = "docker_container.edge";
    const what = after === null ? "goes" : "changes";
    const drift = resource(address, what, before as Record<string, unknown>, (after ?? {}) as Record<string, unknown>);
    return plan([edge], { resource_drift: [drift], ...(texts ? { texts: { [address]: texts } } : {}) });
  };
  test.each<[string, object, object]>([
    ["null that is read back as 0", { gw_priority: null }, { gw_priority: 0 }],
    ["nothing that is read back as an empty list", { dns: null }, { dns: [] }],
    ["false for nothing", { read_only: null }, { read_only: false }],
    ["an empty text in a block", { networks: [{ name: "a", ip: null }] }, { networks: [{ name: "a", ip: "" }] }],
    ["the same keys in another order", { opts: { a: "1", b: "2" } }, { opts: { b: "2", a: "1" } }],
  ])("%s is none", (_, before, after) => {
    expect(reviewed(drifted(before, after)).drift).toEqual([]);
  });
  test("what the stack does not set is the provider's own", () => {
    expect(reviewed(drifted({ container_logs: "a" }, { container_logs: "b" }, ["memory"])).drift).toEqual([]);
  });
  test("another value of what the stack sets is one, mended or not", () => {
    const { drift, verdict: said } = reviewed(drifted({ memory: 256 }, { memory: 512 }));
    expect(drift).toEqual([expect.objectContaining({ address: "docker_container.edge", gone: false, mended: false })]);
    expect(drift[0]!.attributes).toEqual([expect.objectContaining({ name: "memory", before: 256, after: 512 })]);
    expect(said).toBe("drift: outside of Terraform docker_container.edge was changed; nothing is to change");
  });
  test("what is gone is one, and is mended when it is made again", () => {
    const gone = { ...drifted({}, null), resource_changes: [resource("docker_container.edge", "comes", container())] };
    expect(reviewed(gone).drift).toEqual([
      { address: "docker_container.edge", gone: true, attributes: [], mended: true },
    ]);
  });
  test("a data source that reads something else is none", () => {
    const of = drifted({ memory: 1 }, { memory: 2 });
    expect(
      reviewed({ ...of, resource_drift: of.resource_drift!.map((each) => ({ ...each, mode: "data" })) }).drift,
    ).toEqual([]);
  });
  test("a sensitive value is in no part of a review, however short it is", () => {
    const of = drifted({ pin: "4711" }, { pin: "0815" });
    const [drift] = of.resource_drift!;
    const marked = {
      ...of,
      resource_drift: [{ ...drift!, change: { ...drift!.change, before_sensitive: { pin: true } } }],
    };
    expect(JSON.stringify(reviewed(marked))).not.toMatch(/4711|0815/);
    expect(reviewed(marked).drift[0]!.attributes).toEqual([expect.objectContaining({ name: "pin", sensitive: true })]);
  });
});

describe("capacity and cost", () => {
  const of = (mebibytes: number) => container({ memory: mebibytes });
  const memory = (...changes: readonly ResourceChange[]) => {
    const { before, after, meanwhile } = reviewed(plan(changes)).capacity.memory;
    return [before, after, meanwhile].map((size) => size.mebibytes);
  };
  test("before, after, and while the new ones stand beside the old ones", () => {
    const name = "docker_container.chat_blue_web-0";
    expect(memory(resource(name, "is replaced, new first", of(256), of(512)))).toEqual([256, 512, 768]);
    expect(memory(resource(name, "is replaced, old first", of(256), of(512)))).toEqual([256, 512, 512]);
    expect(memory(resource(name, "comes", of(512)), edge)).toEqual([512, 1024, 1024]);
    expect(memory(resource(name, "goes", of(512)), edge)).toEqual([1024, 512, 1024]);
    expect(memory(resource(name, "stays", of(512)))).toEqual([512, 512, 512]);
  });
  test("jobs are none of it: they end", () => {
    expect(
      memory(resource("docker_container.chat_green_migration", "comes", { must_run: false, memory: 512 })),
    ).toEqual([0, 0, 0]);
  });
  test("a larger server: its memory and its price before and after", () => {
    const {
      of: size,
      server,
      cost,
    } = reviewed(
      plan([resource("hcloud_server.host_server", "changes", { server_type: "ccx33" }, { server_type: "ccx43" })]),
    ).capacity;
    expect([size.before?.mebibytes, size.after?.mebibytes]).toEqual([32_768, 65_536]);
    expect(server).toEqual({ before: "ccx33", after: "ccx43" });
    const price = (lines: typeof cost.before): number | undefined =>
      lines.find(({ item }) => item.startsWith("server cc"))?.price?.amount;
    expect([price(cost.before), price(cost.after)]).toEqual([50, 100]);
  });
  test("a type that the catalog does not know has no size; a computer of one's own has no cost", () => {
    const unknown = plan([resource("hcloud_server.host_server", "comes", { server_type: "cx1" })]);
    expect(reviewed(unknown).capacity.of.after).toBeUndefined();
    expect(reviewed(plan([edge]), { environment: "development" }).capacity.cost).toEqual({ before: [], after: [] });
  });
});

describe("numbers and lists in words", () => {
  test.each([
    [1, "container", "1 container"],
    [2, "container", "2 containers"],
    [2, "public address", "2 public addresses"],
    [2, "switch", "2 switches"],
    [2, "property", "2 properties"],
    [2, "day", "2 days"],
    [0, "box", "0 boxes"],
  ])("%d %s", (n, word, text) => {
    expect(count(n, word)).toBe(text);
  });
  test("a few, and many", () => {
    expect(few(["a"])).toBe("a");
    expect(few(["a", "b", "c", "d"])).toBe("a, b, c and d");
    expect(few(["a", "b", "c", "d", "e"])).toBe("a, b, c and 2 more");
    expect(counts(["volume", "server", "volume"])).toBe("2 volumes, 1 server");
  });
  test("seconds, and minutes from two of them on", () => {
    expect([0, 119, 120, 150, 200].map(span)).toEqual(["0 s", "119 s", "2 min", "3 min", "3 min"]);
  });
});

test("a version is read from its label in whichever order labels stand", () => {
  const values = {
    must_run: false,
    labels: [...labels({ "release.weights": "blue=100", "release.blue": "v1" }), ...labels({ "release.live": "blue" })],
  };
  expect(verdict(edge, resource("docker_container.chat_switch_job", "comes", values))).toContain(
    "blue v1 gets all of its traffic",
  );
});
