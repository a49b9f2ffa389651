/** Turns requests into calls: which repository is meant, may it be written to, has the client got this answer already. */
import { createHash } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Answer, ApiError } from "../simulator";
import { failure, missing, refusal } from "./answers";
import { repositoryByName, type Repository, sameName, type World } from "./world";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Call {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Where the API is: "http://127.0.0.1:40123/api/v3". */
  readonly api: string;
  /** Where this was asked for, without its query. */
  readonly url: string;
}

export interface Router {
  readonly world: World;
  on(method: Method, path: string, handle: (call: Call) => Answer): void;
  /** A path below a repository; GitHub has all of them by the owner's and the repository's name, and by its number. */
  onRepository(method: Method, path: string, handle: (repository: Repository, call: Call) => Answer): void;
}

/** A 304 costs nothing: what it would have cost is given back here. */
export type Unchanged = (reply: FastifyReply) => void;

export const PREFIX = "/api/v3";

function callOf(request: FastifyRequest): Call {
  const origin = `${request.protocol}://${request.headers.host}`;
  return {
    params: request.params as Readonly<Record<string, string>>,
    query: request.query as Readonly<Record<string, string>>,
    body: request.body,
    api: `${origin}${PREFIX}`,
    url: `${origin}${request.url.split("?")[0]}`,
  };
}

/** The repository that a call names. After a renaming the API forwards, and clients follow. */
function repositoryOf(world: World, call: Call, method: Method): Repository {
  const { owner, repo, repositoryId } = call.params;
  if (repositoryId !== undefined) {
    const found = world.repositories.get(Number(repositoryId));
    if (!found) throw missing();
    return found;
  }
  if (!sameName(owner!, world.owner.login)) throw missing();
  const found = repositoryByName(world, repo!);
  if (found) return found;
  const moved = world.repositories.get(world.formerNames.get(repo!.toLowerCase()) ?? -1);
  if (!moved) throw missing();
  const rest = call.url.split("/repos/")[1]!.split("/").slice(2);
  const location = [call.api, "repositories", String(moved.id), ...rest].join("/");
  const query = new URLSearchParams(Object.entries(call.query)).toString();
  const url = query === "" ? location : `${location}?${query}`;
  // A 301 makes most clients turn any method into GET.
  const status = method === "GET" ? 301 : 307;
  const message = status === 301 ? "Moved Permanently" : "Temporary Redirect";
  throw new ApiError({ ...failure(status, message, { url }), headers: { location: url } });
}

/**
 * As GitHub makes it, and clients that cache rely on it: over the headers that an answer varies with, then the body. So
 * another token gets another tag for the same thing.
 */
function hashOf({ headers }: FastifyRequest, payload: unknown): string {
  const varied = [headers.accept, headers.authorization, headers.cookie].filter((value) => value !== undefined);
  const text = [...varied, JSON.stringify(payload)].join(":");
  return createHash("sha256").update(text).digest("hex");
}

export function createRouter(app: FastifyInstance, world: World, unchanged: Unchanged): Router {
  // Before serialization and not when sending, as a 304 is thrown: so the record of requests has it too.
  app.addHook("preSerialization", async (request, reply, payload) => {
    if (payload === null || payload === undefined || reply.statusCode >= 300) return payload;
    const hash = hashOf(request, payload);
    const etag = `W/"${hash}"`;
    void reply.header("etag", etag);
    if (request.method !== "GET") return payload;
    void reply.header("cache-control", "private, max-age=60, s-maxage=60");
    const known = (request.headers["if-none-match"] ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
    if (!known.includes(`"${hash}"`)) return payload;
    unchanged(reply);
    throw new ApiError({ status: 304 });
  });

  const on: Router["on"] = (method, url, handle) => {
    app.route({
      method,
      url,
      handler: async (request, reply) => {
        // Whoever asks; the answer is made before anybody else's request is looked at.
        const token = (request.headers.authorization ?? "").split(" ")[1] ?? "";
        world.viewer = world.viewers.get(token) ?? world.viewer;
        const answer = handle(callOf(request));
        return reply
          .status(answer.status)
          .headers({ ...answer.headers })
          .send(answer.body);
      },
    });
  };
  return {
    world,
    on,
    onRepository: (method, path, handle) => {
      for (const base of ["/repos/:owner/:repo", "/repositories/:repositoryId"]) {
        on(method, `${base}${path}`, (call) => {
          const repository = repositoryOf(world, call, method);
          const isWholeRepository = path === "";
          if (repository.archived && method !== "GET" && !isWholeRepository) {
            throw refusal(403, "Repository was archived so is read-only.");
          }
          return handle(repository, call);
        });
      }
    },
  };
}
