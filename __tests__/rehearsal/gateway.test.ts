import { beforeEach, describe, expect, test } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gatewayOf, ownAddresses } from "../../rehearsal/gateway";
import { engineFacts } from "../../rehearsal/preflight";

const listensOn =
  (...ours: string[]) =>
  async (address: string): Promise<boolean> =>
    ours.includes(address);
const find = (parts: Parameters<typeof gatewayOf>[0], own: readonly string[], ours = own) =>
  gatewayOf(parts, own, listensOn(...ours));

describe("this computer's address in Docker's network is", () => {
  const SUBNET = { Subnet: "172.17.0.0/16" };

  test("what the engine says", async () => {
    expect(await find([{ ...SUBNET, Gateway: "172.17.0.1" }], ["127.0.0.1", "172.17.0.1"])).toBe("172.17.0.1");
  });

  test.each([
    ["left out", SUBNET],
    ["empty", { ...SUBNET, Gateway: "" }],
    ["the network itself", { ...SUBNET, Gateway: "172.17.0.0/16" }],
    ["of another computer", { ...SUBNET, Gateway: "172.17.0.254" }],
  ])("the one that it has there, where the gateway is %s", async (_, part) => {
    expect(await find([part], ["127.0.0.1", "192.0.2.2", "172.17.0.7"])).toBe("172.17.0.7");
  });

  test("the first of the network, where no interface is listed", async () => {
    expect(await find([SUBNET], [], ["172.17.0.1"])).toBe("172.17.0.1");
    expect(await find([{ Subnet: "192.168.64.128/25" }], [], ["192.168.64.129"])).toBe("192.168.64.129");
    // With --bip the engine names its own address in place of the network's.
    expect(await find([{ Subnet: "10.200.7.9/24" }], [], ["10.200.7.1"])).toBe("10.200.7.1");
  });

  test("the IPv4 one of several", async () => {
    const parts = [{ Subnet: "fd00::/80", Gateway: "fd00::1" }, SUBNET];
    expect(await find(parts, ["172.17.0.1"])).toBe("172.17.0.1");
  });

  test.each([
    ["nothing is known", []],
    ["there is only IPv6", [{ Subnet: "fd00::/80", Gateway: "fd00::1" }]],
    ["the network is none", [{ Subnet: "" }, { Subnet: "172.17.0.0" }, { Subnet: "x/16" }, {}]],
    ["it is in a virtual machine", [{ ...SUBNET, Gateway: "172.17.0.1" }]],
  ])("none where %s: never an empty one, never every address", async (_, parts) => {
    expect(await find(parts, ["127.0.0.1", "192.0.2.2"])).toBeUndefined();
  });

  test("listened on for a moment, before anybody is told it", async () => {
    expect(await gatewayOf([{ Subnet: "127.0.0.0/8" }], [])).toBe("127.0.0.1");
    expect(await gatewayOf([{ Subnet: "192.0.2.128/25", Gateway: "192.0.2.129" }], [])).toBeUndefined();
  });
});

test("an interface that is down has its address, too", () => {
  const directory = mkdtempSync(join(tmpdir(), "fib-"));
  try {
    const table = join(directory, "fib_trie");
    const lines = [
      "|-- 172.17.0.0",
      "   /16 link UNICAST",
      "|-- 172.17.0.1",
      "   /32 host LOCAL",
      "|-- 172.17.255.255",
    ];
    writeFileSync(table, [...lines, "   /32 link BROADCAST"].join("\n"));
    expect(ownAddresses(table)).toContain("172.17.0.1");
    expect(ownAddresses(table)).not.toContain("172.17.255.255");
    expect(ownAddresses(join(directory, "nothing"))).toContain("127.0.0.1");
  } finally {
    rmSync(directory, { recursive: true });
  }
});

describe("the preflight", () => {
  let inspected: string;
  const docker = {
    run: async (...args: string[]): Promise<string> => {
      if (args[0] === "info") return "20.10.24+dfsg1 2";
      if (inspected === "") throw new Error("Error: No such network: bridge");
      return inspected;
    },
  };
  beforeEach(() => {
    inspected = '[{"Subnet":"172.17.0.0/16"}]';
  });
  const facts = (own: string[]) => engineFacts(docker, undefined, (parts) => find(parts, own));

  test("finds it on an engine that was never started before", async () => {
    expect(await facts(["172.17.0.1"])).toEqual({
      ...{ version: "20.10.24+dfsg1", cores: 2, gateway: "172.17.0.1", socket: "/var/run/docker.sock" },
    });
  });

  test.each(['[{"Subnet":"172.17.0.0/16"}]', "[]", "null", '[{"Gateway":""}]'])(
    "lists it among what is missing where there is none: %s",
    async (text) => {
      inspected = text;
      expect(await facts([])).toMatch(/^an address of this computer in Docker's default network, .*virtual machine/);
    },
  );

  test.each(["", "no JSON", "{}"])("says so where the engine has no such network: %j", async (text) => {
    inspected = text;
    expect(await facts([])).toMatch(/^the network "bridge" on the Docker engine/);
  });
});
