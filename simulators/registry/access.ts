/**
 * Who may do what. As at GHCR a registry takes only tokens; one is made for an account at the address that every refusal
 * names, for the repositories that were asked for.
 */
import { randomUUID } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { Answer } from "../simulator";
import { fail, failure } from "./errors";

export type Action = "pull" | "push";

export interface RegistryAccount {
  readonly username: string;
  readonly password: string;
  /** Who may push may pull. @default "push" */
  readonly permission?: Action;
}

/** What GHCR calls a right that an account lacks. */
const RIGHT: Record<Action, string> = { pull: "read_package", push: "write_package" };

const ANYBODY: RegistryAccount = { username: "", password: "", permission: "pull" };

export class Access {
  /** Token → the account that it was made for, and the scopes that were asked for: "owner/name:pull". */
  private readonly tokens = new Map<string, { readonly account: RegistryAccount; readonly scopes: Set<string> }>();

  /** @param open may anybody pull, as at Docker Hub? Nobody needs a login for a token then. */
  constructor(
    private readonly accounts: readonly RegistryAccount[],
    private readonly open = false,
  ) {}

  /** A token for whoever has a name and a password. */
  token(request: FastifyRequest): { readonly token: string } {
    const given = /^Basic (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    if (given === undefined && !this.open) return fail(401, "UNAUTHORIZED", "authentication required");
    const login = Buffer.from(given ?? "", "base64").toString();
    const known = this.accounts.find(({ username, password }) => `${username}:${password}` === login);
    const account = given === undefined ? ANYBODY : known;
    if (!account) return fail(403, "DENIED", "denied");
    const asked = new URL(request.url, "http://localhost").searchParams.getAll("scope");
    const scopes = asked.flatMap((scope) => {
      const [, repository, actions = ""] = /^repository:(.+):([a-z,]+)$/.exec(scope) ?? [];
      return actions.split(",").map((action) => `${repository}:${action}`);
    });
    const token = `simulated-${randomUUID()}`;
    this.tokens.set(token, { account, scopes: new Set(scopes) });
    return { token };
  }

  /** @returns how a request is refused; without a repository any token will do */
  refusal(request: FastifyRequest, repository?: string, action: Action = "pull"): Answer | undefined {
    const token = this.tokens.get(/^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "");
    const name = repository ?? "user/image";
    if (token && repository === undefined) return undefined;
    if (token?.scopes.has(`${name}:${action}`)) {
      const { permission = "push" } = token.account;
      if (permission === "push" || action === "pull") return undefined;
      return failure(403, "DENIED", `permission_denied: ${RIGHT[action]}`);
    }
    const { host = "" } = request.headers;
    const scope = `repository:${name}:${action === "push" ? "pull,push" : action}`;
    const more = token ? `,error="insufficient_scope"` : "";
    return failure(401, "UNAUTHORIZED", "authentication required", {
      "www-authenticate": `Bearer realm="http://${host}/token",service="${host}",scope="${scope}"${more}`,
    });
  }
}
