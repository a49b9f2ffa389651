import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "ssh2";
import { READY_FILE } from "../../model/server";
import { keyPair } from "../../rehearsal/key-pair";
import { Machine, sshPrograms } from "../../rehearsal/machine";
import type { MachineServer } from "../../simulators/hetzner";
import type { ContainerFacts, Docker } from "../../clients/docker";

const ops = keyPair();
const stranger = keyPair();
const userData = `#cloud-config\n${JSON.stringify({ users: [{ name: "deploy", ssh_authorized_keys: [ops.public] }] })}`;
const server: MachineServer = {
  id: 1,
  name: "shop-production",
  ipv4: "127.0.0.1",
  userData,
  sshKeys: [],
  volumes: [],
};

let directory: string;
let machine: Machine;
let engine: Server;
let asked: string[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "machine-"));
  asked = [];
  const docker = {
    removeContainers: async (prefix: string) => void asked.push(`remove ${prefix}`),
    containers: async (): Promise<Partial<ContainerFacts>[]> => [
      { id: "1", running: true },
      { id: "2", running: false },
    ],
    run: async (...args: string[]) => void asked.push(args.join(" ")),
  } as unknown as Docker;
  const socket = join(directory, "docker.sock");
  engine = createServer((connection) => connection.pipe(connection)).listen(socket);
  machine = new Machine({
    docker,
    socket,
    disk: join(directory, "disk"),
    env: { PATH: process.env["PATH"] },
    address: "127.0.0.1",
    bootSeconds: 0.05,
  });
  await machine.listen();
});
afterEach(async () => {
  await machine.close();
  engine.close();
  rmSync(directory, { recursive: true });
});

interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly hostKey: string;
}

/** Runs a command by SSH. Rejects when nobody may log in. */
function ssh(command: string, key = ops.private, username = "deploy", input?: string): Promise<Said> {
  return new Promise((resolve, reject) => {
    const client = new Client();
    let hostKey = "";
    client.on("error", reject).on("ready", () =>
      client.exec(command, (problem, channel) => {
        if (problem) return reject(problem);
        let stdout = "";
        channel.on("data", (data: Buffer) => (stdout += data.toString()));
        channel.on("close", (code: number) => {
          client.end();
          resolve({ code, stdout, hostKey });
        });
        channel.stderr.resume();
        channel.end(input);
      }),
    );
    client.connect({
      host: "127.0.0.1",
      port: machine.port,
      username,
      privateKey: key,
      hostVerifier: (offered: Buffer) => (hostKey = offered.toString("base64")) !== "",
    });
  });
}

const READY = `test -e ${READY_FILE} && echo ready`;

async function ready(): Promise<void> {
  while ((await ssh(READY)).code !== 0) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("the simulated server's computer", () => {
  test("lets nobody in before it has booted, and then whom its cloud-init names", async () => {
    await expect(ssh("true")).rejects.toThrow(/authentication/i);
    await machine.started(server);
    expect(await ssh("echo hello")).toMatchObject({ code: 0, stdout: "hello\n" });
    await expect(ssh("true", stranger.private)).rejects.toThrow(/authentication/i);
    await expect(ssh("true", ops.private, "root")).rejects.toThrow(/authentication/i);
  });

  test("is ready only when its volume has arrived", async () => {
    await machine.started(server);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect((await ssh(READY)).code).not.toBe(0);
    machine.attached({ ...server, volumes: [7] });
    await ready();
  });

  test("a command's code and words come back", async () => {
    await machine.started(server);
    expect(await ssh("echo out; exit 3")).toMatchObject({ code: 3, stdout: "out\n" });
  });

  test("docker system dial-stdio is a connection to the engine, which can be half closed", async () => {
    await machine.started(server);
    const { stdout } = await ssh("docker system dial-stdio", ops.private, "deploy", "GET /_ping");
    expect(stdout).toBe("GET /_ping");
  });

  test("another server has another host key and an empty disk", async () => {
    await machine.started({ ...server, volumes: [7] });
    await ready();
    const before = await ssh("true");
    await machine.stopped(server, true);
    expect(asked).toEqual(["remove shop-production"]);
    await machine.started({ ...server, id: 2 });
    const after = await ssh(READY);
    expect(after.code).not.toBe(0);
    expect(after.hostKey).not.toBe(before.hostKey);
  });

  test("a shutdown stops what runs; nothing is removed", async () => {
    await machine.started(server);
    await machine.stopped(server, false);
    expect(asked).toEqual(["stop --time 10 1"]);
  });

  test("user data that is no cloud-config is refused aloud", async () => {
    await expect(machine.started({ ...server, userData: "#!/bin/sh" })).rejects.toThrow("user_data is no cloud-config");
  });
});

test("the programs in front of ssh have the rehearsal's own key and known hosts, and leave the user's alone", () => {
  const folder = sshPrograms(
    directory,
    { ssh: "/usr/bin/ssh", sshKeygen: "/usr/bin/ssh-keygen" },
    { address: "127.0.0.1", port: 2222, privateKey: ops.private },
  );
  const script = readFileSync(join(folder, "ssh"), "utf8");
  expect(script).toContain("exec '/usr/bin/ssh' '-F' 'none' '-p' '2222'");
  expect(script).toContain(`UserKnownHostsFile=${join(directory, "known_hosts")}`);
  expect(script).toContain("'-o' 'HostKeyAlias=127.0.0.1'");
  expect(readFileSync(join(folder, "ssh-keygen"), "utf8")).toContain(`'-f' '${join(directory, "known_hosts")}'`);
  expect(statSync(join(directory, "id_ed25519")).mode & 0o777).toBe(0o600);
  expect(existsSync(join(folder, "ssh"))).toBe(true);
});
