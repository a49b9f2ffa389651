import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { wayIn, type WayInCommand, type WayInFlags } from "../../../cli/pipeline/way-in";
import { ProblemsError } from "../../../model/problem";
import { type HetznerSimulator, startHetzner } from "../../../simulators/hetzner";
import { Hetzner, SMALL, TOKEN } from "../../simulators/hetzner-client";

const NOW = Date.parse("2026-11-21T10:00:00Z");
let simulator: HetznerSimulator;
beforeEach(async () => {
  simulator = await startHetzner({ actionSeconds: 0.001 });
  const hetzner = new Hetzner(simulator.baseUrl);
  await hetzner.settle(hetzner.post("/servers", { name: "manacore-staging", ...SMALL }));
});
afterEach(() => simulator.stop());

const env = (over: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  HCLOUD_ENDPOINT: simulator.baseUrl,
  TF_VAR_hcloud_token: TOKEN,
  GITHUB_RUN_ID: "17",
  GITHUB_RUN_ATTEMPT: "2",
  ...over,
});

async function run(action: string, flags: WayInFlags = {}, over: Partial<WayInCommand> = {}) {
  const lines: string[] = [];
  const write = (line: string): void => void lines.push(line);
  const reachable = async (): Promise<boolean> => true;
  const command = {
    action,
    environment: "staging",
    flags,
    env: env(),
    write,
    now: () => NOW,
    reachable,
    ...over,
  } as const;
  return { code: await wayIn(command), text: lines.join("\n") };
}

describe("twinset way-in", () => {
  test("opens for the run and says for whom and until when; lists; closes", async () => {
    expect(await run("open", { from: "192.0.2.7", for: "90m" })).toEqual({
      code: 0,
      text: "Open at manacore staging: SSH from 192.0.2.7/32, until 2026-11-21T11:30:00.000Z (run 17-2)",
    });
    expect((await run("list")).text).toContain("Open: SSH from 192.0.2.7/32");
    // Another attempt of the same run is another one.
    expect((await run("close", {}, { env: env({ GITHUB_RUN_ATTEMPT: "3" }) })).text).toBe(
      "Nothing was open at manacore staging for run 17-3.",
    );
    expect((await run("close")).text).toContain("Closed: SSH from 192.0.2.7/32");
    expect(simulator.state.firewalls).toEqual([]);
    expect((await run("list")).text).toBe("No way in is open at manacore staging.");
  });

  test("sweeps what is past its time, and says so", async () => {
    await run("open", { from: "192.0.2.7" });
    expect((await run("sweep")).text).toBe("Nothing is past its time at manacore staging.");
    const later = { now: () => NOW + 3_600_000 };
    const opened = await run("open", { from: "192.0.2.8" }, later);
    expect(opened.text).toContain("Closed, as it was past its time: SSH from 192.0.2.7/32");
    expect((await run("sweep", {}, { now: () => NOW + 7_200_000 })).text).toContain("Closed: SSH from 192.0.2.8/32");
  });

  test("one that is open, but is not felt, is told and fails the step", async () => {
    const reachable = async (): Promise<boolean> => false;
    const { code, text } = await run("open", { from: "192.0.2.7" }, { reachable });
    expect(code).toBe(1);
    expect(text).toContain("203.0.113.1 does not answer on port 22 for 192.0.2.7");
    expect((await run("open", { from: "192.0.2.7", wait: false }, { reachable })).code).toBe(0);
  });

  test("a person's own is by that person's name, and HCLOUD_TOKEN does as well", async () => {
    const own = env({ GITHUB_RUN_ID: undefined, TF_VAR_hcloud_token: undefined, HCLOUD_TOKEN: TOKEN });
    expect((await run("open", { from: "192.0.2.7" }, { env: own })).text).toMatch(/\(run by-hand-\w+\)/);
    expect((await run("close", {}, { env: own })).text).toContain("Closed");
  });

  test.each<[string, Parameters<typeof run>, RegExp]>([
    ["an unknown word", ["opn"], /way-in\n.*opn[\s\S]*open, close, sweep and list/],
    ["an environment without a server", ["open", {}, { environment: "development" }], /has no server/],
    ["a time that is none", ["open", { from: "192.0.2.7", for: "soon" }], /--for\n.*soon/],
    ["no token", ["list", {}, { env: {} }], /TF_VAR_hcloud_token\n.*nothing/],
  ])("%s is a mistake", async (_, given, message) => {
    const reason = await run(...given).catch((thrown: unknown) => thrown);
    expect(reason).toBeInstanceOf(ProblemsError);
    expect((reason as ProblemsError).message).toMatch(message);
  });
});
