/** Blobs: layers and configurations of images. They come in one piece, in several, or out of another repository. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { fail } from "./errors";
import type { Store, Upload } from "./store";

/** What a blob's routes need to know about a request. */
export interface BlobRequest {
  readonly store: Store;
  readonly repository: string;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly query: URLSearchParams;
}

/** The body as it comes; the parser leaves it alone. */
export const bodyOf = (request: FastifyRequest): AsyncIterable<Buffer> => (request.body ?? []) as AsyncIterable<Buffer>;

export function getBlob({ store, repository, request, reply }: BlobRequest, digest: string): unknown {
  if (!store.find(repository)?.blobs.has(digest)) return fail(404, "BLOB_UNKNOWN", "blob unknown to registry");
  void reply.headers({
    "content-type": "application/octet-stream",
    "content-length": store.size(digest),
    "docker-content-digest": digest,
  });
  return request.method === "HEAD" ? reply.send() : reply.send(store.read(digest));
}

/** @param mayPull may the one who asks pull from that repository? */
export async function startUpload(
  { store, repository, request, reply, query }: BlobRequest,
  mayPull: (repository: string) => boolean,
): Promise<unknown> {
  const mount = query.get("mount");
  const from = query.get("from");
  if (mount !== null && from !== null && store.find(from)?.blobs.has(mount) && mayPull(from)) {
    store.repository(repository).blobs.add(mount);
    return reply.status(201).headers(blobHeaders(repository, mount)).send();
  }
  const upload = await store.begin(repository);
  const digest = query.get("digest");
  if (digest === null) return accepted(reply, upload);
  await store.append(upload, bodyOf(request));
  return finished(store, upload, digest, reply);
}

export async function continueUpload(
  { store, repository, request, reply, query }: BlobRequest,
  id: string,
): Promise<unknown> {
  const upload = store.upload(repository, id);
  if (!upload) return fail(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
  switch (request.method) {
    case "GET":
      return reply.status(204).headers(uploadHeaders(upload)).send();
    case "DELETE":
      await store.cancel(upload);
      return reply.status(204).send();
    case "PATCH":
      mustFollow(upload, request.headers["content-range"]);
      await store.append(upload, bodyOf(request));
      return accepted(reply, upload);
    case "PUT":
      mustFollow(upload, request.headers["content-range"]);
      await store.append(upload, bodyOf(request));
      return finished(store, upload, query.get("digest") ?? "", reply);
    default:
      return fail(405, "UNSUPPORTED", "The operation is unsupported.");
  }
}

/** Chunks come in their order. */
function mustFollow(upload: Upload, range: string | undefined): void {
  if (range === undefined || Number(range.split("-")[0]) === upload.size) return;
  fail(416, "BLOB_UPLOAD_INVALID", "a chunk is out of order", uploadHeaders(upload));
}

async function finished(store: Store, upload: Upload, digest: string, reply: FastifyReply): Promise<unknown> {
  if (!(await store.finish(upload, digest))) {
    return fail(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
  }
  return reply.status(201).headers(blobHeaders(upload.repository, digest)).send();
}

const accepted = (reply: FastifyReply, upload: Upload): unknown =>
  reply.status(202).headers(uploadHeaders(upload)).send();

const uploadHeaders = ({ repository, id, size }: Upload): Record<string, string> => ({
  location: `/v2/${repository}/blobs/uploads/${id}`,
  range: `0-${Math.max(0, size - 1)}`,
  "docker-upload-uuid": id,
});

const blobHeaders = (repository: string, digest: string): Record<string, string> => ({
  location: `/v2/${repository}/blobs/${digest}`,
  "docker-content-digest": digest,
});
