import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { images, type ImagesOptions } from "../../../cli/catalog/images";
import { parseDigests } from "../../../config/image-digests";
import { whole } from "../../../config/load";
import { parseReleaseFile } from "../../../config/release-file";
import { manacore } from "../../../config/platforms/manacore";
import type { Platform } from "../../../model/platform";
import type { Fault } from "../../../simulators/faults";
import { type RegistrySimulator, startRegistry } from "../../../simulators/registry";
import { WebServer } from "../../support/web-server";
import { Client, OCI_INDEX, PULLER, PUSHER } from "../../simulators/registry-client";

const FAKE = `sha256:${"ab".repeat(32)}`;
let registry: RegistrySimulator;
let client: Client;
let folder: string;
let file: string;
let lines: string[];
beforeEach(async () => {
  registry = await startRegistry({ accounts: [PUSHER, PULLER], open: true });
  client = new Client(registry, ["acme/edge", "acme/db", "acme/cache", "wuesteon/chat-web", "wuesteon/chat-backend"]);
  folder = mkdtempSync(join(tmpdir(), "images-"));
  file = join(folder, "digests.json");
  lines = [];
});
afterEach(async () => {
  await registry.stop();
  rmSync(folder, { recursive: true, force: true });
});

const named = (name: string): string => `${registry.host}/acme/${name}`;

/** Manacore with a database, a cache and an edge of the simulated registry. */
function platform(): Platform {
  const [postgres, redis] = manacore.stores;
  const all = whole(manacore, {});
  return {
    ...all,
    registry: { host: registry.host, owner: "wuesteon" },
    edge: { ...all.edge, kind: "nginx", image: named("edge:v1"), certbotImage: named("edge:v1") },
    stores: [
      { ...postgres!, image: named("db:16") },
      { ...redis!, image: named("cache:7") },
    ],
  };
}

async function run(flags: ImagesOptions["flags"] = {}, more: Partial<ImagesOptions> = {}): Promise<number> {
  lines = [];
  const write = (line: string): void => void lines.push(line.replaceAll(registry.host, "<registry>"));
  return images({ flags, env: {}, platforms: [platform()], file, write, ...more });
}

const written = (): Readonly<Record<string, string>> => parseDigests(readFileSync(file, "utf8")).digests;
const pushAll = async (): Promise<{ edge: string; db: string; cache: string }> => ({
  edge: await client.push("acme/edge", "v1"),
  db: await client.push("acme/db", "16"),
  cache: await client.push("acme/cache", "7"),
});

describe("the file of digests", () => {
  test("from nothing: what is new is shown, and written only on request", async () => {
    const { edge, db, cache } = await pushAll();
    expect(await run()).toBe(0);
    expect(lines.map((line) => line.replace(/ +/g, " "))).toEqual([
      `<registry>/acme/cache:7 new ${cache}`,
      `<registry>/acme/db:16 new ${db}`,
      `<registry>/acme/edge:v1 new ${edge}`,
      "config/images/digests.json: 3 new. Nothing was written.",
      "To write it: --update.",
    ]);
    expect(existsSync(file)).toBe(false);
    expect(await run({ check: true })).toBe(1);
    expect(existsSync(file)).toBe(false);
    expect(await run({ update: true })).toBe(0);
    expect(written()).toEqual({ [named("cache:7")]: cache, [named("db:16")]: db, [named("edge:v1")]: edge });
    expect(readdirSync(folder)).toEqual(["digests.json"]);
    expect(await run({ check: true })).toBe(0);
    const text = readFileSync(file, "utf8");
    expect(await run({ update: true })).toBe(0);
    expect(lines.at(-1)).toBe("config/images/digests.json: nothing to write.");
    expect(readFileSync(file, "utf8")).toBe(text);
  });

  test("a tag that moved: old and new are shown, a check ends with 1", async () => {
    const { db } = await pushAll();
    await run({ update: true });
    const config = await client.pushBlob("acme/db", "another");
    const moved = await client.putManifest("acme/db", "16", { config: { digest: config } });
    const now = moved.headers.get("docker-content-digest")!;
    expect(await run({ check: true })).toBe(1);
    expect(lines[1]).toContain(`moved      ${db} → ${now}`);
    expect(lines.at(-2)).toBe("config/images/digests.json: 2 same, 1 moved. Nothing was written.");
    expect(written()[named("db:16")]).toBe(db);
    expect(await run({ update: true })).toBe(0);
    expect(written()[named("db:16")]).toBe(now);
  });

  test("an image for several systems has its index' digest", async () => {
    await pushAll();
    const one = await client.push("acme/db", "16");
    const pushed = await client.putManifest("acme/db", "16", { manifests: [{ digest: one }] }, OCI_INDEX);
    await run({ update: true });
    expect(written()[named("db:16")]).toBe(pushed.headers.get("docker-content-digest"));
    expect(written()[named("db:16")]).not.toBe(one);
  });

  test("an image that is gone keeps what is on file, and that is said", async () => {
    await client.push("acme/edge", "v1");
    await client.push("acme/cache", "7");
    writeFileSync(file, JSON.stringify({ digests: { [named("db:16")]: FAKE } }));
    expect(await run({ check: true })).toBe(1);
    expect(lines[1]).toMatch(/db:16 +gone +404 .*; on file: sha256:abab/);
    expect(await run({ update: true })).toBe(1);
    expect(lines.at(-1)).toMatch(/db:16 is left as it was: its registry has it no more/);
    expect(Object.keys(written())).toHaveLength(3);
    expect(written()[named("db:16")]).toBe(FAKE);
  });

  test.each<[string, Fault]>([
    ["an outage", { kind: "error" }],
    ["a limit", { kind: "rate-limit", retryAfterSeconds: 3600 }],
  ])("%s at one image: nothing at all is written", async (_, fault) => {
    await pushAll();
    // A registry that wants a long pause is not asked again.
    for (let i = 0; i < (fault.kind === "error" ? 2 : 1); i++) registry.faults.inject({ fault, path: /acme\/db/ });
    expect(await run({ update: true })).toBe(2);
    expect(lines.at(-2)).toMatch(
      /: 2 new, 1 no answer\. Nothing was written, as nothing is known of <registry>\/acme\/db:16/,
    );
    expect(existsSync(file)).toBe(false);
    expect(await run({ update: true })).toBe(0);
  });

  test("an outage is no 'nothing moved' for a check, and none for a look", async () => {
    await pushAll();
    await run({ update: true });
    for (const flags of [{ check: true }, {}]) {
      for (let i = 0; i < 2; i++) registry.faults.inject({ fault: { kind: "error" }, path: /acme\/db/ });
      expect(await run(flags)).toBe(2);
    }
  });

  test("only the images that are named are asked for and written", async () => {
    const { db } = await pushAll();
    writeFileSync(file, JSON.stringify({ digests: { [named("cache:7")]: FAKE, "old:1": FAKE } }));
    expect(await run({ update: true }, { names: [named("db:16")] })).toBe(0);
    expect(written()).toEqual({ [named("cache:7")]: FAKE, [named("db:16")]: db, "old:1": FAKE });
    await expect(run({}, { names: ["nobody:1"] })).rejects.toThrow(/given {5}nobody:1/);
  });

  test("what no platform runs goes", async () => {
    await pushAll();
    await run({ update: true });
    writeFileSync(file, JSON.stringify({ digests: { ...written(), "old:1": FAKE } }));
    expect(await run({ check: true })).toBe(1);
    expect(lines.join("\n")).toMatch(/old:1 +unused +no platform runs it/);
    expect(await run({ update: true })).toBe(0);
    expect(written()).not.toHaveProperty("old:1");
  });

  test("one that cannot be read is not written over", async () => {
    await pushAll();
    for (const text of ["{", '{ "digests": { "a:1": "sha256:12" } }', '{ "digests": {}, "digest": {} }']) {
      writeFileSync(file, text);
      await expect(run({ update: true })).rejects.toThrow(/config\/images\/digests\.json:1/);
      expect(readFileSync(file, "utf8")).toBe(text);
    }
  });

  test("one that somebody else writes meanwhile is left to them", async () => {
    await pushAll();
    const theirs = '{ "digests": {} }';
    const write = (line: string): void => {
      if (line.includes("new")) writeFileSync(file, theirs);
    };
    await expect(run({ update: true }, { write })).rejects.toThrow(/another text than at the start/);
    expect(readFileSync(file, "utf8")).toBe(theirs);
  });

  test("what cannot be written is told, and nothing half-written is left", async () => {
    await pushAll();
    mkdirSync(join(folder, "is-a-folder"));
    await expect(run({ update: true }, { file: join(folder, "no-such", "digests.json") })).rejects.toThrow(/ENOENT/);
    chmodSync(folder, 0o755);
    expect(readdirSync(folder)).toEqual(["is-a-folder"]);
  });

  test("what a registry says besides is shown in one line, and obeys nothing", async () => {
    const server = createServer(({ url, headers }, response) => {
      const isToken = url?.startsWith("/token");
      const realm = `Bearer realm="http://${headers.host}/token"`;
      response.writeHead(isToken ? 403 : 401, { "www-authenticate": realm });
      response.end(JSON.stringify({ errors: [{ code: "\u001b[31m", message: "red\n::error::x" }] }));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const own = platform();
    const odd = { ...own, stores: [{ ...own.stores[0]!, image: `127.0.0.1:${port}/acme/db:16` }] };
    await client.push("acme/edge", "v1");
    expect(await run({ update: true }, { platforms: [odd] })).toBe(2);
    expect(lines.join("")).toContain("red");
    expect(lines.join("")).not.toMatch(/[\u001b\n]/);
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });

  test("--check and --update at once is a mistake", async () => {
    await expect(run({ check: true, update: true })).rejects.toThrow("one of the two");
  });
});

describe("a registry that wants a login", () => {
  const LOGIN = { TF_VAR_registry_username: PULLER.username, TF_VAR_registry_token: PULLER.password };
  beforeEach(async () => {
    await registry.stop();
    registry = await startRegistry({ accounts: [PUSHER, PULLER] });
    client = new Client(registry, ["acme/edge", "acme/db", "acme/cache"]);
    await pushAll();
  });

  test("gets the hosts' one, and without it says so", async () => {
    expect(await run({ update: true })).toBe(2);
    expect(lines[0]).toMatch(/not shown +401 UNAUTHORIZED/);
    expect(existsSync(file)).toBe(false);
    expect(await run({ update: true }, { env: LOGIN })).toBe(0);
    expect(Object.keys(written())).toHaveLength(3);
  });

  test("and is another one than the hosts' gets none", async () => {
    const other = await WebServer.start(({ headers }, response) => {
      response.writeHead(401, { "www-authenticate": `Bearer realm="http://${headers.host}/token"` }).end();
    });
    const own = platform();
    const image = `127.0.0.1:${other.port}/acme/db:16`;
    const theirs = { ...own, stores: [{ ...own.stores[0]!, image }] };
    expect(await run({}, { env: LOGIN, platforms: [theirs], names: [image] })).toBe(2);
    const toOwn = { ...theirs, registry: { ...own.registry, host: `127.0.0.1:${other.port}` } };
    const sent = (): unknown[] => other.asked.map(({ headers }) => headers["authorization"]).filter(Boolean);
    expect([other.asked.length > 0, sent()]).toEqual([true, []]);
    expect(await run({}, { env: LOGIN, platforms: [toOwn], names: [image] })).toBe(2);
    expect(sent()).toHaveLength(1);
    await other.stop();
  });
});

describe("a release file", () => {
  const SERVICES = ["chat-backend", "chat-web"] as const;
  const path = (): string => join(folder, "manacore", "production.json");
  const small = (): Platform => {
    const all = platform();
    const chat = all.products.find(({ name }) => name === "chat")!;
    const services = chat.services.filter(({ name }) => SERVICES.some((each) => each === name));
    return { ...all, products: [{ ...chat, services }] };
  };
  const release = (flags: ImagesOptions["flags"]): Promise<number> =>
    run({ release: "production", ...flags }, { env: { TWINSET_RELEASES: folder }, platforms: [small()] });
  const write = (products: object): void => {
    mkdirSync(join(folder, "manacore"), { recursive: true });
    writeFileSync(path(), `${JSON.stringify({ products }, null, 2)}\n`);
  };
  const chat = () => parseReleaseFile(readFileSync(path(), "utf8"), "x").release["chat"]!;

  test("that a person wrote gets digests, of both sets, with their own tags", async () => {
    const web = await client.push("wuesteon/chat-web", "v1");
    const backend = await client.push("wuesteon/chat-backend", "v1");
    const newer = await client.push("wuesteon/chat-web", "v2");
    write({
      chat: { live: "blue", blue: { version: "v1" }, green: { version: "v2", tags: { "chat-backend": "v1" } } },
    });
    expect(await release({ check: true })).toBe(1);
    expect(chat().blue).toEqual({ version: "v1" });
    expect(await release({ update: true })).toBe(0);
    expect(chat()).toEqual({
      ...{ live: "blue", canary: 0 },
      blue: { version: "v1", digests: { "chat-backend": backend, "chat-web": web } },
      green: { version: "v2", tags: { "chat-backend": "v1" }, digests: { "chat-backend": backend, "chat-web": newer } },
    });
    expect(await release({ check: true })).toBe(0);
  });

  test("keeps a digest whose tag has moved, and says what is on file and what is not", async () => {
    const web = await client.push("wuesteon/chat-web", "v1");
    await client.push("wuesteon/chat-backend", "v1");
    write({ chat: { live: "blue", blue: { version: "v1", digests: { "chat-web": FAKE } } } });
    expect(await release({ update: true })).toBe(1);
    expect(lines.join("\n")).toContain(`moved      ${FAKE} → ${web}`);
    expect(lines.at(-1)).toMatch(/chat-web:v1 is left as it was: what was recorded is what was tested/);
    expect(chat().blue!.digests).toMatchObject({ "chat-web": FAKE, "chat-backend": expect.anything() });
  });

  test("is not touched where one image has no answer", async () => {
    await client.push("wuesteon/chat-web", "v1");
    await client.push("wuesteon/chat-backend", "v1");
    write({ chat: { live: "blue", blue: { version: "v1" } } });
    const before = readFileSync(path(), "utf8");
    for (let i = 0; i < 2; i++) registry.faults.inject({ fault: { kind: "error" }, path: /chat-web/ });
    expect(await release({ update: true })).toBe(2);
    expect(readFileSync(path(), "utf8")).toBe(before);
  });

  test("that there is not, or an environment that there is not, is a mistake", async () => {
    await expect(release({})).rejects.toThrow("no such file");
    await expect(run({ release: "prod" })).rejects.toThrow(/given {5}prod/);
  });
});
