import { describe, expect, test } from "@jest/globals";
import { explain } from "../../release/explain";
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
});
