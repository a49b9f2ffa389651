import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { manacore } from "../../../config/platforms/manacore";
import type { Environment } from "../../../model/environment";
import { ProblemsError } from "../../../model/problem";
import { LocalFiles } from "../../../clients/state-store/local-files";
import { Bucket } from "../../../clients/object-store";
import { S3Files } from "../../../clients/state-store/s3-files";
import { stateFiles } from "../../../clients/state-store/state-store";
import { type StateFiles } from "../../../clients/state-store/state-files";
import { type ObjectStore, startObjectStore } from "../../../simulators/object-store";

const KEY_ID = "0123456789abcdef0123456789abcdef";
const SECRET = "an-object-stores-secret-key";
const KEY = "manacore/staging/terraform.tfstate";

let store: ObjectStore;
let directory: string;
const pauses: number[] = [];

beforeEach(async () => {
  store = await startObjectStore({ buckets: ["state"], accessKeyId: KEY_ID });
  directory = mkdtempSync(join(tmpdir(), "state-files-"));
  pauses.length = 0;
});
afterEach(async () => {
  await store.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe("when nobody waits for the bucket any longer", () => {
  const slow = (seconds: number): void =>
    store.faults.inject({ fault: { kind: "slow", seconds }, path: /./, times: 1000 });
  const asked = (over: AbortSignal): Promise<unknown> => {
    const access = { endpoint: store.baseUrl, accessKeyId: KEY_ID, secretAccessKey: SECRET };
    return new S3Files(new Bucket(access, "state", "Terraform's state", undefined, over), KEY).read("journal.jsonl");
  };

  test("a question that hangs is broken off, in words", async () => {
    slow(6);
    const over = new AbortController();
    setTimeout(() => over.abort(), 300);
    const begin = performance.now();
    await expect(asked(over.signal)).rejects.toThrow("in the time that it had");
    // The last attempt has 2 s.
    expect(performance.now() - begin).toBeLessThan(5000);
  });

  test("a store that answers is asked once more, and one that was silent is not", async () => {
    const access = { endpoint: store.baseUrl, accessKeyId: KEY_ID, secretAccessKey: SECRET };
    const bucket = new Bucket(access, "state", "Terraform's state", undefined, AbortSignal.abort());
    expect(await bucket.get("none")).toBeUndefined();
    slow(6);
    await expect(bucket.get("none")).rejects.toBeInstanceOf(ProblemsError);
    const count = store.requests.length;
    await expect(bucket.get("none")).rejects.toBeInstanceOf(ProblemsError);
    expect(store.requests).toHaveLength(count);
  });

  test("a write that came too soon after another one is made a moment later", async () => {
    store.faults.inject({ fault: { kind: "rate-limit" }, method: "PUT", path: /./, times: 1 });
    const access = { endpoint: store.baseUrl, accessKeyId: KEY_ID, secretAccessKey: SECRET };
    const bucket = new Bucket(access, "state", "Terraform's state", undefined, AbortSignal.abort());
    expect(await bucket.put("new", "text", { type: "text/plain", ifVersion: "absent" })).toBe(true);
  });

  test("a refusal is told with the number of times that it was asked", async () => {
    store.faults.inject({ fault: { kind: "error", status: 503 }, path: /./, times: 1000 });
    await expect(asked(AbortSignal.abort())).rejects.toThrow(/503 .*, once$/m);
  });
});

const s3 = (
  change: { endpoint?: string; accessKeyId?: string; bucket?: string; sessionToken?: string } = {},
): S3Files => {
  const { bucket = "state", ...access } = change;
  const whole = { endpoint: store.baseUrl, accessKeyId: KEY_ID, secretAccessKey: SECRET, ...access };
  return new S3Files(new Bucket(whole, bucket, "Terraform's state", async (ms) => pauses.push(ms)), KEY);
};
const local = (): LocalFiles => new LocalFiles(join(directory, "terraform.manacore.staging.tfstate"));

describe.each<[string, () => StateFiles]>([
  ["in a bucket", s3],
  ["on this computer", local],
])("a file beside the state, %s", (_where, make) => {
  let files: StateFiles;
  beforeEach(() => {
    files = make();
  });

  test("comes back as it was written, with a version that each change changes", async () => {
    expect(await files.read("notes.jsonl")).toBeUndefined();
    expect(await files.write("notes.jsonl", "ä\n", { ifVersion: "absent" })).toBe(true);
    const first = (await files.read("notes.jsonl"))!;
    expect(first.text).toBe("ä\n");
    expect(await files.write("notes.jsonl", "b\n", { ifVersion: first.version })).toBe(true);
    const second = (await files.read("notes.jsonl"))!;
    expect(second.text).toBe("b\n");
    expect(second.version).not.toBe(first.version);
  });

  test("is not written by who has seen another version, or none", async () => {
    await files.write("notes.jsonl", "a", { ifVersion: "absent" });
    const seen = (await files.read("notes.jsonl"))!.version;
    expect(await files.write("notes.jsonl", "b", { ifVersion: "absent" })).toBe(false);
    await files.write("notes.jsonl", "c", { ifVersion: seen });
    expect(await files.write("notes.jsonl", "d", { ifVersion: seen })).toBe(false);
    expect(await files.write("other.jsonl", "d", { ifVersion: seen })).toBe(false);
    expect((await files.read("notes.jsonl"))!.text).toBe("c");
  });

  test("is not removed by who has seen another version", async () => {
    await files.write("notes.jsonl", "a", { ifVersion: "absent" });
    const seen = (await files.read("notes.jsonl"))!.version;
    await files.write("notes.jsonl", "b", { ifVersion: seen });
    expect(await files.remove("notes.jsonl", { ifVersion: seen })).toBe(false);
    expect((await files.read("notes.jsonl"))!.text).toBe("b");
    expect(await files.remove("notes.jsonl", { ifVersion: (await files.read("notes.jsonl"))!.version })).toBe(true);
    expect(await files.read("notes.jsonl")).toBeUndefined();
    expect(await files.remove("notes.jsonl", { ifVersion: seen })).toBe(false);
  });

  test("of many who write at a time one is the first", async () => {
    const all = (ifVersion: string, texts = [..."abcdefgh"]): Promise<boolean[]> =>
      Promise.all(texts.map((text) => make().write("notes.jsonl", text, { ifVersion })));
    expect((await all("absent")).filter(Boolean)).toHaveLength(1);
    const { version } = (await files.read("notes.jsonl"))!;
    expect((await all(version, [..."ijklmnop"])).filter(Boolean).length).toBe(1);
  });
});

describe("in a bucket", () => {
  test("a file has the state's folder as its own", async () => {
    await s3().write("journal.jsonl", "{}", { ifVersion: "absent" });
    expect([...store.objects.keys()]).toEqual(["state/manacore/staging/journal.jsonl"]);
    expect(s3().place("journal.jsonl")).toBe("s3://state/manacore/staging/journal.jsonl");
    expect(s3().state).toBe(`state/${KEY}`);
  });

  test("a write whose answer got lost is known as our own", async () => {
    store.faults.inject({ fault: { kind: "lost-answer" }, method: "PUT" });
    expect(await s3().write("notes.jsonl", "mine", { ifVersion: "absent" })).toBe(true);
    const { version } = (await s3().read("notes.jsonl"))!;
    store.faults.inject({ fault: { kind: "lost-answer" }, method: "PUT" });
    expect(await s3().write("notes.jsonl", "mine too", { ifVersion: version })).toBe(true);
    expect(pauses).toHaveLength(2);
  });

  test("a write that failed, and was overtaken then, is not taken for our own", async () => {
    await s3().write("notes.jsonl", "theirs", { ifVersion: "absent" });
    store.faults.inject({ fault: { kind: "error", status: 503 }, method: "PUT" });
    expect(await s3().write("notes.jsonl", "mine", { ifVersion: "absent" })).toBe(false);
  });

  test("a store that is busy is asked again, later each time", async () => {
    store.faults.inject({ fault: { kind: "rate-limit" }, times: 2 });
    store.faults.inject({ fault: { kind: "error" }, times: 2 });
    expect(await s3().write("notes.jsonl", "a", { ifVersion: "absent" })).toBe(true);
    expect(pauses).toHaveLength(4);
    expect(pauses[3]).toBeGreaterThan(pauses[0]! * 2);
  });

  test("while it is removed, nobody can replace it who saw it before", async () => {
    await s3().write("notes.jsonl", "a", { ifVersion: "absent" });
    const { version } = (await s3().read("notes.jsonl"))!;
    // The DELETE never comes: the one who removes has died.
    store.faults.inject({ fault: { kind: "error" }, method: "DELETE", times: 9 });
    await expect(s3().remove("notes.jsonl", { ifVersion: version })).rejects.toThrow("500 InternalError");
    expect(await s3().write("notes.jsonl", "b", { ifVersion: version })).toBe(false);
    expect((await s3().read("notes.jsonl"))!.text.trim()).toBe("a");
  });

  const refusal = async (work: Promise<unknown>): Promise<string> => {
    const reason = await work.then(
      () => new Error("nothing was refused"),
      (given: Error) => given,
    );
    expect(reason).toBeInstanceOf(ProblemsError);
    expect(reason.message).not.toContain(SECRET);
    expect(reason.message).not.toContain(KEY_ID);
    return reason.message;
  };

  test("a bucket that is not there is named, with what to do", async () => {
    const message = await refusal(s3({ bucket: "stat" }).read("journal.jsonl"));
    expect(message).toContain("error: s3://stat\n");
    expect(message).toContain("make it by hand, once");
  });

  test("credentials that are refused are not shown", async () => {
    const wrong = KEY_ID.replace("0", "1");
    const message = await refusal(s3({ accessKeyId: wrong }).write("journal.jsonl", "", { ifVersion: "absent" }));
    expect(message).toContain("401 Unauthorized");
    expect(message).toContain("AWS_ACCESS_KEY_ID");
    expect(message).not.toContain(wrong);
    expect(await refusal(s3({ accessKeyId: "short", sessionToken: "t" }).read("journal.jsonl"))).toContain(
      "unset AWS_SESSION_TOKEN",
    );
  });

  test("a store that does not answer, or not as one, is told", async () => {
    const { baseUrl } = store;
    store.faults.inject({ fault: { kind: "error", status: 503 }, times: 9 });
    expect(await refusal(s3().read("journal.jsonl"))).toContain("503 InternalError");
    await store.stop();
    expect(await refusal(s3({ endpoint: baseUrl }).read("journal.jsonl"))).toContain("ECONNREFUSED");
  });
});

describe("when the state itself was written last", () => {
  test("in a bucket: as the store says, to the second", async () => {
    const before = Math.floor(Date.now() / 1000) * 1000;
    await s3().write("terraform.tfstate", "{}", { ifVersion: "absent" });
    await s3().write("journal.jsonl", "{}", { ifVersion: "absent" });
    const time = (await s3().modified())!.getTime();
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now());
  });
  test("on this computer: the file's own time", async () => {
    const files = local();
    const written = new Date("2026-11-20T10:00:00Z");
    writeFileSync(files.state, "{}");
    utimesSync(files.state, written, written);
    expect(await files.modified()).toEqual(written);
  });
  test("before the first deploy there is none, whatever else lies there", async () => {
    for (const files of [s3(), local()]) {
      await files.write("journal.jsonl", "{}", { ifVersion: "absent" });
      expect(await files.modified()).toBeUndefined();
    }
  });
  test("a store that is busy is asked again", async () => {
    await s3().write("terraform.tfstate", "{}", { ifVersion: "absent" });
    store.faults.inject({ fault: { kind: "error", status: 503 }, method: "HEAD", times: 2 });
    expect(await s3().modified()).toBeInstanceOf(Date);
    expect(pauses).toHaveLength(2);
  });
  test("credentials that are refused are a problem, and are not shown", async () => {
    const wrong = KEY_ID.replace("0", "1");
    const reason = (await s3({ accessKeyId: wrong })
      .modified()
      .catch((given: unknown) => given)) as Error;
    expect(reason).toBeInstanceOf(ProblemsError);
    expect(reason.message).toContain("s3://state/manacore/staging/terraform.tfstate");
    expect(reason.message).toMatch(/40[01].*AWS_ACCESS_KEY_ID/s);
    for (const secret of [wrong, SECRET]) expect(reason.message).not.toContain(secret);
  });
  test("a place that cannot be looked at is a problem", async () => {
    writeFileSync(join(directory, "file"), "");
    await expect(new LocalFiles(join(directory, "file", "terraform.tfstate")).modified()).rejects.toThrow(/ENOTDIR/);
  });
});

describe("on this computer", () => {
  const name = "terraform.manacore.staging.journal.jsonl";

  test("a file is named after its state, and nothing else is left", async () => {
    const files = local();
    await files.write("journal.jsonl", "a", { ifVersion: "absent" });
    await files.write("journal.jsonl", "b", { ifVersion: (await files.read("journal.jsonl"))!.version });
    await files.write("journal.jsonl", "c", { ifVersion: "absent" });
    expect(readdirSync(directory)).toEqual([name]);
    expect(files.place("journal.jsonl")).toBe(join(directory, name));
  });

  const claimed = async (by: string): Promise<{ readonly version: string; readonly claim: string }> => {
    await local().write("journal.jsonl", "a", { ifVersion: "absent" });
    const { version } = (await local().read("journal.jsonl"))!;
    const claim = join(directory, `${name}.${version.slice(0, 16)}.claim-1`);
    writeFileSync(claim, by);
    return { version, claim };
  };

  test("who was killed in the middle of a change stands in nobody's way", async () => {
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    const { version } = await claimed(`${pid}@${hostname()}`);
    expect(await local().write("journal.jsonl", "b", { ifVersion: version })).toBe(true);
    expect(readFileSync(join(directory, name), "utf8")).toBe("b");
    expect(readdirSync(directory)).toEqual([name]);
  });

  test("who is in the middle of a change, here or on another computer, comes first", async () => {
    const { version } = await claimed(`${process.ppid}@${hostname()}`);
    expect(await local().write("journal.jsonl", "b", { ifVersion: version })).toBe(false);
    writeFileSync((await claimed("1@another")).claim, "1@another");
    expect(await local().remove("journal.jsonl", { ifVersion: version })).toBe(false);
  });

  test("a folder that is not there is a problem", async () => {
    await expect(
      new LocalFiles(join(directory, "nowhere", "terraform.tfstate")).write("a", "", { ifVersion: "absent" }),
    ).rejects.toThrow(/given +ENOENT/);
  });

  test("processes that count together lose nothing", async () => {
    const script = `
      import { LocalFiles } from ${JSON.stringify(join(__dirname, "../../../clients/state-store/local-files.ts"))};
      const files = new LocalFiles(${JSON.stringify(local().state)});
      (async () => {
        for (let n = 0; n < 25; ) {
          const file = await files.read("count");
          const text = (file?.text ?? "") + process.pid + " " + n + "\\n";
          if (await files.write("count", text, { ifVersion: file?.version ?? "absent" })) n++;
        }
      })();`;
    writeFileSync(join(directory, "count.mts"), script);
    const { spawn } = await import("node:child_process");
    const codes = await Promise.all(
      [1, 2, 3].map(
        () =>
          new Promise((resolve) =>
            spawn(process.execPath, ["--import", "tsx", join(directory, "count.mts")], {
              stdio: ["ignore", "ignore", "inherit"],
              cwd: join(__dirname, "../../.."),
            }).on("close", resolve),
          ),
      ),
    );
    expect(codes).toEqual([0, 0, 0]);
    const lines = (await local().read("count"))!.text.trim().split("\n");
    expect(new Set(lines).size).toBe(75);
    expect(readdirSync(directory).filter((file) => file.includes("claim") || file.endsWith(".new"))).toEqual([]);
  }, 60_000);
});

describe("where the files are", () => {
  const { staging } = manacore.environments;
  const environment = (state: Environment["state"]): Environment => ({ ...staging, state });
  const env = { AWS_ENDPOINT_URL_S3: "https://example.org/", AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: SECRET };

  test("is where the state is", () => {
    expect(stateFiles("shop", environment({ kind: "local" }), { env: {}, directory: "/project" }).state).toBe(
      "/project/terraform.shop.staging.tfstate",
    );
    const files = stateFiles("shop", environment({ kind: "s3", bucket: "state" }), { env, directory: "/" });
    expect(files.state).toBe("state/shop/staging/terraform.tfstate");
  });

  test("everything that is missing is told at once, and no credential with it", () => {
    const asked = (change: Record<string, string | undefined>) => (): StateFiles =>
      stateFiles("shop", environment({ kind: "s3", bucket: "state" }), { env: { ...env, ...change }, directory: "/" });
    const nothing = { AWS_ENDPOINT_URL_S3: undefined, AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: undefined };
    for (const name of Object.keys(nothing)) expect(asked(nothing)).toThrow(`error: ${name}\n  given     not set`);
    expect(asked(nothing)).toThrow(".env.shop.staging");
    for (const endpoint of ["r2.example.org", `https://me:${SECRET}@example.org`, "s3://x"]) {
      expect(asked({ AWS_ENDPOINT_URL_S3: endpoint })).toThrow("no web address");
      expect(asked({ AWS_ENDPOINT_URL_S3: endpoint })).not.toThrow(SECRET);
    }
  });
});
