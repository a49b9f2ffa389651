/**
 * A container registry that speaks the OCI distribution API as GHCR does, enough for `docker login`, `push` and `pull`
 * and for Terraform's Docker provider. Docker takes registries on 127.0.0.0/8 without TLS.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ApiError, serve, type Simulator } from "../simulator";
import { Access, type Action, type RegistryAccount } from "./access";
import { type BlobRequest, continueUpload, getBlob, startUpload } from "./blobs";
import { fail, failure } from "./errors";
import { getManifest, listTags, putManifest } from "./manifests";
import { Store } from "./store";

export type { RegistryAccount } from "./access";

export interface RegistryOptions {
  /** Who may pull and push. */
  readonly accounts: readonly RegistryAccount[];
  /** May anybody pull, as at Docker Hub? @default false */
  readonly open?: boolean;
  /** For layers; its owner removes it. @default a temporary one, which goes when the registry stops */
  readonly directory?: string | undefined;
  /** @default a free one */
  readonly port?: number;
}

export interface RegistrySimulator extends Simulator {
  /** Begins the names of its images: "127.0.0.1:40123". */
  readonly host: string;
  /** "owner/name:tag" → digest. */
  readonly images: ReadonlyMap<string, string>;
  /** Where its layers are. */
  readonly directory: string;
}

/** Starts a registry on the loopback address. */
export async function startRegistry(options: RegistryOptions): Promise<RegistrySimulator> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), "twinset-registry-"));
  const store = new Store(directory);
  const registry = new Registry(store, new Access(options.accounts, options.open));
  const simulator = await serve({
    prefix: "",
    ...(options.port === undefined ? {} : { port: options.port }),
    routes: (app) => registry.routes(app),
    rateLimited: (seconds) => failure(429, "TOOMANYREQUESTS", "too many requests", { "retry-after": String(seconds) }),
    failed: (status) => failure(status, "UNKNOWN", "unknown error"),
    notFound: () => failure(404, "NOT_FOUND", "404 page not found"),
    headers: () => ({ "docker-distribution-api-version": "registry/2.0" }),
  });
  return {
    ...simulator,
    host: `127.0.0.1:${simulator.port}`,
    images: store.images,
    directory,
    async stop() {
      await simulator.stop();
      if (options.directory === undefined) rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Names of repositories: parts of small letters and digits, parted by slashes (distribution specification, "Pull"). */
const PART = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const NAME = new RegExp(`^${PART}(?:/${PART})*$`);
const PATH =
  /^\/v2\/(.+)\/(?:manifests\/([^/]+)|blobs\/(sha256:[0-9a-f]{64})|blobs\/(uploads)\/?([^/]*)|(tags)\/list)$/;

class Registry {
  constructor(
    private readonly store: Store,
    private readonly access: Access,
  ) {}

  routes(app: FastifyInstance): void {
    // Layers are handed on as they come.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    app.get("/token", async (request) => this.access.token(request));
    app.get("/v2/", async (request, reply) => {
      this.mustBeAllowed(request);
      return reply.send({});
    });
    app.route({
      method: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
      url: "/v2/*",
      exposeHeadRoute: false,
      handler: (request, reply) => this.answer(request, reply),
    });
  }

  private mustBeAllowed(request: FastifyRequest, repository?: string, action?: Action): void {
    const refusal = this.access.refusal(request, repository, action);
    if (refusal) throw new ApiError(refusal);
  }

  private async answer(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { pathname, searchParams: query } = new URL(request.url, "http://localhost");
    const [, repository, manifest, blob, uploads, upload = "", tags] = PATH.exec(decodeURIComponent(pathname)) ?? [];
    if (repository === undefined) return fail(404, "NOT_FOUND", "404 page not found");
    if (!NAME.test(repository)) return fail(400, "NAME_INVALID", "invalid repository name");
    const reads = request.method === "GET" || request.method === "HEAD";
    this.mustBeAllowed(request, repository, reads && uploads === undefined ? "pull" : "push");
    const call: BlobRequest = { store: this.store, repository, request, reply, query };
    if (uploads !== undefined) {
      if (upload !== "") return continueUpload(call, upload);
      if (request.method !== "POST") return unsupported();
      return startUpload(call, (from) => this.access.refusal(request, from) === undefined);
    }
    if (manifest !== undefined && request.method === "PUT") return putManifest(call, manifest);
    if (!reads) return unsupported();
    if (manifest !== undefined) return getManifest(call, manifest);
    if (blob !== undefined) return getBlob(call, blob);
    return tags === undefined ? unsupported() : listTags(call);
  }
}

/** GHCR deletes by GitHub's own API only. */
const unsupported = (): never => fail(405, "UNSUPPORTED", "The operation is unsupported.");
