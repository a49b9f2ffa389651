/**
 * An object store that speaks S3 as Cloudflare R2 does, enough for Terraform's `s3` backend with a lock file. Everything
 * is in memory. Of a request's SigV4 signature only the access key id is looked at: the signature itself is not verified.
 */
import { createHash } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { listing } from "./listing";
import { ApiError, type Answer, serve, type Simulator } from "../simulator";

export interface ObjectStoreOptions {
  /** Buckets that are there from the start. */
  readonly buckets: readonly string[];
  /** The one access key id that is let in. */
  readonly accessKeyId: string;
  /** @default a free one */
  readonly port?: number;
  /** Headers of writes that it passes over, as stores do that know no conditional writes. @default none */
  readonly ignores?: readonly Condition[];
  /** Lets everyone read objects, as a bucket that was made public does. @default false */
  readonly publicRead?: boolean;
}

type Condition = "if-match" | "if-none-match";

export interface ObjectStore extends Simulator {
  /** "bucket/key" → content. */
  readonly objects: ReadonlyMap<string, Buffer>;
}

interface StoredObject {
  readonly body: Buffer;
  readonly etag: string;
  readonly modified: Date;
  /** Content type and `x-amz-meta-…`, as they were given. */
  readonly headers: Readonly<Record<string, string>>;
}

type Bucket = Map<string, StoredObject>;

/** Starts an object store on the loopback address. Clients use it with path style: `<baseUrl>/<bucket>/<key>`. */
export async function startObjectStore(options: ObjectStoreOptions): Promise<ObjectStore> {
  const buckets = new Map<string, Bucket>(options.buckets.map((name) => [name, new Map()]));
  const objects = new Map<string, Buffer>();
  const simulator = await serve({
    prefix: "",
    port: options.port,
    routes: (app) => routes(app, buckets, objects, options.ignores ?? []),
    refuse: (request) =>
      options.publicRead && request.headers.authorization === undefined && request.method === "GET"
        ? undefined
        : refusal(request, options.accessKeyId),
    rateLimited: (seconds) => ({
      ...failure(429, "TooManyRequests", "Reduce your concurrent request rate for the same object."),
      headers: { ...XML, "retry-after": String(seconds) },
    }),
    failed: (status) => failure(status, "InternalError", "We encountered an internal error. Please try again."),
    notFound: () => failure(404, "NoSuchKey", "The specified key does not exist."),
    unreadable: (reason) => failure(400, "InvalidRequest", reason),
    headers: () => ({ server: "cloudflare" }),
  });
  return { ...simulator, objects };
}

const XML = { "content-type": "application/xml" };

function failure(status: number, code: string, message: string): Answer {
  const text = message.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return {
    status,
    headers: XML,
    body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${text}</Message></Error>`,
  };
}

function fail(status: number, code: string, message: string): never {
  throw new ApiError(failure(status, code, message));
}

/** R2's key ids have 32 characters and it says so; whatever else is wrong with them is "Unauthorized". */
function refusal(request: FastifyRequest, expected: string): Answer | undefined {
  const query = new URL(request.url, "http://localhost").searchParams.get("X-Amz-Credential");
  const header = /^AWS4-HMAC-SHA256 .*?Credential=([^,\s]+)/.exec(request.headers.authorization ?? "")?.[1];
  const given = (header ?? query)?.split("/")[0];
  if (given === undefined) return failure(400, "InvalidArgument", "Authorization");
  if (given === expected) return undefined;
  return given.length === expected.length
    ? failure(401, "Unauthorized", "Unauthorized")
    : failure(400, "InvalidArgument", `Credential access key has length ${given.length}, should be ${expected.length}`);
}

function routes(
  app: FastifyInstance,
  buckets: Map<string, Bucket>,
  objects: Map<string, Buffer>,
  ignores: readonly Condition[],
): void {
  // Content is bytes whatever its type says.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));

  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    const [, name = "", key = ""] = /^\/([^/]*)\/?(.*)$/s.exec(pathname) ?? [];
    if (name === "") return reply.headers(XML).send(bucketList([...buckets.keys()]));
    if (key === "") return ofBucket(decodeURIComponent(name), request, reply, searchParams);
    const bucket = buckets.get(decodeURIComponent(name)) ?? noSuchBucket();
    return ofObject(bucket, decodeURIComponent(name), decodeURIComponent(key), request, reply, searchParams);
  };

  function ofBucket(name: string, request: FastifyRequest, reply: FastifyReply, query: URLSearchParams): unknown {
    if (request.method === "PUT") {
      if (buckets.has(name))
        fail(409, "BucketAlreadyOwnedByYou", "Your previous request to create the bucket succeeded.");
      if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(name)) {
        fail(400, "InvalidBucketName", "The specified bucket name is not valid.");
      }
      buckets.set(name, new Map());
      return reply.header("location", `/${name}`).send();
    }
    const bucket = buckets.get(name) ?? noSuchBucket();
    if (request.method === "HEAD") return reply.send();
    if (request.method === "DELETE") {
      if (bucket.size > 0) fail(409, "BucketNotEmpty", "The bucket you tried to delete is not empty");
      buckets.delete(name);
      return reply.status(204).send();
    }
    if (request.method !== "GET") return notImplemented();
    if (query.has("location")) {
      return reply
        .headers(XML)
        .send(`<?xml version="1.0" encoding="UTF-8"?><LocationConstraint>auto</LocationConstraint>`);
    }
    if (query.get("list-type") !== "2") return notImplemented();
    const entries = [...bucket].map(([key, { body, etag, modified }]) => ({ key, size: body.length, etag, modified }));
    return reply
      .headers(XML)
      .send(listing(name, entries, query) ?? fail(400, "InvalidArgument", "The continuation token is not valid."));
  }

  function ofObject(
    bucket: Bucket,
    bucketName: string,
    key: string,
    request: FastifyRequest,
    reply: FastifyReply,
    query: URLSearchParams,
  ): unknown {
    if (query.has("uploads") || query.has("uploadId") || request.headers["x-amz-copy-source"] !== undefined) {
      return notImplemented();
    }
    const existing = bucket.get(key);
    switch (request.method) {
      case "PUT": {
        conditions(request, existing, "write", ignores);
        const object = stored(request);
        bucket.set(key, object);
        objects.set(`${bucketName}/${key}`, object.body);
        return reply.header("etag", object.etag).send();
      }
      case "DELETE":
        // Whatever the conditions: R2 has none for this (developers.cloudflare.com/r2/api/s3/conditional-operations).
        bucket.delete(key);
        objects.delete(`${bucketName}/${key}`);
        return reply.status(204).send();
      case "GET":
      case "HEAD": {
        if (!existing) return fail(404, "NoSuchKey", "The specified key does not exist.");
        conditions(request, existing, "read");
        void reply.headers({
          "content-type": "application/octet-stream",
          ...existing.headers,
          etag: existing.etag,
          "last-modified": existing.modified.toUTCString(),
          "accept-ranges": "bytes",
        });
        return range(request, reply, existing.body);
      }
      default:
        return notImplemented();
    }
  }

  app.route({ method: ["GET", "HEAD", "PUT", "DELETE", "POST"], url: "/*", exposeHeadRoute: false, handler });
}

function noSuchBucket(): never {
  return fail(404, "NoSuchBucket", "The specified bucket does not exist.");
}

function notImplemented(): never {
  return fail(501, "NotImplemented", "The simulator does not have this operation.");
}

function conditions(
  request: FastifyRequest,
  existing: StoredObject | undefined,
  kind: "read" | "write",
  ignores: readonly Condition[] = [],
): void {
  const has = (header: string): boolean => {
    const wanted = header.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
    return existing !== undefined && wanted.some((tag) => tag === "*" || tag.replaceAll('"', "") === bare(existing));
  };
  const given = (name: Condition): string | undefined => (ignores.includes(name) ? undefined : request.headers[name]);
  const [match, noneMatch] = [given("if-match"), given("if-none-match")];
  if (match !== undefined && !has(match)) preconditionFailed();
  if (noneMatch === undefined || !has(noneMatch)) return;
  if (kind === "read") throw new ApiError({ status: 304, headers: { etag: existing!.etag } });
  preconditionFailed();
}

const bare = (object: StoredObject): string => object.etag.replaceAll('"', "");

function preconditionFailed(): never {
  return fail(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold.");
}

function stored(request: FastifyRequest): StoredObject {
  const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const { "x-amz-content-sha256": hash, "content-md5": given, "content-encoding": encoding } = request.headers;
  const body = String(hash).startsWith("STREAMING-") || encoding === "aws-chunked" ? unchunked(raw) : raw;
  const md5 = createHash("md5").update(body);
  const digest = md5.digest();
  if (given !== undefined && given !== digest.toString("base64")) {
    fail(400, "BadDigest", "The Content-MD5 you specified did not match what we received.");
  }
  if (/^[0-9a-f]{64}$/.test(String(hash)) && createHash("sha256").update(body).digest("hex") !== hash) {
    fail(400, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match.");
  }
  const kept = Object.entries(request.headers).filter(
    ([name]) => name === "content-type" || name === "cache-control" || name.startsWith("x-amz-meta-"),
  );
  return {
    body,
    etag: `"${digest.toString("hex")}"`,
    modified: new Date(),
    headers: Object.fromEntries(kept.map(([name, value]) => [name, String(value)])),
  };
}

/** "<hex size>[;chunk-signature=…]\r\n<bytes>\r\n" until a chunk of size 0; trailers after it are left aside. */
function unchunked(raw: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const end = raw.indexOf("\r\n", at);
    const size = end < 0 ? Number.NaN : Number.parseInt(raw.toString("latin1", at, end), 16);
    if (Number.isNaN(size) || end + 2 + size > raw.length) {
      fail(400, "IncompleteBody", "The request body is no whole sequence of chunks.");
    }
    if (size === 0) return Buffer.concat(chunks);
    chunks.push(raw.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

function range(request: FastifyRequest, reply: FastifyReply, body: Buffer): FastifyReply {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return reply.send(body);
  const from = first === "" ? Math.max(0, body.length - Number(last)) : Number(first);
  const to = first === "" || last === "" ? body.length - 1 : Math.min(Number(last), body.length - 1);
  if (from > to) return fail(416, "InvalidRange", "The requested range is not satisfiable");
  return reply
    .status(206)
    .header("content-range", `bytes ${from}-${to}/${body.length}`)
    .send(body.subarray(from, to + 1));
}

const bucketList = (names: readonly string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?><ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Buckets>${names
    .map((name) => `<Bucket><Name>${name}</Name></Bucket>`)
    .join("")}</Buckets></ListAllMyBucketsResult>`;
