/** Manifests and tags: what an image is made of, and what it is called. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { bodyOf, type BlobRequest } from "./blobs";
import { fail } from "./errors";
import { digestOf, type Manifest, type Repository } from "./store";

/** The specification asks for at least this. */
const MAX_BYTES = 4 * 1024 * 1024;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";

/** What every manifest has; an index names manifests, an image names blobs. */
interface Content {
  readonly mediaType?: string;
  readonly config?: { readonly digest: string };
  readonly layers?: readonly { readonly digest: string }[];
  readonly manifests?: readonly { readonly digest: string }[];
}

export function getManifest(
  { store, repository, request, reply }: BlobRequest,
  reference: string,
): FastifyReply | undefined {
  const known = store.find(repository);
  const manifest = known?.manifests.get(known.tags.get(reference) ?? reference);
  if (!manifest) return fail(404, "MANIFEST_UNKNOWN", "manifest unknown");
  mustBeAccepted(manifest, request);
  void reply.headers({
    "content-type": manifest.mediaType,
    "content-length": manifest.bytes.length,
    "docker-content-digest": manifest.digest,
  });
  return request.method === "HEAD" ? reply.send() : reply.send(manifest.bytes);
}

/** Who does not say that they understand an index or an OCI manifest does not get one. Any client knows Docker's own. */
function mustBeAccepted({ mediaType }: Manifest, { headers }: FastifyRequest): void {
  if (mediaType === DOCKER_MANIFEST || (headers.accept ?? "").includes(mediaType)) return;
  fail(404, "MANIFEST_UNKNOWN", `${mediaType} found, but Accept header does not support it`);
}

export async function putManifest(
  { store, repository, request, reply }: BlobRequest,
  reference: string,
): Promise<FastifyReply> {
  const bytes = await readAll(request);
  const content = parse(bytes);
  const digest = digestOf(bytes);
  const isTag = TAG.test(reference);
  if (!isTag && reference !== digest) fail(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
  mustBeWhole(content, store.repository(repository));
  const mediaType = request.headers["content-type"] ?? content.mediaType ?? DOCKER_MANIFEST;
  store.keep(repository, { digest, mediaType, bytes }, isTag ? reference : undefined);
  const location = `/v2/${repository}/manifests/${digest}`;
  return reply.status(201).headers({ location, "docker-content-digest": digest }).send();
}

async function readAll(request: FastifyRequest): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of bodyOf(request)) {
    size += part.length;
    if (size > MAX_BYTES) fail(413, "SIZE_INVALID", "manifest is larger than 4 MiB", { connection: "close" });
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function parse(bytes: Buffer): Content {
  try {
    const content: unknown = JSON.parse(bytes.toString());
    if (typeof content === "object" && content !== null && !Array.isArray(content)) return content;
  } catch {
    // Refused below.
  }
  return fail(400, "MANIFEST_INVALID", "manifest invalid");
}

/** A manifest comes after everything that it names. */
function mustBeWhole({ config, layers = [], manifests = [] }: Content, into: Repository): void {
  const blobs = [...(config ? [config] : []), ...layers];
  if (
    blobs.every(({ digest }) => into.blobs.has(digest)) &&
    manifests.every(({ digest }) => into.manifests.has(digest))
  )
    return;
  fail(404, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry");
}

export function listTags({ store, repository, reply, query }: BlobRequest): unknown {
  const known = store.find(repository);
  if (!known) return fail(404, "NAME_UNKNOWN", "repository name not known to registry");
  const last = query.get("last") ?? "";
  const rest = [...known.tags.keys()].sort().filter((tag) => tag > last);
  const count = Number(query.get("n") ?? rest.length);
  const tags = rest.slice(0, count);
  if (tags.length < rest.length && tags.length > 0) {
    const next = new URLSearchParams({ n: String(count), last: tags.at(-1)! });
    void reply.header("link", `</v2/${repository}/tags/list?${next}>; rel="next"`);
  }
  return { name: repository, tags };
}
