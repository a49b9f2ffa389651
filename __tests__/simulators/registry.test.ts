import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type RegistrySimulator, startRegistry } from "../../simulators/registry";
import { basicOf, Client, DOCKER_MANIFEST, errorOf, OCI_INDEX, PULLER, PUSHER, sha256, start } from "./registry-client";

let registry: RegistrySimulator;
let client: Client;
beforeEach(async () => {
  registry = await start();
  client = new Client(registry);
});
afterEach(() => registry.stop());

const UNKNOWN = sha256("nobody has this");

describe("who asks", () => {
  test("without a token is told where tokens are made, and for what", async () => {
    for (const [method, scope] of [
      ["GET", "repository:acme/web:pull"],
      ["PUT", "repository:acme/web:pull,push"],
    ]) {
      const response = await fetch(`${registry.baseUrl}/v2/acme/web/manifests/v1`, { method: method! });
      expect(response.headers.get("www-authenticate")).toBe(
        `Bearer realm="http://${registry.host}/token",service="${registry.host}",scope="${scope}"`,
      );
      expect(await errorOf(response)).toBe("401 UNAUTHORIZED");
    }
  });

  test("with name and password gets a token, and may see that the registry is one", async () => {
    const authorization = await client.token(PULLER);
    expect((await client.call("GET", "/v2/", { authorization })).status).toBe(200);
    expect((await client.call("GET", "/v2", { authorization })).status).toBe(200);
    expect((await fetch(`${registry.baseUrl}/v2/`)).status).toBe(401);
  });

  test("with a wrong password or without one gets none", async () => {
    const ask = (authorization?: string): Promise<Response> =>
      fetch(`${registry.baseUrl}/token`, authorization === undefined ? {} : { headers: { authorization } });
    expect(await errorOf(await ask())).toBe("401 UNAUTHORIZED");
    expect(await errorOf(await ask(basicOf({ ...PUSHER, password: "other" })))).toBe("403 DENIED");
    expect(await errorOf(await ask("Basic !"))).toBe("403 DENIED");
  });

  test("may pull with a login that may only pull, and push nothing", async () => {
    await client.push("acme/web", "v1");
    const authorization = await client.token(PULLER, "repository:acme/web:pull,push");
    expect((await client.call("HEAD", "/v2/acme/web/manifests/v1", { authorization })).status).toBe(200);
    const response = await client.call("POST", "/v2/acme/web/blobs/uploads/", { authorization });
    expect(await errorOf(response)).toBe("403 DENIED");
  });

  test("has a token for what was asked for, and for nothing else", async () => {
    const authorization = await client.token(PUSHER, "repository:acme/web:pull");
    const response = await client.call("GET", "/v2/acme/api/tags/list", { authorization });
    expect(response.headers.get("www-authenticate")).toContain(`error="insufficient_scope"`);
    expect(response.status).toBe(401);
  });
});

describe("a blob", () => {
  const blob = (digest: string, method = "GET"): Promise<Response> =>
    client.call(method, `/v2/acme/web/blobs/${digest}`);

  test("comes back as it was pushed, in one piece", async () => {
    const digest = await client.pushBlob("acme/web", "a layer");
    const head = await blob(digest, "HEAD");
    expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "7", ""]);
    const get = await blob(digest);
    expect([get.headers.get("docker-content-digest"), await get.text()]).toEqual([digest, "a layer"]);
  });

  test("comes back as it was pushed, in whatever pieces", async () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.boolean(), async (chunks, lastWithPut) => {
        const whole = Buffer.concat(chunks);
        const path = await client.begin("acme/web");
        let size = 0;
        const last = lastWithPut ? chunks.pop() : undefined;
        for (const chunk of chunks) {
          const body = Buffer.from(chunk);
          const range = { "content-range": `${size}-${size + chunk.length - 1}` };
          const response = await client.call("PATCH", path, { body, ...(chunk.length > 0 ? { headers: range } : {}) });
          size += chunk.length;
          expect([response.status, response.headers.get("range")]).toEqual([202, `0-${Math.max(0, size - 1)}`]);
        }
        const digest = sha256(whole);
        const done = await client.call("PUT", `${path}?digest=${digest}`, last ? { body: Buffer.from(last) } : {});
        expect([done.status, done.headers.get("location")]).toEqual([201, `/v2/acme/web/blobs/${digest}`]);
        expect(Buffer.from(await (await blob(digest)).arrayBuffer()).equals(whole)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  test("is refused when it is not what its digest says, and the upload is gone", async () => {
    const path = await client.begin("acme/web");
    expect(await errorOf(await client.call("PUT", `${path}?digest=${UNKNOWN}`, { body: "other" }))).toBe(
      "400 DIGEST_INVALID",
    );
    expect(await errorOf(await client.call("PATCH", path, { body: "more" }))).toBe("404 BLOB_UPLOAD_UNKNOWN");
    expect((await blob(UNKNOWN, "HEAD")).status).toBe(404);
  });

  test("is refused when a piece is out of order; how far it is can be asked", async () => {
    const path = await client.begin("acme/web");
    await client.call("PATCH", path, { body: "12345", headers: { "content-range": "0-4" } });
    const wrong = await client.call("PATCH", path, { body: "89", headers: { "content-range": "7-8" } });
    expect([wrong.status, wrong.headers.get("range")]).toEqual([416, "0-4"]);
    const asked = await client.call("GET", path);
    expect([asked.status, asked.headers.get("range")]).toEqual([204, "0-4"]);
  });

  test("is not there when its upload was given up", async () => {
    const path = await client.begin("acme/web");
    expect((await client.call("DELETE", path)).status).toBe(204);
    expect((await client.call("GET", path)).status).toBe(404);
  });

  test("belongs to the repository that it was pushed to", async () => {
    const digest = await client.pushBlob("acme/api", "a layer");
    expect(await errorOf(await blob(digest))).toBe("404 BLOB_UNKNOWN");
    const path = await client.begin("acme/api");
    expect((await client.call("GET", path.replace("/api/", "/web/"))).status).toBe(404);
  });

  test("is taken over from another repository by whoever may pull there", async () => {
    const digest = await client.pushBlob("acme/api", "a layer");
    const mount = `/v2/acme/web/blobs/uploads/?mount=${digest}&from=acme/api`;
    const onlyWeb = await client.token(PUSHER, "repository:acme/web:pull,push");
    expect((await client.call("POST", mount, { authorization: onlyWeb })).status).toBe(202);
    expect((await client.call("POST", mount)).status).toBe(201);
    expect((await blob(digest, "HEAD")).status).toBe(200);
    expect((await client.call("POST", mount.replace(digest, UNKNOWN))).status).toBe(202);
  });
});

describe("a manifest", () => {
  const get = (reference: string, accept = "*/*"): Promise<Response> =>
    client.call("GET", `/v2/acme/web/manifests/${reference}`, { headers: { accept } });

  test("is found by its tag and by its digest, byte for byte", async () => {
    const digest = await client.push("acme/web", "v1");
    for (const reference of ["v1", digest]) {
      const response = await get(reference);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        "content-type": DOCKER_MANIFEST,
        "docker-content-digest": digest,
      });
      expect(sha256(await response.text())).toBe(digest);
    }
    expect(registry.images).toEqual(new Map([["acme/web:v1", digest]]));
  });

  test("keeps its digest when its tag moves on", async () => {
    const first = await client.push("acme/web", "v1");
    const config = await client.pushBlob("acme/web", "{}");
    await client.putManifest("acme/web", "v1", { config: { digest: config } });
    expect((await get("v1")).headers.get("docker-content-digest")).not.toBe(first);
    expect((await get(first)).status).toBe(200);
  });

  test("comes after everything that it names", async () => {
    const blobs = { config: { digest: UNKNOWN } };
    expect(await errorOf(await client.putManifest("acme/web", "v1", blobs))).toBe("404 MANIFEST_BLOB_UNKNOWN");
    const index = { manifests: [{ digest: UNKNOWN }] };
    expect(await errorOf(await client.putManifest("acme/web", "v1", index, OCI_INDEX))).toBe(
      "404 MANIFEST_BLOB_UNKNOWN",
    );
  });

  test("is refused when it is none, too large, or not what its digest says", async () => {
    const put = async (reference: string, body: string): Promise<string> =>
      errorOf(await client.call("PUT", `/v2/acme/web/manifests/${reference}`, { body }));
    expect(await put("v1", "[]")).toBe("400 MANIFEST_INVALID");
    expect(await put("v1", "no JSON")).toBe("400 MANIFEST_INVALID");
    expect(await put(UNKNOWN, "{}")).toBe("400 DIGEST_INVALID");
    expect(await put("v1", "x".repeat(4 * 1024 * 1024 + 1))).toBe("413 SIZE_INVALID");
    expect(registry.images.size).toBe(0);
  });

  test("of a kind that not every client knows goes only to who says that they know it", async () => {
    const image = await client.push("acme/web", "v1");
    await client.putManifest("acme/web", "all", { manifests: [{ digest: image }] }, OCI_INDEX);
    expect(await errorOf(await get("all"))).toBe("404 MANIFEST_UNKNOWN");
    expect((await get("all", `${DOCKER_MANIFEST}, ${OCI_INDEX}`)).headers.get("content-type")).toBe(OCI_INDEX);
  });

  test("is not there under other names", async () => {
    await client.push("acme/web", "v1");
    expect(await errorOf(await get("v2"))).toBe("404 MANIFEST_UNKNOWN");
    expect(await errorOf(await client.call("GET", "/v2/acme/api/manifests/v1"))).toBe("404 MANIFEST_UNKNOWN");
  });

  test("cannot be deleted: GHCR does that elsewhere", async () => {
    await client.push("acme/web", "v1");
    expect(await errorOf(await client.call("DELETE", "/v2/acme/web/manifests/v1"))).toBe("405 UNSUPPORTED");
  });
});

describe("tags", () => {
  const list = (query = ""): Promise<Response> => client.call("GET", `/v2/acme/web/tags/list${query}`);

  test("are listed in their order, in pages if wanted", async () => {
    for (const tag of ["v2", "v1", "v3"]) await client.push("acme/web", tag);
    expect(await (await list()).json()).toEqual({ name: "acme/web", tags: ["v1", "v2", "v3"] });
    const page = await list("?n=2");
    expect(page.headers.get("link")).toBe(`</v2/acme/web/tags/list?n=2&last=v2>; rel="next"`);
    expect(await page.json()).toMatchObject({ tags: ["v1", "v2"] });
    const last = await list("?n=2&last=v2");
    expect([last.headers.get("link"), await last.json()]).toEqual([null, { name: "acme/web", tags: ["v3"] }]);
  });

  test("of a repository that nobody has pushed to are an error", async () => {
    expect(await errorOf(await list())).toBe("404 NAME_UNKNOWN");
  });
});

describe("the registry", () => {
  test("refuses names and paths that are none", async () => {
    expect(await errorOf(await client.call("GET", "/v2/Acme/web/tags/list"))).toBe("400 NAME_INVALID");
    expect(await errorOf(await client.call("GET", "/v2/acme/web/blobs/../../etc"))).toBe("404 NOT_FOUND");
    expect(await errorOf(await client.call("GET", "/v2/acme/web/blobs/sha256:..%2Fx"))).toBe("404 NOT_FOUND");
    expect(await errorOf(await client.call("PATCH", "/v2/acme/web/tags/list"))).toBe("405 UNSUPPORTED");
    expect((await client.call("GET", "/")).status).toBe(404);
  });

  test("forgets its layers when it stops", async () => {
    await client.push("acme/web", "v1");
    expect(readdirSync(registry.directory)).toHaveLength(2);
    await registry.stop();
    expect(existsSync(registry.directory)).toBe(false);
  });

  test("leaves the layers in a directory of somebody's own", async () => {
    const directory = mkdtempSync(join(tmpdir(), "twinset-test-"));
    const other = await startRegistry({ accounts: [PUSHER], directory });
    await new Client(other).push("acme/web", "v1").finally(() => other.stop());
    expect(readdirSync(directory)).toHaveLength(2);
    rmSync(directory, { recursive: true });
  });
});

describe("a fault", () => {
  test("answers 429 or 500 as a registry does, and leaves everything as it was", async () => {
    await client.call("GET", "/v2/");
    registry.faults.inject({ fault: { kind: "rate-limit", retryAfterSeconds: 3 }, method: "POST" });
    registry.faults.inject({ fault: { kind: "error", status: 503 }, method: "POST" });
    const limited = await client.call("POST", "/v2/acme/web/blobs/uploads/");
    expect(limited.headers.get("retry-after")).toBe("3");
    expect(await errorOf(limited)).toBe("429 TOOMANYREQUESTS");
    expect(await errorOf(await client.call("POST", "/v2/acme/web/blobs/uploads/"))).toBe("503 UNKNOWN");
  });

  test("loses an answer after the image was pushed", async () => {
    const digest = await client.push("acme/web", "v1");
    registry.faults.inject({ fault: { kind: "lost-answer" }, path: /manifests\/v2/ });
    await expect(client.push("acme/web", "v2")).rejects.toThrow();
    expect([...registry.images.keys()]).toEqual(["acme/web:v1", "acme/web:v2"]);
    expect(registry.images.get("acme/web:v1")).toBe(digest);
  });
});
