import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { join } from "node:path";
import { type RecoverCommand, recoverEnvironment } from "../../../cli/environment/recover";
import { type HetznerSimulator, startHetzner } from "../../../simulators/hetzner";
import { FakeTerraform } from "../../support/fake-terraform";

const TOKEN = "t".repeat(64);
let hetzner: HetznerSimulator;
let volume: number;
let fake: FakeTerraform;

beforeAll(async () => {
  hetzner = await startHetzner({ actionSeconds: 0 });
  const answer = await fetch(`${hetzner.baseUrl}/volumes`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "manacore-production-data", size: 100, location: "fsn1" }),
  });
  volume = ((await answer.json()) as { volume: { id: number } }).volume.id;
});
afterAll(() => hetzner.stop());
beforeEach(() => {
  fake = new FakeTerraform();
});
afterEach(() => fake.remove());

async function recover(options: Partial<RecoverCommand> = {}): Promise<{ code: number; text: string }> {
  const lines: string[] = [];
  const code = await recoverEnvironment({
    environment: "production",
    yes: false,
    env: {
      ...process.env,
      CDKTF_OUTDIR: join(fake.temp, "out"),
      HCLOUD_ENDPOINT: hetzner.baseUrl,
      TF_VAR_hcloud_token: TOKEN,
    },
    write: (line) => lines.push(line),
    ...options,
  });
  return { code, text: lines.join("\n") };
}

const creating = (name: string): { stdout: string } => {
  const change = { actions: ["create"], before: null, after: { name } };
  const volumes = { address: "hcloud_volume.host_data", type: "hcloud_volume", mode: "managed", name: "host_data" };
  return { stdout: JSON.stringify({ resource_changes: [{ ...volumes, change }] }) };
};
const NOTHING = { stdout: JSON.stringify({ resource_changes: [] }) };

describe("twinset recover", () => {
  test("says what is there already, and touches nothing", async () => {
    fake.plays({ show: creating("manacore-production-data") });
    const { code, text } = await recover();
    expect(text).toContain(`exists, but not in the state: hcloud_volume.host_data (${volume})`);
    expect(text).toContain("twinset recover production --yes");
    expect(code).toBe(1);
    expect(fake.calls("import")).toEqual([]);
  }, 30_000);

  test("with --yes takes it into the state, once, and says what is still to be deployed", async () => {
    fake.plays({ show: creating("manacore-production-data") });
    const { code, text } = await recover({ yes: true });
    expect(fake.calls("import").map(({ args }) => args.slice(-2))).toEqual([
      ["hcloud_volume.host_data", String(volume)],
    ]);
    expect(text).toContain("1 change is pending: npx cdktf deploy production");
    expect(code).toBe(1);
  }, 30_000);

  test("where there is nothing, exits 0", async () => {
    fake.plays({ show: NOTHING });
    expect(await recover()).toEqual({ code: 0, text: "Nothing is there that the state does not know." });
  }, 30_000);

  test("a lock is told with its holder; it goes only when its very id is given", async () => {
    const detail = "Lock Info:\n  ID:        42-a\n  Who:       alice@laptop\n  Created:   2026-11-21 04:29 UTC\n";
    const diagnostic = { severity: "error", summary: "Error acquiring the state lock", detail };
    fake.plays({ plan: { code: 1, stdout: JSON.stringify({ type: "diagnostic", diagnostic }) } });
    const { code, text } = await recover();
    expect(text).toContain("The state is locked by alice@laptop since 2026-11-21 04:29 UTC.");
    expect(text).toContain("twinset recover production --unlock 42-a");
    expect(code).toBe(1);
    expect(fake.calls("force-unlock")).toEqual([]);

    fake.plays({ show: NOTHING });
    expect((await recover({ unlock: "42-a" })).code).toBe(0);
    expect(fake.calls("force-unlock").map(({ args }) => args)).toEqual([["force-unlock", "-force", "42-a"]]);
  }, 30_000);

  test("without Terraform there is nothing to be done", async () => {
    const { code, text } = await recover({ env: { TERRAFORM_BINARY_NAME: "no-such-terraform" } });
    expect(code).toBe(2);
    expect(text).toContain("no-such-terraform was not found");
  });

  test("an error of Terraform's is told, not thrown", async () => {
    fake.plays({ init: { code: 1, stderr: "no such bucket" } });
    expect(await recover()).toEqual({ code: 1, text: "terraform init: no such bucket" });
  }, 30_000);

  test("no token is ever printed", async () => {
    fake.plays({ show: creating("manacore-production-data") });
    expect((await recover({ yes: true })).text).not.toContain(TOKEN);
  }, 30_000);
});
