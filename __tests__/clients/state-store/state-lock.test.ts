import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { LocalFiles } from "../../../clients/state-store/local-files";
import { Bucket } from "../../../clients/object-store";
import { S3Files } from "../../../clients/state-store/s3-files";
import { type Acquired, type HeldLock, isHeld, StateLock } from "../../../clients/state-store/state-lock";
import type { StateFiles } from "../../../clients/state-store/state-files";
import { lockIn } from "../../../terraform/lock";
import { type ObjectStore, startObjectStore } from "../../../simulators/object-store";

// With the real Terraform it is the drill `run-lock`.
const KEY_ID = "0123456789abcdef0123456789abcdef";
const LOCK = "state/shop/production/terraform.tfstate.tflock";
const INFO = "release of shop v2.0.0, run 1";

let store: ObjectStore;
let directory: string;
beforeEach(async () => {
  store = await startObjectStore({ buckets: ["state"], accessKeyId: KEY_ID });
  directory = mkdtempSync(join(tmpdir(), "state-lock-"));
});
afterEach(async () => {
  await store.stop();
  rmSync(directory, { recursive: true, force: true });
});

const s3 = (): StateFiles =>
  new S3Files(
    new Bucket(
      { endpoint: store.baseUrl, accessKeyId: KEY_ID, secretAccessKey: "secret" },
      "state",
      "Terraform's state",
      async () => undefined,
    ),
    "shop/production/terraform.tfstate",
  );
const local = (): StateFiles => new LocalFiles(join(directory, "terraform.shop.production.tfstate"));

async function got(acquiring: Promise<Acquired>): Promise<HeldLock> {
  const acquired = await acquiring;
  if (!isHeld(acquired)) throw new Error(`held by ${acquired.heldBy.who}`);
  return acquired;
}
async function holderOf(acquiring: Promise<Acquired>) {
  const acquired = await acquiring;
  if (isHeld(acquired)) throw new Error("it is ours");
  return acquired.heldBy;
}

describe.each<[string, () => StateFiles]>([
  ["in a bucket", s3],
  ["on this computer", local],
])("the lock of a state %s", (_where, make) => {
  const lockOf = (who: string): StateLock => new StateLock(make(), "1.11.4", who);

  test("is one run's, and the others learn whose, since when and what for", async () => {
    const before = new Date().toISOString();
    const alice = await got(lockOf("alice@laptop").acquire(`  ${INFO}\n`));
    const holder = await holderOf(lockOf("bob@desk").acquire("another"));
    expect(holder).toMatchObject({ id: alice.id, who: "alice@laptop", info: `${INFO} (process ${process.pid})` });
    expect(holder.since >= before).toBe(true);
    expect(await lockOf("bob@desk").holder()).toEqual(holder);
    expect(await alice.stillHeld()).toBe(true);
  });

  test("is free again once it is given back, which may be repeated", async () => {
    const alice = await got(lockOf("alice@laptop").acquire(INFO));
    expect(await Promise.all([alice.release(), alice.release()])).toEqual([true, true]);
    expect(await alice.stillHeld()).toBe(false);
    expect(await lockOf("bob@desk").holder()).toBeUndefined();
    const bob = await got(lockOf("bob@desk").acquire(INFO));
    await alice.release();
    expect(await bob.stillHeld()).toBe(true);
  });

  test("of many who ask at a time one gets it", async () => {
    const all = await Promise.all([..."abcdef"].map((who) => lockOf(`${who}@x`).acquire(INFO)));
    expect(all.filter(isHeld)).toHaveLength(1);
  });

  test("can be taken over from the one who is named only, and that one finds out", async () => {
    const alice = await got(lockOf("alice@laptop").acquire(INFO));
    const bob = await got(lockOf("bob@desk").takeOver(alice.id, INFO));
    expect(await alice.stillHeld()).toBe(false);
    expect(await holderOf(lockOf("carol@desk").takeOver(alice.id, INFO))).toMatchObject({ id: bob.id });
    expect(await holderOf(lockOf("carol@desk").takeOver("", INFO))).toMatchObject({ id: bob.id });
    expect(await alice.release()).toBe(false);
    expect(await bob.stillHeld()).toBe(true);
  });

  test("that is free by now is simply taken by who wanted to take over", async () => {
    expect(await (await got(lockOf("bob@desk").takeOver("gone", INFO))).stillHeld()).toBe(true);
  });

  test("of two who take over at a time one gets it", async () => {
    const alice = await got(lockOf("alice@laptop").acquire(INFO));
    const both = await Promise.all(["b@x", "c@x", "d@x"].map((who) => lockOf(who).takeOver(alice.id, INFO)));
    expect(both.filter(isHeld)).toHaveLength(1);
  });
});

describe("in a bucket", () => {
  const lock = new StateLock(
    { ...({} as StateFiles), kind: "s3", state: "state/shop/production/terraform.tfstate" },
    "1.11.4",
  );

  test("it is Terraform's lock file, with what Terraform writes there", async () => {
    expect(lock.isTerraforms).toBe(true);
    const { id } = await got(new StateLock(s3(), "1.11.4", "alice@laptop").acquire(INFO));
    const written = JSON.parse(store.objects.get(LOCK)!.toString()) as Record<string, string>;
    expect(Object.keys(written)).toEqual(["ID", "Operation", "Info", "Who", "Version", "Created", "Path"]);
    expect(written).toMatchObject({ ID: id, Who: "alice@laptop", Version: "1.11.4" });
    expect(written["Path"]).toBe("state/shop/production/terraform.tfstate");
    expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(new Date(written["Created"]!).toISOString()).toBe(written["Created"]);
    // As Terraform's template has it, and as our own reader of it expects it.
    const message = `Error acquiring the state lock\n  ID:        ${id}\n  Who:       ${written["Who"]}\n`;
    expect(lockIn(message)).toMatchObject({ id, who: "alice@laptop" });
  });

  test("a lock of Terraform's refuses the run, also one that cannot be read", async () => {
    const info = { ID: "998aacd6", Operation: "OperationTypeApply", Info: "", Who: "ci@runner", Created: "2026-11-21" };
    await s3().write("terraform.tfstate.tflock", JSON.stringify(info), { ifVersion: "absent" });
    expect(await holderOf(new StateLock(s3(), "1").acquire(INFO))).toEqual({
      ...{ id: "998aacd6", who: "ci@runner", since: "2026-11-21", info: "OperationTypeApply", seemsDead: false },
    });
    for (const text of ["", "null", "[1]", '{"ID":3}', "<html>"]) {
      const { version } = (await s3().read("terraform.tfstate.tflock"))!;
      await s3().write("terraform.tfstate.tflock", text, { ifVersion: version });
      expect(await holderOf(new StateLock(s3(), "1").takeOver("", INFO))).toMatchObject({ id: "", who: "unknown" });
    }
  });

  test("an answer that gets lost costs neither the lock nor its end", async () => {
    store.faults.inject({ fault: { kind: "lost-answer" }, method: "PUT" });
    const held = await got(new StateLock(s3(), "1").acquire(INFO));
    expect(await held.stillHeld()).toBe(true);
    store.faults.inject({ fault: { kind: "lost-answer" }, method: "PUT" });
    store.faults.inject({ fault: { kind: "lost-answer" }, method: "DELETE" });
    expect(await held.release()).toBe(true);
    expect(store.objects.size).toBe(0);
  });

  test("what could not be given back can be tried again", async () => {
    const held = await got(new StateLock(s3(), "1").acquire(INFO));
    store.faults.inject({ fault: { kind: "error" }, times: 5 });
    await expect(held.release()).rejects.toThrow("500");
    expect(await held.release()).toBe(true);
  });

  test("a process that is gone is only a hint: another computer may have the same name", async () => {
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    const info = { ID: "7", Who: `me@${hostname()}`, Info: `release (process ${pid})` };
    await s3().write("terraform.tfstate.tflock", JSON.stringify(info), { ifVersion: "absent" });
    expect(await holderOf(new StateLock(s3(), "1").acquire(INFO))).toMatchObject({ id: "7", seemsDead: true });
  });
});

describe("on this computer", () => {
  test("Terraform knows nothing of it, so its own commands go on locking", () => {
    expect(new StateLock(local(), "1").isTerraforms).toBe(false);
    expect(new StateLock(local(), "1").place).toMatch(/terraform\.shop\.production\.tfstate\.twinset-lock$/);
  });

  test("a run that was killed stands in nobody's way", async () => {
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    const info = { ID: "7", Who: `me@${hostname()}`, Info: `release (process ${pid})` };
    await local().write("tfstate.twinset-lock", JSON.stringify(info), { ifVersion: "absent" });
    const held = await got(new StateLock(local(), "1").acquire(INFO));
    await held.release();
    expect(readdirSync(directory)).toEqual([]);
  });
});
