import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type ObjectStore, type ObjectStoreOptions, startObjectStore } from "../../simulators/object-store";

const KEY_ID = "0123456789abcdef0123456789abcdef";

let store: ObjectStore;
beforeEach(async () => {
  store = await startObjectStore({ buckets: ["state", "other"], accessKeyId: KEY_ID });
});
afterEach(() => store.stop());

/** A request as an S3 client signs it. The simulator looks at no more of it than the access key id. */
function call(method: string, path: string, options: { headers?: Record<string, string>; body?: string } = {}) {
  const authorization = `AWS4-HMAC-SHA256 Credential=${KEY_ID}/20260101/auto/s3/aws4_request, SignedHeaders=host, Signature=00`;
  return fetch(`${store.baseUrl}${path}`, {
    method,
    headers: { authorization, ...options.headers },
    ...(options.body === undefined ? {} : { body: options.body }),
  });
}

async function errorOf(response: Response): Promise<string> {
  const code = /<Code>(.*?)<\/Code>/.exec(await response.text())?.[1];
  return `${response.status} ${code}`;
}

const keysOf = (xml: string): string[] => [...xml.matchAll(/<Key>(.*?)<\/Key>/g)].map((match) => match[1]!);

describe("an object", () => {
  test("comes back as it was put, with the MD5 sum of its content as ETag", async () => {
    const etag = `"${createHash("md5").update("{}").digest("hex")}"`;
    const put = await call("PUT", "/state/a/b.tfstate", {
      body: "{}",
      headers: { "content-type": "application/json" },
    });
    expect([put.status, put.headers.get("etag")]).toEqual([200, etag]);
    const get = await call("GET", "/state/a/b.tfstate");
    expect(await get.text()).toBe("{}");
    expect(Object.fromEntries(get.headers)).toMatchObject({ etag, "content-type": "application/json" });
    expect(store.objects.get("state/a/b.tfstate")).toEqual(Buffer.from("{}"));
  });

  test("answers HEAD with its size and no content", async () => {
    await call("PUT", "/state/key", { body: "12345" });
    const head = await call("HEAD", "/state/key");
    expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "5", ""]);
    expect((await call("HEAD", "/state/nothing")).status).toBe(404);
  });

  test("is gone after DELETE, which may be repeated", async () => {
    await call("PUT", "/state/key", { body: "1" });
    expect((await call("DELETE", "/state/key")).status).toBe(204);
    expect((await call("DELETE", "/state/key")).status).toBe(204);
    expect(await errorOf(await call("GET", "/state/key"))).toBe("404 NoSuchKey");
    expect(store.objects.size).toBe(0);
  });

  test("keeps its metadata", async () => {
    await call("PUT", "/state/key", { body: "1", headers: { "x-amz-meta-owner": "me" } });
    expect((await call("HEAD", "/state/key")).headers.get("x-amz-meta-owner")).toBe("me");
  });

  test("is read in parts with Range", async () => {
    await call("PUT", "/state/key", { body: "0123456789" });
    const part = await call("GET", "/state/key", { headers: { range: "bytes=2-4" } });
    expect([part.status, part.headers.get("content-range"), await part.text()]).toEqual([206, "bytes 2-4/10", "234"]);
    expect(await (await call("GET", "/state/key", { headers: { range: "bytes=-3" } })).text()).toBe("789");
    expect(await errorOf(await call("GET", "/state/key", { headers: { range: "bytes=10-" } }))).toBe(
      "416 InvalidRange",
    );
  });

  test("may have any key, whether with spaces, slashes at the end or in another script", async () => {
    const keys = ["a b", "dir/", "schlüssel", "100%", "a+b", "x?y#z"];
    for (const key of keys) await call("PUT", `/state/${encodeURIComponent(key)}`, { body: key });
    expect([...store.objects.keys()].sort()).toEqual(keys.map((key) => `state/${key}`).sort());
  });

  test("arrives whole when the client sends it in signed chunks", async () => {
    const body = "3;chunk-signature=0a\r\nabc\r\n2;chunk-signature=0b\r\nde\r\n0;chunk-signature=0c\r\n\r\n";
    const headers = { "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "content-encoding": "aws-chunked" };
    await call("PUT", "/state/key", { body, headers });
    expect(store.objects.get("state/key")?.toString()).toBe("abcde");
    expect(await errorOf(await call("PUT", "/state/key", { body: "5\r\nabc", headers }))).toBe("400 IncompleteBody");
  });

  test("arrives whole when the client sends chunks with a checksum after them", async () => {
    const body = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    const headers = { "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER" };
    await call("PUT", "/state/key", { body, headers });
    expect(store.objects.get("state/key")?.toString()).toBe("hello");
  });

  test("is refused when it is not what its checksums say", async () => {
    const headers = { "content-md5": createHash("md5").update("other").digest("base64") };
    expect(await errorOf(await call("PUT", "/state/key", { body: "1", headers }))).toBe("400 BadDigest");
    const sha = { "x-amz-content-sha256": createHash("sha256").update("other").digest("hex") };
    expect(await errorOf(await call("PUT", "/state/key", { body: "1", headers: sha }))).toBe(
      "400 XAmzContentSHA256Mismatch",
    );
  });
});

describe("a condition", () => {
  test("If-None-Match: * lets only the first of two write: that is Terraform's lock", async () => {
    const headers = { "if-none-match": "*" };
    const [first, second] = await Promise.all([
      call("PUT", "/state/key.tflock", { body: "mine", headers }),
      call("PUT", "/state/key.tflock", { body: "yours", headers }),
    ]);
    expect([first.status, second.status].sort()).toEqual([200, 412]);
    expect(await errorOf(await call("PUT", "/state/key.tflock", { body: "late", headers }))).toBe(
      "412 PreconditionFailed",
    );
  });

  test("If-Match writes only over what the client has seen", async () => {
    const etag = (await call("PUT", "/state/key", { body: "1" })).headers.get("etag")!;
    expect((await call("PUT", "/state/key", { body: "2", headers: { "if-match": etag } })).status).toBe(200);
    expect((await call("PUT", "/state/key", { body: "3", headers: { "if-match": etag } })).status).toBe(412);
    expect((await call("PUT", "/state/new", { body: "3", headers: { "if-match": "*" } })).status).toBe(412);
  });

  test("If-None-Match with an ETag writes over anything else, and over nothing", async () => {
    const etag = (await call("PUT", "/state/key", { body: "1" })).headers.get("etag")!;
    const headers = { "if-none-match": etag };
    expect(await errorOf(await call("PUT", "/state/key", { body: "2", headers }))).toBe("412 PreconditionFailed");
    expect((await call("PUT", "/state/new", { body: "2", headers })).status).toBe(200);
    await call("PUT", "/state/key", { body: "3" });
    expect((await call("PUT", "/state/key", { body: "2", headers })).status).toBe(200);
  });

  test("holds no DELETE back, as R2 has none there", async () => {
    await call("PUT", "/state/key", { body: "1" });
    expect((await call("DELETE", "/state/key", { headers: { "if-match": '"0"' } })).status).toBe(204);
    expect(store.objects.size).toBe(0);
  });

  test("If-None-Match on a read answers 304 for what the client has", async () => {
    const etag = (await call("PUT", "/state/key", { body: "1" })).headers.get("etag")!;
    expect((await call("GET", "/state/key", { headers: { "if-none-match": etag } })).status).toBe(304);
    expect((await call("GET", "/state/key", { headers: { "if-none-match": '"0"' } })).status).toBe(200);
  });
});

describe("a list", () => {
  test("has only the keys with the prefix, in order", async () => {
    for (const key of ["b", "a/2", "a/1", "c"]) await call("PUT", `/state/${key}`, { body: key });
    expect(keysOf(await (await call("GET", "/state?list-type=2")).text())).toEqual(["a/1", "a/2", "b", "c"]);
    expect(keysOf(await (await call("GET", "/state/?list-type=2&prefix=a%2F")).text())).toEqual(["a/1", "a/2"]);
  });

  test("folds what has the delimiter into common prefixes", async () => {
    for (const key of ["x/1", "x/2", "y"]) await call("PUT", `/state/${key}`, { body: key });
    const xml = await (await call("GET", "/state?list-type=2&delimiter=%2F")).text();
    expect(keysOf(xml)).toEqual(["y"]);
    expect(xml).toContain("<CommonPrefixes><Prefix>x/</Prefix></CommonPrefixes>");
    expect(xml).toContain("<KeyCount>2</KeyCount>");
  });

  test("encodes keys when it is asked to", async () => {
    await call("PUT", "/state/a%26b%20c", { body: "1" });
    expect(await (await call("GET", "/state?list-type=2")).text()).toContain("<Key>a&#38;b c</Key>");
    expect(await (await call("GET", "/state?list-type=2&encoding-type=url")).text()).toContain("<Key>a%26b%20c</Key>");
  });

  test("gives each key once over all its pages", async () => {
    const key = fc.stringMatching(/^[a-z0-9/._-]{1,12}$/).filter((k) => !/(^|\/)\.{1,2}(\/|$)/.test(k));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(key, { maxLength: 15 }), fc.integer({ min: 1, max: 5 }), async (keys, size) => {
        for (const name of store.objects.keys()) await call("DELETE", `/${name}`);
        for (const name of keys) await call("PUT", `/state/${encodeURIComponent(name)}`, { body: "1" });
        const seen: string[] = [];
        for (let token = ""; ;) {
          const xml = await (await call("GET", `/state?list-type=2&max-keys=${size}${token}`)).text();
          seen.push(...keysOf(xml));
          const next = /<NextContinuationToken>(.*?)</.exec(xml)?.[1];
          if (!next) break;
          token = `&continuation-token=${next}`;
        }
        expect(seen).toEqual([...keys].sort());
      }),
      { numRuns: 30 },
    );
  });

  test("refuses a continuation token that it did not give", async () => {
    expect(await errorOf(await call("GET", "/state?list-type=2&continuation-token=x"))).toBe("400 InvalidArgument");
  });
});

describe("a bucket", () => {
  test("must be there", async () => {
    expect(await errorOf(await call("GET", "/nothing/key"))).toBe("404 NoSuchBucket");
    expect(await errorOf(await call("PUT", "/nothing/key", { body: "1" }))).toBe("404 NoSuchBucket");
    expect(await errorOf(await call("GET", "/nothing?list-type=2"))).toBe("404 NoSuchBucket");
    expect((await call("HEAD", "/state")).status).toBe(200);
  });

  test("is made with PUT, and goes with DELETE when it is empty", async () => {
    expect((await call("PUT", "/fresh")).status).toBe(200);
    expect(await errorOf(await call("PUT", "/fresh"))).toBe("409 BucketAlreadyOwnedByYou");
    expect(await errorOf(await call("PUT", "/No_Name"))).toBe("400 InvalidBucketName");
    await call("PUT", "/fresh/key", { body: "1" });
    expect(await errorOf(await call("DELETE", "/fresh"))).toBe("409 BucketNotEmpty");
    await call("DELETE", "/fresh/key");
    expect((await call("DELETE", "/fresh")).status).toBe(204);
    expect(await (await call("GET", "/")).text()).not.toContain("fresh");
  });

  test("is in the region auto", async () => {
    expect(await (await call("GET", "/state?location")).text()).toContain(">auto<");
  });
});

describe("a request is refused", () => {
  test("without credentials", async () => {
    expect(await errorOf(await call("GET", "/state/key", { headers: { authorization: "" } }))).toBe(
      "400 InvalidArgument",
    );
  });

  test("with a key id of another length", async () => {
    const headers = { authorization: "AWS4-HMAC-SHA256 Credential=short/20260101/auto/s3/aws4_request" };
    const response = await call("GET", "/state/key", { headers });
    expect(await response.text()).toContain("Credential access key has length 5, should be 32");
  });

  test("with another key id", async () => {
    const headers = { authorization: `AWS4-HMAC-SHA256 Credential=${"f".repeat(32)}/20260101/auto/s3/aws4_request` };
    expect(await errorOf(await call("GET", "/state/key", { headers }))).toBe("401 Unauthorized");
  });

  test("when it asks for something that is not there: parts, copies, the older list", async () => {
    expect(await errorOf(await call("POST", "/state/key?uploads"))).toBe("501 NotImplemented");
    expect(await errorOf(await call("GET", "/state"))).toBe("501 NotImplemented");
    expect(await errorOf(await call("PUT", "/state/key", { headers: { "x-amz-copy-source": "/a/b" } }))).toBe(
      "501 NotImplemented",
    );
  });
});

describe("a fault", () => {
  test("answers 429 or 500 as R2 does, and leaves the object as it was", async () => {
    store.faults.inject({ fault: { kind: "rate-limit", retryAfterSeconds: 3 }, method: "PUT" });
    store.faults.inject({ fault: { kind: "error" }, method: "PUT" });
    const limited = await call("PUT", "/state/key", { body: "1" });
    expect(limited.headers.get("retry-after")).toBe("3");
    expect(await errorOf(limited)).toBe("429 TooManyRequests");
    expect(await errorOf(await call("PUT", "/state/key", { body: "1" }))).toBe("500 InternalError");
    expect(store.objects.size).toBe(0);
  });

  test("loses an answer after the object was written", async () => {
    store.faults.inject({ fault: { kind: "lost-answer" }, method: "PUT" });
    await expect(call("PUT", "/state/key", { body: "1" })).rejects.toThrow();
    expect(store.objects.get("state/key")?.toString()).toBe("1");
  });
});

describe("a store that is not as it should be, on demand", () => {
  const other = async (options: Partial<ObjectStoreOptions>): Promise<void> => {
    await store.stop();
    store = await startObjectStore({ buckets: ["state"], accessKeyId: KEY_ID, ...options });
  };

  test("passes over a condition, so that the last of two writes", async () => {
    await other({ ignores: ["if-none-match"] });
    const put = (body: string, headers: Record<string, string>): Promise<Response> =>
      call("PUT", "/state/key", { body, headers });
    await put("1", {});
    expect((await put("2", { "if-none-match": "*" })).status).toBe(200);
    expect((await put("3", { "if-match": '"0"' })).status).toBe(412);
    await other({ ignores: ["if-match"] });
    expect((await put("3", { "if-match": '"0"' })).status).toBe(200);
  });

  test("shows objects to everyone, and lets nobody else write", async () => {
    await call("PUT", "/state/key", { body: "1" });
    expect(await errorOf(await fetch(`${store.baseUrl}/state/key`))).toBe("400 InvalidArgument");
    await other({ publicRead: true });
    await call("PUT", "/state/key", { body: "1" });
    expect((await fetch(`${store.baseUrl}/state/key`)).status).toBe(200);
    expect((await fetch(`${store.baseUrl}/state/key`, { method: "PUT", body: "2" })).status).toBe(400);
  });
});
