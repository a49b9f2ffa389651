import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type Finding } from "../../doctor";
import { hetznerFirewall, hetznerToken } from "../../doctor/hetzner";
import { type HetznerSimulator, startHetzner } from "../../simulators/hetzner";
import { type ObjectStore, startObjectStore } from "../../simulators/object-store";
import { stateFiles } from "../../clients/state-store/state-store";
import { Hetzner } from "../simulators/hetzner-client";
import { about, ADDRESS, type Changes, contextFor, ENV, KEY_ID, SMALL, told, unhelpful } from "../support/patient";

const READER = "r".repeat(64);
const BUCKET = "manacore-terraform-state";
const LABELS = { platform: "manacore", environment: "production", "managed-by": "twinset" };

let simulator: HetznerSimulator;
let hetzner: Hetzner;
beforeEach(async () => {
  simulator = await startHetzner({ actionSeconds: 0.01, readOnlyTokens: [READER] });
  hetzner = new Hetzner(simulator.baseUrl);
});
afterEach(() => simulator.stop());

const changed = (changes: Changes): Changes => ({
  ...changes,
  env: { HCLOUD_ENDPOINT: simulator.baseUrl, ...changes.env },
});
const token = (changes: Changes = {}): Promise<Finding[]> => hetznerToken(contextFor(changed(changes)));
const firewall = (changes: Changes = {}): Promise<Finding[]> => hetznerFirewall(contextFor(changed(changes)));

const SSH_RULE = { direction: "in", protocol: "tcp", port: "22", source_ips: [`${ADDRESS}/32`] };

/** A server behind its own firewall, as the stack makes it. */
async function deployed(rules: readonly object[] = [SSH_RULE], attached = true): Promise<number> {
  const made = await hetzner.settle(hetzner.post("/firewalls", { name: "manacore-production", labels: LABELS, rules }));
  const firewalls = attached ? [{ firewall: made.firewall.id }] : [];
  return (await hetzner.server({ name: "manacore-production", labels: LABELS, firewalls })).id;
}

async function otherFirewall(server: number, labels: Record<string, string>, rules: readonly object[] = [SSH_RULE]) {
  const apply_to = [{ type: "server", server: { id: server } }];
  await hetzner.settle(hetzner.post("/firewalls", { name: "another", labels, rules, apply_to }));
}

describe("the token", () => {
  test("that is known and may write is fine, and makes nothing", async () => {
    expect(told(await token())).toEqual([
      "ok token: valid; its project has no server",
      "ok may write: an order that cannot be filled was refused for that only",
      "ok project: this environment's own, as far as its servers tell",
    ]);
    expect(simulator.state.sshKeys).toEqual([]);
  });

  test("that may only read", async () => {
    const findings = await token({ env: { TF_VAR_hcloud_token: READER } });
    expect(about(findings, "may write")).toEqual(["failure may write: no, the token may only read (token_readonly)"]);
    expect(unhelpful(findings)).toEqual([]);
  });

  test("that Hetzner does not know", async () => {
    const findings = await token({ env: { TF_VAR_hcloud_token: "unknown" } });
    expect(told(findings)).toEqual(["failure token: Hetzner said 401 unauthorized"]);
    expect(unhelpful(findings)).toEqual([]);
    expect(JSON.stringify(findings)).not.toContain("unknown");
  });

  test("that is not set", async () => {
    expect(told(await token({ env: { TF_VAR_hcloud_token: undefined } }))).toEqual([
      "skipped token and server: needs TF_VAR_hcloud_token",
    ]);
    expect(simulator.requests).toEqual([]);
  });

  test("whose rights are not told by the answer is not said to be fine", async () => {
    simulator.faults.inject({ fault: { kind: "error", status: 503 }, method: "POST" });
    expect(about(await token(), "may write")).toEqual(["warning may write: could not be told (unavailable)"]);
  });

  test("nobody answers", async () => {
    const findings = await token({ env: { HCLOUD_ENDPOINT: "http://127.0.0.1:2" } });
    expect(told(findings)).toEqual(["failure token: no answer from 127.0.0.1:2 (ECONNREFUSED)"]);
  });
});

describe("the project", () => {
  test("of another environment", async () => {
    await hetzner.server({ name: "manacore-staging", labels: { ...LABELS, environment: "staging" } });
    const findings = await token();
    expect(about(findings, "project")).toEqual(["failure project: has manacore-staging, of another environment"]);
    expect(unhelpful(findings)).toEqual([]);
  });

  test("with servers that are none of ours is fine, and so are many", async () => {
    for (let i = 0; i < 3; i++) await hetzner.server({ name: `other-${i}` });
    expect(about(await token(), "project")[0]).toMatch(/^ok/);
  });

  describe("and the state", () => {
    let store: ObjectStore;
    beforeEach(async () => {
      store = await startObjectStore({ buckets: [BUCKET], accessKeyId: KEY_ID });
    });
    afterEach(() => store.stop());
    /** @param id of the server that the state has */
    async function withState(id?: string): Promise<string[]> {
      const env = { AWS_ENDPOINT_URL_S3: store.baseUrl };
      const files = stateFiles("manacore", SMALL.platform.environments.production, {
        env: { ...ENV, ...env },
        directory: "/",
      });
      const server = { type: "hcloud_server", name: "host_server", instances: [{ attributes: { id } }] };
      const state = { serial: 1, terraform_version: "1.11.4", resources: id === undefined ? [] : [server] };
      await files.write("terraform.tfstate", JSON.stringify(state), { ifVersion: "absent" });
      const findings = await token({ env });
      expect(unhelpful(findings)).toEqual([]);
      return about(findings, "project");
    }

    test("agree", async () => {
      expect(await withState(String(await deployed()))).toEqual([
        "ok project: this environment's own, as far as its servers tell",
      ]);
    });

    test("do not agree: the state has a server that the project has not", async () => {
      expect(await withState("4711")).toEqual(["failure project: has no server 4711, which the state has"]);
    });

    test("do not agree: the project has a server that the state has not", async () => {
      await deployed();
      expect((await withState())[0]).toMatch(
        /^failure project: has manacore-production, of which the state knows nothing/,
      );
    });
  });
});

describe("the firewall", () => {
  test("is attached and lets in who is listed", async () => {
    await deployed();
    expect(told(await firewall())).toEqual([
      `ok firewall: attached; SSH from ${ADDRESS}/32 only`,
      "ok ways in: none is open",
    ]);
  });

  test("is no matter before the first deploy", async () => {
    expect(told(await firewall())).toEqual(["skipped firewall: not deployed yet", "ok ways in: none is open"]);
  });

  test("that was taken away", async () => {
    await deployed([SSH_RULE], false);
    const findings = await firewall();
    expect(about(findings, "firewall")).toEqual([
      "failure firewall: manacore-production is not attached to manacore-production",
    ]);
    expect(unhelpful(findings)).toEqual([]);
  });

  test("that is gone", async () => {
    await hetzner.server({ name: "manacore-production", labels: LABELS });
    expect(about(await firewall(), "firewall")[0]).toContain("is not there to protect manacore-production");
  });

  test.each([
    ["its own", { ...SSH_RULE, source_ips: ["0.0.0.0/0"] }],
    ["its own, by IPv6", { ...SSH_RULE, source_ips: [`${ADDRESS}/32`, "::/0"] }],
    ["its own, by a range of ports", { ...SSH_RULE, port: "1-1024", source_ips: ["0.0.0.0/0"] }],
  ])("that lets the whole world use SSH: %s", async (_, rule) => {
    await deployed([rule]);
    const findings = await firewall();
    expect(about(findings, "SSH")).toEqual(["failure SSH: manacore-production lets the whole world in"]);
    expect(findings.some(({ what, status }) => what === "firewall" && status === "ok")).toBe(false);
    expect(unhelpful(findings)).toEqual([]);
  });

  test("that lets the world use SSH may be somebody else's", async () => {
    const server = await deployed();
    await otherFirewall(server, {}, [{ ...SSH_RULE, source_ips: ["0.0.0.0/0"] }]);
    expect(about(await firewall(), "SSH")).toEqual(["failure SSH: another lets the whole world in"]);
  });

  test("that lets the world use other ports is none of that", async () => {
    await deployed([SSH_RULE, { ...SSH_RULE, port: "443", source_ips: ["0.0.0.0/0"] }]);
    expect(about(await firewall(), "SSH")).toEqual([]);
  });

  test("that lets in others than are listed", async () => {
    await deployed([{ ...SSH_RULE, source_ips: ["198.51.100.1/32"] }]);
    expect(about(await firewall(), "firewall")).toEqual([
      `warning firewall: lets 198.51.100.1/32 use SSH, where TF_VAR_ssh_allowed_cidrs says ${ADDRESS}/32`,
    ]);
  });
});

describe("a way in", () => {
  const NOW = 1_800_000_000;
  const way = async (until: string): Promise<Finding[]> => {
    await otherFirewall(await deployed(), { "twinset.way-in": "manacore-production", "twinset.until": until });
    return firewall({ now: () => NOW * 1000 });
  };

  test("is told with its time", async () => {
    expect(about(await way(`${NOW + 60}`), "ways in")).toEqual(["ok ways in: another, until 2027-01-15T08:01:00.000Z"]);
  });

  test.each([`${NOW}`, `${NOW - 1}`, "", "never"])("past its time is a failure: until %j", async (until) => {
    const findings = await way(until);
    expect(about(findings, "ways in")).toEqual(["failure ways in: another is open past its time"]);
    expect(unhelpful(findings)).toEqual([]);
  });

  test("of another environment is none of ours", async () => {
    await otherFirewall(await deployed(), { "twinset.way-in": "manacore-staging", "twinset.until": "1" });
    expect(about(await firewall(), "ways in")).toEqual(["ok ways in: none is open"]);
  });
});

test("development has nothing at Hetzner", async () => {
  expect(await token({ environment: "development" })).toEqual([]);
  expect(await firewall({ environment: "development" })).toEqual([]);
});
