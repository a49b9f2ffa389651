import { describe, expect, test } from "@jest/globals";
import { explain } from "../../release/explain";
import type { Condition } from "../../clients/docker";
import type { StateResource } from "../../terraform/state";

const container = (address: string, name: string, tainted: boolean): StateResource => ({
  address: `docker_container.${address}`,
  type: "docker_container",
  name: address,
  tainted,
  values: { name, id: "0123" },
});
const state = [
  container("chat_green_backend-0", "manacore-production-chat-backend-green-0-ab12cd34", true),
  container("chat_blue_backend-0", "manacore-production-chat-backend-blue-0-99999999", false),
];
const logsOf = (name: string): Promise<string[]> => Promise.resolve([`${name} cannot reach the database`]);

describe("why an apply failed", () => {
  test("names the failing container and shows its last words, and no other's", async () => {
    const error = {
      severity: "error",
      summary: "container failed to be in healthy state",
      address: "docker_container.chat_green_backend-0",
    } as const;
    expect(await explain([error], state, logsOf)).toEqual([
      "docker_container.chat_green_backend-0: container failed to be in healthy state",
      "  container manacore-production-chat-backend-green-0-ab12cd34 said last:",
      "    manacore-production-chat-backend-green-0-ab12cd34 cannot reach the database",
    ]);
  });

  test("shows a failing container also when no error names it", async () => {
    const lines = await explain([{ severity: "error", summary: "timeout" }], state, logsOf);
    expect(lines[1]).toBe("docker_container.chat_green_backend-0 failed");
    expect(lines.join("\n")).toContain("cannot reach the database");
  });

  test("says why there is no log", async () => {
    const lines = await explain([], state, () => Promise.reject(new Error("No such container")));
    expect(lines.at(-1)).toBe("    (no log: No such container)");
  });

  test("an error about something else has no container", async () => {
    const error = { severity: "error", summary: "server name is already used" } as const;
    expect(await explain([error], [], logsOf)).toEqual(["server name is already used"]);
  });

  test("a container that wrote nothing", async () => {
    const lines = await explain([], state, () => Promise.resolve([""]));
    expect(lines.at(-1)).toBe("    (nothing)");
  });
});

describe("how the container is", () => {
  const sick: Condition = {
    ...{ running: true, restarting: false, restarts: 0, exitCode: 0, outOfMemory: false },
    health: { status: "unhealthy", failures: 3, last: { exitCode: 1, output: "HTTP/1.1 503 Service Unavailable" } },
  };
  const NAME = "manacore-production-chat-backend-green-0-ab12cd34";
  const said = async (condition: Partial<Condition>, health: Partial<Condition["health"]> = {}): Promise<string[]> => {
    const given = { ...sick, ...condition };
    const found = { ...given, health: given.health && { ...given.health, ...health } };
    const lines = await explain([], state, logsOf, { conditionOf: () => Promise.resolve(found) });
    return lines.slice(1, -2).map((line) => line.replace(`container ${NAME}`, "it"));
  };
  const last = (output: string, exitCode = 1) => ({ last: { exitCode, output } });

  test("its health check's last output stands before its log, under its name", async () => {
    const lines = await explain([], state, logsOf, { conditionOf: () => Promise.resolve(sick) });
    expect(lines).toEqual([
      "docker_container.chat_green_backend-0 failed",
      `  container ${NAME} is unhealthy: 3 health checks in a row have failed, the last one with exit code 1:`,
      "    HTTP/1.1 503 Service Unavailable",
      `  container ${NAME} said last:`,
      `    ${NAME} cannot reach the database`,
    ]);
  });
  test("a check that says nothing", async () => {
    expect(await said({}, { failures: 1, ...last("") })).toEqual([
      "  it is unhealthy: one health check has failed, the last one with exit code 1, and it said nothing",
    ]);
  });
  test("a page of HTML is cut, not the log after it", async () => {
    const lines = await said({}, last(`<html>\n${"  <p>no</p>  \n".repeat(80)}`));
    expect(lines).toHaveLength(6);
    expect(lines.slice(1, 3)).toEqual(["    <html>", "      <p>no</p>"]);
    expect((await said({}, last("x".repeat(5000))))[1]).toBe(`    ${"x".repeat(500)}`);
  });
  test.each<[string, Partial<Condition>, object, string]>([
    [
      "too slow a start",
      {},
      { status: "starting", failures: 0, last: undefined },
      "it is starting: no health check has ended yet",
    ],
    ["healthy at last, too late", {}, { status: "healthy", failures: 0, ...last("", 0) }, "it is healthy"],
    ["a job", { running: false, exitCode: 1, health: undefined }, {}, "it ended with exit code 1"],
    [
      "too much memory",
      { running: false, exitCode: 137, outOfMemory: true },
      {},
      "it ended with exit code 137, out of memory",
    ],
    [
      "a crash loop",
      { running: false, restarting: true, restarts: 6, exitCode: 3 },
      {},
      "it ended with exit code 3, and is started again and again (6 times so far)",
    ],
    [
      "between two crashes",
      { restarts: 1 },
      { status: "starting", failures: 0, last: undefined },
      "it is starting and was restarted once: no health check has ended yet",
    ],
  ])("%s", async (_, condition, health, text) => {
    expect(await said(condition, health)).toEqual([`  ${text}`]);
  });
  test("nothing, where it runs without a check, or cannot be asked", async () => {
    expect(await said({ health: undefined })).toEqual([]);
    const lines = await explain([], state, logsOf, { conditionOf: () => Promise.reject(new Error("gone")) });
    expect(lines).toHaveLength(3);
  });
  test("secrets are taken out of all of it, also of one that goes over several lines", async () => {
    const lines = await explain(
      [{ severity: "error", summary: "cannot log in with s3cret" }],
      state,
      () => Promise.resolve(["-----BEGIN", "KEY-----", "end"]),
      {
        conditionOf: () =>
          Promise.resolve({ ...sick, health: { ...sick.health!, ...last("password s3cret is wrong") } }),
        redact: (text) => text.replaceAll("s3cret", "***").replace(/-----BEGIN\s+KEY-----/, "***"),
      },
    );
    expect(lines.join("\n")).not.toMatch(/s3cret|KEY/);
    expect(lines.slice(-2)).toEqual(["    ***", "    end"]);
  });
  test("a secret in a health check's output is taken out before the output is cut", async () => {
    const lines = await explain([], state, logsOf, {
      conditionOf: () =>
        Promise.resolve({ ...sick, health: { ...sick.health!, ...last(`${"x".repeat(496)}s3cret-value`) } }),
      redact: (text) => text.replaceAll("s3cret-value", "***"),
    });
    expect(lines.join("\n")).not.toContain("s3c");
  });
});
