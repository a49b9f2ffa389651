import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findTerraform, type Terraform } from "../../terraform/program";
import { resourcesInFile } from "../../terraform/state";
import { lockIn } from "../../terraform/lock";
import { type ApplyEvent, WorkingDirectory } from "../../terraform/working-directory";
import { FakeTerraform } from "../support/fake-terraform";

const REFUSAL = `Error message: operation error S3: PutObject, https response error StatusCode: 412, RequestID: , HostID: ,
api error PreconditionFailed
Lock Info:
  ID:        998aacd6-fa22-e673-eeda-e9e2273b4d53
  Path:      state/shop/production/terraform.tfstate
  Operation: OperationTypeApply
  Who:       alice@laptop
  Version:   1.11.4
  Created:   2026-11-21 04:29:34.189069177 +0000 UTC
  Info:      
`;

let fake: FakeTerraform;
let directory: WorkingDirectory;
beforeEach(async () => {
  fake = new FakeTerraform();
  const terraform = (await findTerraform(process.env)) as Terraform;
  directory = new WorkingDirectory(terraform, join(fake.temp, "stack"), process.env, {
    parallelism: 7,
    valuesFile: true,
  });
});
afterEach(() => fake.remove());

const lines = (...objects: object[]): string => objects.map((object) => `${JSON.stringify(object)}\n`).join("");
const error = (summary: string, detail = ""): object => ({
  type: "diagnostic",
  diagnostic: { severity: "error", summary, detail },
});

describe("a lock on the state", () => {
  test("is read from Terraform's refusal, whatever else in it looks like an id", () => {
    expect(lockIn(`Error acquiring the state lock\n${REFUSAL}`)).toEqual({
      id: "998aacd6-fa22-e673-eeda-e9e2273b4d53",
      who: "alice@laptop",
      created: "2026-11-21 04:29:34.189069177 +0000 UTC",
    });
    expect(lockIn("Error: server name is already used, RequestID: 12")).toBeUndefined();
    expect(lockIn("Error acquiring the state lock")).toBeUndefined();
  });

  test("is found by asking for a plan", async () => {
    fake.plays({ plan: { code: 1, stdout: lines(error("Error acquiring the state lock", REFUSAL)) } });
    expect((await directory.lock())?.who).toBe("alice@laptop");
    fake.plays({ plan: { stdout: "" } });
    expect(await directory.lock()).toBeUndefined();
  });
});

describe("apply", () => {
  test("tells every event as it comes, and ends with the errors", async () => {
    const hook = { resource: { addr: "docker_container.edge" }, action: "create" };
    fake.plays({
      apply: {
        code: 1,
        stdout: lines({ type: "apply_start", hook }, { type: "version" }, { type: "apply_errored", hook }, error("no")),
      },
    });
    const events: ApplyEvent[] = [];
    const { code, errors } = await directory.apply({ onEvent: (event) => events.push(event) });
    expect(code).toBe(1);
    expect(errors.map(({ summary }) => summary)).toEqual(["no"]);
    expect(events).toEqual([
      { type: "apply_start", address: "docker_container.edge", action: "create" },
      { type: "apply_errored", address: "docker_container.edge", action: "create" },
    ]);
  });

  test("a failure without a message in JSON still has one", async () => {
    fake.plays({ apply: { code: 1, stderr: "Terraform crashed" } });
    expect((await directory.apply()).errors.map(({ summary }) => summary)).toEqual(["Terraform crashed"]);
  });

  test("can be killed", async () => {
    fake.plays({ apply: { hang: true } });
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 200);
    expect((await directory.apply({ killed: abort.signal })).code).toBeNull();
  });

  test("its options become Terraform's", async () => {
    await directory.apply({ targets: ["a.b"], replace: ["c.d"], destroy: true, refresh: false });
    expect(fake.calls("apply")[0]?.args).toEqual([
      ...["apply", "-json", "-input=false", "-auto-approve", "-var-file=values.auto.tfvars", "-parallelism=7"],
      ...["-refresh=false", "-destroy", "-target=a.b", "-replace=c.d"],
    ]);
  });
});

test("who holds the state's lock already has its commands take none, but for the one that looks for it", async () => {
  const terraform = (await findTerraform(process.env)) as Terraform;
  const holding = new WorkingDirectory(terraform, directory.path, process.env, { lock: false });
  holding.write({}, "");
  await holding.plan().catch(() => undefined);
  await holding.apply();
  await holding.applyPlanned();
  await holding.import("a.b", "7");
  const commands = fake.calls().filter(({ args }) => ["plan", "apply", "import"].includes(args[0]!));
  expect(commands.map(({ args }) => args.includes("-lock=false"))).toEqual([true, true, true, true]);
  await holding.lock();
  expect(fake.calls("plan").at(-1)?.args.at(-1)).toBe("-lock=true");
  await directory.apply();
  expect(fake.calls("apply").at(-1)?.args.join(" ")).not.toContain("-lock");
});

describe("import", () => {
  test("for its time the Docker provider has an address, as Terraform configures it too", async () => {
    directory.write({ provider: { docker: [{ host: "${hcloud_primary_ip.host_ipv4.ip_address}" }] } }, "");
    fake.plays({ import: { code: 1, stderr: "no such volume" } });
    await expect(directory.import("hcloud_volume.data", "7")).rejects.toThrow("no such volume");
    expect(fake.calls("import")[0]?.args.slice(-2)).toEqual(["hcloud_volume.data", "7"]);
    expect(Object.keys(fake.calls("import")[0]!.files)).toContain("import_override.tf.json");
    expect(readdirSync(directory.path)).not.toContain("import_override.tf.json");
  });

  test("a stack without Docker needs none", async () => {
    directory.write({ provider: { hcloud: [{}] } }, "");
    await directory.import("hcloud_volume.data", "7");
    expect(Object.keys(fake.calls("import")[0]!.files)).not.toContain("import_override.tf.json");
  });
});

test("a plan is what would change: nothing that stays as it is, nothing that is only read", async () => {
  const change = (address: string, ...actions: string[]): object => ({ address, change: { actions } });
  fake.plays({
    show: {
      stdout: JSON.stringify({
        resource_changes: [change("a", "no-op"), change("b", "read"), change("c", "delete", "create")],
      }),
    },
  });
  expect((await directory.plan()).map(({ address }) => address)).toEqual(["c"]);
});

test("a command that has to work and does not says what Terraform said", async () => {
  fake.plays({ init: { code: 1, stderr: "no such backend" } });
  await expect(directory.init()).rejects.toThrow("terraform init: no such backend");
});

describe("the state from its own file", () => {
  const file = (resources: object[], more: object = {}): string => JSON.stringify({ version: 4, resources, ...more });
  const instance = { attributes: { id: "7", name: "chat" } };

  test("is what Terraform shows: addresses, tainted and deposed objects, values", () => {
    const found = resourcesInFile(
      file([
        { mode: "managed", type: "docker_container", name: "a", instances: [instance, { ...instance, deposed: "d0" }] },
        { mode: "managed", type: "docker_container", name: "b", instances: [{ ...instance, status: "tainted" }] },
        { mode: "managed", type: "hcloud_ssh_key", name: "k", instances: [{ ...instance, index_key: "ops" }] },
        { mode: "data", type: "x", name: "d", instances: [instance] },
      ]),
    );
    const values = instance.attributes;
    expect(found).toEqual([
      { address: "docker_container.a", type: "docker_container", name: "a", values },
      { address: "docker_container.a", type: "docker_container", name: "a", deposed_key: "d0", values },
      { address: "docker_container.b", type: "docker_container", name: "b", tainted: true, values },
      { address: 'hcloud_ssh_key.k["ops"]', type: "hcloud_ssh_key", name: "k", values },
    ]);
  });

  test("of another format, encrypted or torn is left to Terraform", () => {
    for (const text of ["", "{", file([], { version: 5 }), JSON.stringify({ encrypted_data: "…" })]) {
      expect(resourcesInFile(text)).toBeUndefined();
    }
  });
});

describe("a directory that is prepared", () => {
  const stack = (version: string): void =>
    directory.write({ terraform: { required_providers: { docker: { version } } } }, "");

  test("is initialized once for the same stack, and again for another one", async () => {
    stack("4.5.0");
    mkdirSync(join(directory.path, ".terraform"));
    await directory.prepared();
    await directory.prepared();
    expect(fake.calls("init")).toHaveLength(1);
    stack("4.6.0");
    await directory.prepared();
    expect(fake.calls("init")).toHaveLength(2);
  });

  test("remembers it where Terraform's data are, if that is another place", async () => {
    const data = join(directory.path, "elsewhere");
    const terraform = (await findTerraform(process.env)) as Terraform;
    const other = new WorkingDirectory(terraform, directory.path, { ...process.env, TF_DATA_DIR: "elsewhere" });
    stack("4.5.0");
    mkdirSync(data);
    await other.prepared();
    await other.prepared();
    expect(fake.calls("init")).toHaveLength(1);
    expect(existsSync(join(data, "initialized"))).toBe(true);
  });

  test("is initialized again when its providers' lock has changed", async () => {
    stack("4.5.0");
    mkdirSync(join(directory.path, ".terraform"));
    await directory.prepared();
    writeFileSync(join(directory.path, ".terraform.lock.hcl"), "another");
    await directory.prepared();
    expect(fake.calls("init")).toHaveLength(2);
  });

  test("whose plugins somebody has removed is initialized when Terraform says so, and once only", async () => {
    stack("4.5.0");
    fake.plays({ plan: { code: 1, stderr: "Error: Required plugins are not installed\nrun terraform init" } });
    await expect(directory.plan()).rejects.toThrow("Required plugins are not installed");
    expect([fake.calls("init").length, fake.calls("plan").length]).toEqual([1, 2]);
  });
});

test("values are for their owner's eyes only", () => {
  directory.write({ resource: {} }, 'token = "secret"\n');
  expect(readFileSync(join(directory.path, "cdk.tf.json"), "utf8")).toBe('{"resource":{}}');
  expect(statSync(join(directory.path, "values.auto.tfvars")).mode & 0o777).toBe(0o600);
});
