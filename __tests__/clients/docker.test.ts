/** What `docker inspect` says, read as a release needs it: recorded from engine 28.2.2, with what a test adds to it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Docker } from "../../clients/docker";

type Inspected = Record<string, unknown> & { Name: string };
const recorded = readFileSync(join(__dirname, "docker", "inspect-28.2.2.ndjson"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Inspected);
const container = (name: string): Inspected => recorded.find(({ Name }) => Name === `/manacore-test-${name}`)!;

let directory: string;
let docker: Docker;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "twinset-docker-"));
  const program = join(directory, "docker");
  writeFileSync(
    program,
    `#!/bin/sh
echo "$@" >> ${directory}/calls
cat ${directory}/$1.out 2> /dev/null
cat ${directory}/$1.err >&2 2> /dev/null
exit $(cat ${directory}/$1.code 2> /dev/null || echo 0)
`,
  );
  chmodSync(program, 0o755);
  docker = new Docker({ PATH: `${directory}${delimiter}${process.env["PATH"]}` });
});
afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(() => {
  for (const command of ["ps", "inspect", "logs"]) says(command, {});
});

/** What a command prints from now on. */
function says(command: string, { out = "", err = "", code = 0 }: { out?: string; err?: string; code?: number }): void {
  writeFileSync(join(directory, `${command}.out`), out);
  writeFileSync(join(directory, `${command}.err`), err);
  writeFileSync(join(directory, `${command}.code`), String(code));
}

const inspects = (...containers: readonly object[]): void => {
  says("ps", { out: containers.map((_, i) => `id-${i}\n`).join("") });
  says("inspect", { out: JSON.stringify(containers) });
};

describe("all containers of an environment", () => {
  test("name, image, health, times, restarts, memory and labels", async () => {
    inspects(container("unwell"));
    expect(await docker.details("manacore-test")).toEqual([
      {
        name: "manacore-test-unwell",
        image: "prom/prometheus:v3.13.5",
        running: true,
        exitCode: undefined,
        health: "unhealthy",
        startedAt: new Date("2026-11-21T07:47:10.161Z"),
        createdAt: new Date("2026-11-21T07:47:09.949Z"),
        restarts: 0,
        memoryLimit: 64,
        labels: { "com.manacore.project": "chat", "twinset.stand-in": "image" },
      },
    ]);
    expect(readFileSync(join(directory, "calls"), "utf8")).toMatch(/ps --all .*name=\^\/\?manacore-test/);
  });

  test.each([
    ["none", { running: true, health: undefined, memoryLimit: 0 }],
    ["starting", { running: true, health: "starting" }],
    ["gone", { running: true, health: "unhealthy" }],
    ["job", { running: false, exitCode: 1, health: undefined }],
    ["oom", { running: false, exitCode: 137 }],
    ["loop", { running: false, exitCode: 3, restarts: 6 }],
  ])("%s", async (name, expected) => {
    inspects(container(name));
    expect(await docker.details("manacore-test")).toMatchObject([expected]);
  });

  test("as older engines say that there is no health check, and with no label at all", async () => {
    const { State, Config } = container("none") as unknown as { State: object; Config: object };
    inspects({
      ...container("none"),
      State: { ...State, Health: { Status: "none", FailingStreak: 0, Log: null } },
      Config: { ...Config, Labels: null },
    });
    expect(await docker.details("manacore-test")).toMatchObject([{ health: undefined, labels: {} }]);
  });

  test("none: the engine is not asked for details of nothing", async () => {
    says("inspect", { code: 1, err: "docker inspect requires at least 1 argument" });
    expect(await docker.details("manacore-test")).toEqual([]);
  });

  test("one that went in between is not told; the others are", async () => {
    says("ps", { out: "id-0\nid-1\n" });
    says("inspect", { out: JSON.stringify([container("job")]), err: "Error: No such object: id-1", code: 1 });
    expect(await docker.details("manacore-test")).toHaveLength(1);
  });

  test("an engine that does not answer is said in its own words", async () => {
    says("ps", { code: 1, err: "Cannot connect to the Docker daemon at ssh://deploy@192.0.2.1.\n" });
    await expect(docker.details("manacore-test")).rejects.toThrow("Cannot connect to the Docker daemon");
  });
});

describe("how one container is", () => {
  const conditionOf = (name: string) => {
    says("inspect", { out: JSON.stringify([container(name)]) });
    return docker.condition(`manacore-test-${name}`);
  };
  test("the last check's own words and exit code", async () => {
    expect(await conditionOf("unwell")).toEqual({
      ...{ running: true, restarting: false, restarts: 0, exitCode: 0, outOfMemory: false },
      health: {
        status: "unhealthy",
        failures: 7,
        last: { exitCode: 1, output: "wget: server returned error: HTTP/1.1 503 Service Unavailable" },
      },
    });
  });
  test("a check whose program is not in the image", async () => {
    const { health } = await conditionOf("gone");
    expect(health?.last).toEqual({ exitCode: 127, output: "/bin/sh: no-such-program: not found" });
  });
  test("no check has ended yet", async () => {
    expect((await conditionOf("starting")).health).toEqual({ status: "starting", failures: 0, last: undefined });
  });
  test("no check at all", async () => {
    expect((await conditionOf("none")).health).toBeUndefined();
  });
  test("ended, restarting, out of memory", async () => {
    expect(await conditionOf("job")).toMatchObject({ running: false, restarting: false, exitCode: 1 });
    expect(await conditionOf("loop")).toMatchObject({ running: false, restarting: true, restarts: 6, exitCode: 3 });
    expect(await conditionOf("oom")).toMatchObject({ running: false, outOfMemory: true, exitCode: 137 });
  });
  test("no such container", async () => {
    says("inspect", { out: "[]\n", err: "Error: No such container: gone\n", code: 1 });
    await expect(docker.condition("gone")).rejects.toThrow("No such container: gone");
  });
});

test("logs: what a container wrote to both, its last lines", async () => {
  says("logs", { out: "one\ntwo\n", err: "three\n" });
  expect(await docker.logs("some", 2)).toEqual(["two", "three"]);
});
