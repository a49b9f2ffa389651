import { afterEach, describe, expect, test } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Finding } from "../../doctor";
import { error as problem, ProblemsError } from "../../model/problem";
import { stateStore } from "../../doctor/state";
import { type CloudflareSimulator, startCloudflare } from "../../simulators/cloudflare";
import { type ObjectStore, type ObjectStoreOptions, startObjectStore } from "../../simulators/object-store";
import { StateLock } from "../../clients/state-store/state-lock";
import { stateFiles } from "../../clients/state-store/state-store";
import {
  about,
  ACCOUNT,
  type Changes,
  contextFor,
  ENV,
  KEY_ID,
  SMALL,
  told,
  TOKENS,
  unhelpful,
  ZONE_ID,
} from "../support/patient";

const BUCKET = "manacore-terraform-state";
const KEY = `${BUCKET}/manacore/production/terraform.tfstate`;

let store: ObjectStore;
let cloudflare: CloudflareSimulator | undefined;
const start = async (options: Partial<ObjectStoreOptions> = {}): Promise<void> => {
  store = await startObjectStore({ buckets: [BUCKET], accessKeyId: KEY_ID, ...options });
};
afterEach(async () => {
  await Promise.all([store?.stop(), cloudflare?.stop()]);
  cloudflare = undefined;
});

const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({ AWS_ENDPOINT_URL_S3: store.baseUrl, ...more });

async function examined(changes: Changes = {}): Promise<Finding[]> {
  const context = contextFor({ ...changes, env: env(changes.env) });
  const findings = await stateStore(context);
  expect(context.cleanups.size).toBe(0);
  return [...findings, ...context.notes];
}

async function putState(text: string): Promise<void> {
  const files = stateFiles("manacore", SMALL.platform.environments.production, {
    env: { ...ENV, ...env() },
    directory: "/",
  });
  await files.write("terraform.tfstate", text, { ifVersion: "absent" });
}

const STATE = JSON.stringify({
  serial: 12,
  terraform_version: "1.11.4",
  resources: [
    { type: "hcloud_server", name: "host_server", instances: [{ attributes: { id: "42", password: "hidden" } }] },
    { type: "hcloud_volume", name: "host_data", instances: [] },
  ],
});

test("a journal that cannot be read whole is warned of; a store that fails for it ends nothing else", async () => {
  await start();
  const line = problem("/journal.jsonl:3", "not whole", "a journal", "look at it");
  const found = await examined({ journal: async () => [line] });
  expect(found.at(-1)).toMatchObject({ status: "warning", what: "journal", found: "/journal.jsonl:3: not whole" });
  const failing = async (): Promise<never> => {
    throw new ProblemsError([line]);
  };
  expect((await examined({ journal: failing })).at(-1)).toMatchObject({ status: "warning" });
});

describe("a store as it should be", () => {
  test("refuses the second of two writes; what was written for that is gone", async () => {
    await start();
    const findings = await examined();
    expect(told(findings)).toEqual([
      `ok state: bucket ${BUCKET}: none yet, the first deploy makes it`,
      "ok conditional writes: the second of two was refused, and so was one over another version",
      expect.stringMatching(
        /^skipped private: nobody reads it by its S3 address; for r2\.dev and host names: no answer/,
      ),
      "ok lock: nobody has it",
    ]);
    expect([...store.objects.keys()]).toEqual([]);
    const puts = store.requests.filter(({ method }) => method === "PUT").map(({ status }) => status);
    expect(puts.slice(0, 3)).toEqual([200, 412, 412]);
  });

  test("the state is told by its numbers, and nothing that is in it", async () => {
    await start();
    await putState(STATE);
    const findings = await examined();
    expect(about(findings, "state")).toEqual([
      `ok state: bucket ${BUCKET}: serial 12, 1 resource, by Terraform 1.11.4`,
    ]);
    expect(JSON.stringify(findings)).not.toContain("hidden");
    expect(store.objects.get(KEY)!.toString()).toBe(STATE);
  });

  test("two who look at the same time do not meet", async () => {
    await start();
    const [one, two] = await Promise.all([examined(), examined()]);
    for (const findings of [one, two]) expect(about(findings, "conditional writes")[0]).toMatch(/^ok/);
    expect(store.objects.size).toBe(0);
  });
});

describe("a store that gives a lock to two at a time", () => {
  test("passes over If-None-Match", async () => {
    await start({ ignores: ["if-none-match"] });
    const findings = await examined();
    expect(about(findings, "conditional writes")).toEqual([
      "failure conditional writes: a second write with If-None-Match went through",
    ]);
    expect(unhelpful(findings)).toEqual([]);
    expect(store.objects.size).toBe(0);
  });

  test("passes over If-Match", async () => {
    await start({ ignores: ["if-match"] });
    expect(about(await examined(), "conditional writes")).toEqual([
      "failure conditional writes: a write with If-Match of another version went through",
    ]);
    expect(store.objects.size).toBe(0);
  });

  test("passes over both", async () => {
    await start({ ignores: ["if-none-match", "if-match"] });
    expect(about(await examined(), "conditional writes")[0]).toContain("; ");
    expect(store.objects.size).toBe(0);
  });
});

test("a store that refuses in the middle is told, and nothing is left there", async () => {
  await start();
  store.faults.inject({ fault: { kind: "error", status: 403 }, method: "PUT", after: 1 });
  const findings = await examined();
  expect(about(findings, "writes")[0]).toMatch(/^failure writes: 403/);
  expect(unhelpful(findings)).toEqual([]);
  expect(store.objects.size).toBe(0);
});

test("whoever ends it in the middle has the file removed, also one that is being written", async () => {
  await start();
  store.faults.inject({ fault: { kind: "slow", seconds: 0.3 }, method: "PUT", times: 3 });
  const context = contextFor({ env: env() });
  const looking = stateStore(context);
  while (context.cleanups.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await Promise.all([...context.cleanups].map((clean) => clean()));
  expect(store.objects.size).toBe(0);
  await looking;
  expect([...context.notes, ...store.objects.keys()]).toEqual([]);
});

test("what could not be removed is named", async () => {
  await start();
  store.faults.inject({ fault: { kind: "error", status: 403 }, method: "DELETE" });
  const [left] = about(await examined(), "probe");
  expect(left).toMatch(
    /^warning probe: s3:\/\/manacore-terraform-state\/manacore\/production\/twinset-doctor-[\w-]+\.json was left$/,
  );
});

describe("a store that cannot be used", () => {
  test("whose credentials are not set", async () => {
    await start();
    const findings = await examined({ env: { AWS_ACCESS_KEY_ID: undefined } });
    expect(told(findings)).toEqual(["skipped store, lock: needs AWS_ACCESS_KEY_ID"]);
    expect(store.requests).toEqual([]);
  });

  test("whose credentials are wrong", async () => {
    await start();
    const findings = await examined({ env: { AWS_ACCESS_KEY_ID: "f".repeat(32) } });
    expect(told(findings)[0]).toMatch(/^failure store: .*401 Unauthorized/);
    expect(unhelpful(findings)).toEqual([]);
  });

  test("without the bucket", async () => {
    await start({ buckets: ["another"] });
    expect(told(await examined())[0]).toMatch(/^failure store: .*no such bucket/);
  });

  test("that does not answer is asked once", async () => {
    await start();
    await store.stop();
    // More attempts than one would be told: "5 times".
    expect(told(await examined())[0]).toMatch(/^failure store: no answer from 127\.0\.0\.1:\d+ \(ECONNREFUSED\)$/);
  });

  test.each([
    ["http elsewhere", "http://account.example.org"],
    ["a bucket in its path", "https://account.example.org/manacore-terraform-state"],
    ["a bucket in its name", "https://manacore-terraform-state.account.example.org"],
    ["a password", "https://user:password@account.example.org"],
    ["nothing of an address", "account"],
  ])("whose address has %s is not asked, and the address is not shown", async (_, address) => {
    await start();
    const [finding] = await examined({ env: { AWS_ENDPOINT_URL_S3: address } });
    expect(finding).toMatchObject({
      status: "failure",
      what: "store",
      fix: expect.stringContaining("r2.cloudflarestorage.com"),
    });
    expect(finding!.found).not.toContain("account.example");
  });

  test("with something else where the state should be", async () => {
    await start();
    await putState("<html>");
    expect(told(await examined())).toEqual([
      "failure store: s3://manacore-terraform-state/manacore/production/terraform.tfstate is no state of Terraform",
    ]);
  });
});

describe("who may read the bucket", () => {
  const withCloudflare = async (publicBuckets: string[] = [], permission?: "dns-only"): Promise<NodeJS.ProcessEnv> => {
    cloudflare = await startCloudflare({
      token: "another",
      tokens: [{ value: TOKENS.cloudflare, ...(permission ? { permission } : {}) }],
      accountId: ACCOUNT,
      zones: [{ id: ZONE_ID, name: "manacore.app", plan: "pro" }],
      buckets: [BUCKET],
      publicBuckets,
    });
    return { CLOUDFLARE_BASE_URL: cloudflare.baseUrl };
  };

  test("nobody without credentials", async () => {
    await start();
    expect(about(await examined({ env: await withCloudflare() }), "private")).toEqual([
      "ok private: no credentials, no answer; no r2.dev address, no host name",
    ]);
  });

  test("everybody, by its S3 address", async () => {
    await start({ publicRead: true });
    const findings = await examined();
    expect(about(findings, "private")).toEqual(["failure private: an object was read without credentials"]);
    expect(unhelpful(findings)).toEqual([]);
  });

  test("everybody, by an r2.dev address", async () => {
    await start();
    const [found] = about(await examined({ env: await withCloudflare([BUCKET]) }), "private");
    expect(found).toMatch(/^failure private: manacore-terraform-state is open to everyone at pub-\w+\.r2\.dev$/);
  });

  test("everybody, by a host name of the zone", async () => {
    await start();
    const more = await withCloudflare();
    await fetch(`${cloudflare!.baseUrl}/accounts/${ACCOUNT}/r2/buckets/${BUCKET}/domains/custom`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKENS.cloudflare}`, "content-type": "application/json" },
      body: JSON.stringify({ domain: "state.manacore.app", zoneId: ZONE_ID, enabled: true }),
    });
    expect(about(await examined({ env: more }), "private")[0]).toContain("open to everyone at state.manacore.app");
  });

  test("is not told by a token that may not see it, and that is said", async () => {
    await start();
    const [found] = about(await examined({ env: await withCloudflare([BUCKET], "dns-only") }), "private");
    expect(found).toContain(
      "skipped private: nobody reads it by its S3 address; for r2.dev and host names: the Cloudflare token may not see the bucket (403)",
    );
  });
});

describe("the lock", () => {
  const locked = async (since: number, who?: string): Promise<Finding[]> => {
    await start();
    const files = stateFiles("manacore", SMALL.platform.environments.production, {
      env: { ...ENV, ...env() },
      directory: "/",
    });
    await new StateLock(files, "1.11.4", who ?? "ops@another-computer").acquire("release of chat v1.6.0");
    const lock = JSON.parse(store.objects.get(`${KEY}.tflock`)!.toString()) as { ID: string };
    const findings = await examined({ now: () => Date.now() + since * 1000 });
    expect(findings.find(({ what }) => what === "lock")?.fix).toContain(since > 3600 ? lock.ID : "wait");
    return findings;
  };

  test("is told with who has it and since when", async () => {
    expect(about(await locked(90), "lock")).toEqual([
      expect.stringMatching(
        /^warning lock: ops@another-computer has it, taken (89|90|91) s ago: release of chat v1\.6\.0 \(process \d+\)$/,
      ),
    ]);
  });

  test("that is old is told with how to take it", async () => {
    expect(about(await locked(5 * 3600), "lock")[0]).toContain("taken 5 h ago");
  });

  test("stays where it is", async () => {
    await locked(90);
    expect(store.objects.has(`${KEY}.tflock`)).toBe(true);
  });
});

describe("a state that is a file", () => {
  const directory = mkdtempSync(join(tmpdir(), "twinset-doctor-"));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test("is read from where Terraform keeps it", async () => {
    await start();
    writeFileSync(join(directory, "terraform.manacore.development.tfstate"), STATE);
    expect(told(await examined({ environment: "development", directory }))).toEqual([
      "ok state: a file on this computer: serial 12, 1 resource, by Terraform 1.11.4",
      "ok lock: nobody has it",
    ]);
  });
});
