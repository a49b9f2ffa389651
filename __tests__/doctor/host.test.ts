/** The server behind a real SSH server, asked by the real `ssh`. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { execFile, execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { FAILED_FILE, READY_FILE, REBOOT_FILE, VOLUMES_PATH } from "../../model/server";
import { clock } from "../../doctor/clock";
import { host } from "../../doctor/host";
import type { Finding } from "../../doctor";
import { Machine } from "../../rehearsal/machine";
import { keyPair } from "../../rehearsal/key-pair";
import { type HetznerSimulator, startHetzner } from "../../simulators/hetzner";
import type { Docker } from "../../clients/docker";
import { Hetzner } from "../simulators/hetzner-client";
import { about, ADDRESS, type Changes, contextFor, ops, told, unhelpful } from "../support/patient";
import { WebServer } from "../support/web-server";

// Two busy cores start programs slowly.

const PROGRAMS = ["ssh", "ssh-keygen", "ssh-add", "ssh-agent"];
const paths = (process.env["PATH"] ?? "").split(":");
const missing = PROGRAMS.filter((name) => !paths.some((folder) => existsSync(join(folder, name))));
// Said aloud, and seen in the report as skipped: a login cannot be tried without a client.
if (missing.length > 0)
  console.warn(`not tried, as this computer has no ${missing.join(", ")}: logging in to a server`);
const withSsh = missing.length > 0 ? describe.skip : describe;

const LABELS = { platform: "manacore", environment: "production", "managed-by": "twinset" };

let hetzner: HetznerSimulator;
let address: WebServer;
let server: { id: number };
beforeAll(async () => {
  hetzner = await startHetzner({ actionSeconds: 0.01, nextIpv4: () => "127.0.0.1" });
  address = await WebServer.start((_, response) => response.end(`fl=1\nip=${ADDRESS}\nts=1\n`));
  const client = new Hetzner(hetzner.baseUrl);
  const ip = await client.primaryIp({ name: "manacore-production-ipv4" });
  server = await client.server({
    name: "manacore-production",
    labels: LABELS,
    public_net: { ipv4: ip.id, enable_ipv4: true, enable_ipv6: false },
  });
});
afterAll(async () => {
  await Promise.all([hetzner.stop(), address.stop()]);
});

let directory: string;
let machine: Machine;
let port = 0;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "twinset-doctor-"));
  mkdirSync(join(directory, "server"));
  const disk = join(directory, "disk");
  machine = new Machine({
    docker: {} as Docker,
    socket: join(directory, "docker.sock"),
    disk,
    env: { PATH: `${join(directory, "server")}:${process.env["PATH"]}` },
    address: "127.0.0.1",
  });
  await machine.listen();
  port = machine.port;
  const ready = join(disk, READY_FILE);
  mkdirSync(join(ready, ".."), { recursive: true });
  writeFileSync(ready, "");
  onServer("docker", "echo 28.2.2");
  onServer("sudo", 'shift; exec "$@"');
  onServer("df", df(100, 60, VOLUMES_PATH));
  onServer("sshd", "printf 'maxstartups 100:30:200\\nmaxsessions 100\\nport 22\\n'");
  client(ops.private);
});
afterEach(async () => {
  await machine.close();
  rmSync(directory, { recursive: true, force: true });
});

/** A program that the server has. */
function onServer(name: string, script: string): void {
  program(join(directory, "server", name), script);
}
function program(file: string, script: string): void {
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}
const GIB = 1024 * 1024;
const df = (size: number, free: number, mounted: string): string =>
  `printf 'Filesystem 1024-blocks Used Available Capacity Mounted on\\n/dev/sdb ${size * GIB} 1 ${free * GIB} 1%% ${mounted}\\n'`;

/** `ssh` with a configuration of the test's own: its port, its key, its known hosts. */
function client(privateKey: string | undefined): void {
  const key = join(directory, "key");
  if (privateKey !== undefined) writeFileSync(key, privateKey, { mode: 0o600 });
  const config = [
    "Host *",
    `  Port ${port}`,
    `  IdentityFile ${key}`,
    "  IdentitiesOnly yes",
    "  IdentityAgent SSH_AUTH_SOCK",
    `  UserKnownHostsFile ${join(directory, "known_hosts")}`,
    "  GlobalKnownHostsFile none",
  ];
  writeFileSync(join(directory, "config"), config.join("\n"));
  mkdirSync(join(directory, "client"), { recursive: true });
  const real = paths.map((folder) => join(folder, "ssh")).find((file) => existsSync(file));
  program(join(directory, "client", "ssh"), `exec ${real} -F ${join(directory, "config")} "$@"`);
}

const started = (publicKey = ops.public): Promise<void> =>
  machine.started({
    id: server.id,
    name: "manacore-production",
    ipv4: "127.0.0.1",
    userData: `#cloud-config\n${JSON.stringify({ users: [{ name: "deploy", ssh_authorized_keys: [publicKey] }] })}`,
    sshKeys: [],
    volumes: [],
  });

/** As a first login does. */
async function learnHostKey(): Promise<void> {
  const args = ["-o", "StrictHostKeyChecking=accept-new", "-o", "BatchMode=yes", "deploy@127.0.0.1", "true"];
  // Whether it lets us in does not matter.
  await run(join(directory, "client", "ssh"), args).catch(() => undefined);
  expect(existsSync(join(directory, "known_hosts"))).toBe(true);
}
const run = promisify(execFile);

const contextOf = (changes: Changes = {}) =>
  contextFor({
    addressService: `http://127.0.0.1:${address.port}`,
    sshPort: port,
    ...changes,
    env: {
      HCLOUD_ENDPOINT: hetzner.baseUrl,
      PATH: `${join(directory, "client")}:${process.env["PATH"]}`,
      SSH_AUTH_SOCK: undefined,
      ...changes.env,
    },
  });
const examined = (changes: Changes = {}): Promise<Finding[]> => host(contextOf(changes));

withSsh("a server as it should be", () => {
  test("is told with everything", async () => {
    await started();
    await learnHostKey();
    const context = contextOf();
    expect(told(await host(context))).toEqual([
      "ok key: ops's, in a file",
      `ok this address: ${ADDRESS} is in TF_VAR_ssh_allowed_cidrs (${ADDRESS}/32)`,
      `ok SSH: 127.0.0.1 answers on port ${port}`,
      "ok host key: known on this computer, and the same",
      "ok login: as deploy",
      "ok first start: went through",
      "ok Docker: 28.2.2",
      "ok sshd: maxstartups 100:30:200, maxsessions 100",
      "ok data volume: 60.0 of 100.0 GiB free",
    ]);
    expect(told(await clock(context))).toContain("ok the server: agrees with this computer");
  });

  test("whose clock is wrong", async () => {
    await started();
    await learnHostKey();
    onServer("date", "echo $(($(/bin/date +%s) - 300))");
    const context = contextOf();
    await host(context);
    const [finding] = (await clock(context)).filter(({ what }) => what === "the server");
    expect(finding).toMatchObject({
      status: "warning",
      found: expect.stringMatching(/^(299|300|301) s behind this computer$/),
    });
  });
});

withSsh("a server that is not as it should be", () => {
  const findings = async (): Promise<Finding[]> => {
    await started();
    await learnHostKey();
    const found = await examined();
    expect(unhelpful(found)).toEqual([]);
    return found;
  };

  test("its first start is not over", async () => {
    rmSync(join(directory, "disk", READY_FILE));
    expect(about(await findings(), "first start")).toEqual([
      `failure first start: not over, or failed: there is no ${READY_FILE}`,
    ]);
  });

  test("its first start was stopped, and says by what", async () => {
    rmSync(join(directory, "disk", READY_FILE));
    writeFileSync(join(directory, "disk", FAILED_FILE), "no file system can be read on /dev/x.\nmore\n");
    expect(about(await findings(), "first start")).toEqual([
      "failure first start: stopped: no file system can be read on /dev/x.",
    ]);
  });

  test("updates wait for a reboot", async () => {
    const file = join(directory, "disk", REBOOT_FILE);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, "");
    const then = new Date(Date.now() - 3.5 * 86_400_000);
    utimesSync(file, then, then);
    expect(about(await findings(), "updates")).toEqual([
      "warning updates: wait for 3 days for a reboot: what they mend is not mended before",
    ]);
  });

  test("Docker does not answer", async () => {
    onServer("docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1");
    expect(about(await findings(), "Docker")).toEqual([
      "failure Docker: does not answer: Cannot connect to the Docker daemon",
    ]);
  });

  test("sshd takes fewer connections than a deploy makes", async () => {
    onServer("sshd", "printf 'maxstartups 10:30:100\\nmaxsessions 100\\n'");
    expect(about(await findings(), "sshd")).toEqual(["warning sshd: maxstartups is 10:30:100, not 100:30:200"]);
  });

  test("sshd's settings, or the volume, may not be looked at", async () => {
    onServer("sudo", "exit 1");
    const found = await findings();
    expect(about(found, "sshd")).toEqual(["warning sshd: its settings could not be read"]);
    expect(about(found, "data volume")).toEqual(["warning data volume: could not be looked at"]);
  });

  test.each([
    [20, "ok"],
    [14, "warning"],
    [4, "failure"],
  ])("%d per cent of the data volume are free: %s", async (free, status) => {
    onServer("df", df(100, free, VOLUMES_PATH));
    expect(about(await findings(), "data volume")).toEqual([`${status} data volume: ${free}.0 of 100.0 GiB free`]);
  });

  test("its data lies on its own disk", async () => {
    onServer("df", df(100, 60, "/"));
    expect(about(await findings(), "data volume")).toEqual([
      "failure data volume: not mounted: Docker's volumes lie on /, which goes with the server",
    ]);
  });
});

withSsh("the host key", () => {
  test("that this computer does not know is a warning, and is not learnt", async () => {
    await started();
    const found = await examined();
    expect(about(found, "host key")[0]).toMatch(/^warning host key: not known on this computer/);
    expect(about(found, "login")).toEqual(["ok login: as deploy"]);
    expect(existsSync(join(directory, "known_hosts"))).toBe(false);
  });

  test("that is another one than before ends it", async () => {
    await started();
    await learnHostKey();
    const known = readFileSync(join(directory, "known_hosts"), "utf8");
    await started();
    expect(machine.port).toBe(port);
    const found = await examined();
    expect(about(found, "host key")[0]).toMatch(/^failure host key: it is another one/);
    expect(about(found, "login")).toEqual([]);
    expect(readFileSync(join(directory, "known_hosts"), "utf8")).toBe(known);
    expect(unhelpful(found)).toEqual([]);
  });
});

withSsh("the key of this computer", () => {
  const stranger = keyPair();

  test("is one that the server does not know", async () => {
    await started(stranger.public);
    await learnHostKey();
    const found = await examined();
    expect(about(found, "key")).toEqual(["ok key: ops's, in a file"]);
    expect(about(found, "login")[0]).toMatch(/^failure login: not as deploy: .*Permission denied/);
    expect(unhelpful(found)).toEqual([]);
  });

  test("is in nobody's list, but the server lets it in: only a warning", async () => {
    client(stranger.private);
    await started(stranger.public);
    await learnHostKey();
    expect(about(await examined(), "key")).toEqual([
      "warning key: none of the keys here is in TF_VAR_ssh_public_keys, which has ops",
    ]);
  });

  test("is in nobody's list, and there is no server yet: nobody would get in", async () => {
    client(stranger.private);
    const found = await examined({ environment: "staging" });
    expect(about(found, "key")[0]).toMatch(/^failure key: none of the keys here/);
    expect(about(found, "server")).toEqual(["skipped server: not deployed yet: the first deploy makes it"]);
  });

  test("is not there", async () => {
    rmSync(join(directory, "key"));
    const found = await examined({ environment: "staging" });
    expect(about(found, "key")).toEqual(["failure key: no agent has one, and no file that SSH looks at"]);
    expect(unhelpful(found)).toEqual([]);
  });

  test("has a passphrase that nobody will be asked for", async () => {
    const file = join(directory, "key");
    execFileSync("ssh-keygen", ["-p", "-q", "-P", "", "-N", "a passphrase", "-f", file]);
    writeFileSync(`${file}.pub`, `${ops.public} ops`);
    const found = await examined({ environment: "staging" });
    expect(about(found, "key")).toEqual([`failure key: ${file} has a passphrase, and no agent has the key`]);
  });

  test("is in an agent", async () => {
    const socket = join(directory, "agent");
    const said = execFileSync("ssh-agent", ["-s", "-a", socket], { encoding: "utf8" });
    const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(said)![1]);
    try {
      execFileSync("ssh-add", ["-q", join(directory, "key")], {
        env: { ...process.env, SSH_AUTH_SOCK: socket },
        stdio: "pipe",
      });
      rmSync(join(directory, "key"));
      const found = await examined({ environment: "staging", env: { SSH_AUTH_SOCK: socket } });
      expect(about(found, "key")).toEqual(["ok key: ops's, in the agent"]);
    } finally {
      process.kill(pid);
    }
  });
});

describe("the address of this computer", () => {
  const cidrs = (text: string | undefined): Changes => ({
    // Without a server nobody logs in.
    environment: "staging",
    env: { TF_VAR_ssh_allowed_cidrs: text },
  });

  test("is in one of the ranges", async () => {
    expect(about(await examined(cidrs('["198.51.100.0/24", "203.0.113.0/24"]')), "this address")).toEqual([
      `ok this address: ${ADDRESS} is in TF_VAR_ssh_allowed_cidrs (203.0.113.0/24)`,
    ]);
  });

  test("is a foreign one: it is told, with what is listed", async () => {
    const found = await examined(cidrs('["198.51.100.0/24"]'));
    expect(found.find(({ what }) => what === "this address")).toMatchObject({
      status: "failure",
      found: `${ADDRESS} is not in TF_VAR_ssh_allowed_cidrs, which has 198.51.100.0/24`,
      fix: expect.stringContaining(`add "${ADDRESS}/32"`),
    });
  });

  test("is let in by a way in that a pipeline opened", async () => {
    const rules = [{ direction: "in", protocol: "tcp", port: "22", source_ips: [`${ADDRESS}/32`] }];
    const client = new Hetzner(hetzner.baseUrl);
    const labels = { "twinset.way-in": "manacore-production", "twinset.until": "9999999999" };
    const { firewall } = await client.settle(client.post("/firewalls", { name: "way", labels, rules }));
    const found = await examined(cidrs('["198.51.100.0/24"]'));
    await client.delete(`/firewalls/${firewall.id}`);
    expect(about(found, "this address")).toEqual([
      `ok this address: ${ADDRESS} is let in by a firewall of its own for now`,
    ]);
  });

  test("is told by nobody", async () => {
    expect(
      about(await examined({ environment: "staging", addressService: "http://127.0.0.1:2" }), "this address"),
    ).toEqual(["warning this address: nobody told which one this computer has"]);
  });

  test("cannot be looked up in a list that is none", async () => {
    expect(about(await examined(cidrs(undefined)), "this address")).toEqual([
      "skipped this address: needs TF_VAR_ssh_allowed_cidrs",
    ]);
    expect(about(await examined(cidrs("203.0.113.7")), "this address")).toEqual([
      "skipped this address: needs TF_VAR_ssh_allowed_cidrs in its form",
    ]);
  });
});

describe("a server that is not reached", () => {
  test("as its port is closed", async () => {
    await machine.close();
    const found = await examined();
    expect(about(found, "SSH")).toEqual([`failure SSH: port ${port} of 127.0.0.1 does not answer (ECONNREFUSED)`]);
    expect(unhelpful(found)).toEqual([]);
  });

  test("as its project is not", async () => {
    expect(about(await examined({ env: { TF_VAR_hcloud_token: undefined } }), "server")).toEqual([
      "skipped server: needs TF_VAR_hcloud_token",
    ]);
  });

  test("as it is off", async () => {
    const client = new Hetzner(hetzner.baseUrl);
    await client.settle(client.post(`/servers/${server.id}/actions/poweroff`));
    const found = await examined();
    await client.settle(client.post(`/servers/${server.id}/actions/poweron`));
    expect(about(found, "server")).toEqual(["failure server: it is off"]);
    expect(unhelpful(found)).toEqual([]);
  });
});

test("development has no server", async () => {
  expect(await examined({ environment: "development" })).toEqual([]);
});
