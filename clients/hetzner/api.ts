/**
 * How Hetzner Cloud's API is asked (docs.hetzner.cloud): with the environment's token, page by page, and again where a
 * refusal or a lost answer passes. What it refuses, and where nobody answers, are problems that say what to do.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { error, ProblemsError } from "../../model/problem";
import { ask, type Ask, lostBy, NoAnswer, type Reply } from "../http";
import { pageSchema, refusalSchema } from "./schemas";

export interface HetznerAccess {
  /** With the version: "https://api.hetzner.cloud/v1". */
  readonly endpoint: string;
  readonly token: string;
}

export const HETZNER_ENDPOINT = "https://api.hetzner.cloud/v1";

/** Where the API is; the provider reads the same variable. */
export const hetznerEndpoint = (env: Readonly<Record<string, string | undefined>>): string =>
  env["HCLOUD_ENDPOINT"] ?? HETZNER_ENDPOINT;

export interface HetznerManner {
  /** @default asks and gives up after 20 s */
  readonly ask?: Ask;
  /** So often is asked what may be asked again. @default 8 */
  readonly attempts?: number;
  /** Between two attempts, so that tests need not wait. */
  readonly pause?: (ms: number) => Promise<unknown>;
}

/** The API said no, or something that is not known here. */
export class HetznerRefusal extends ProblemsError {
  constructor(
    /** "GET /servers". */
    readonly request: string,
    readonly status: number,
    /** Its own: "not_found", "resource_in_use"; "" where the answer is not the API's. */
    readonly code: string,
    message: string,
    /** In a few words, as what comes after "Hetzner said". */
    readonly said = `${status} ${code}`.trim(),
  ) {
    super([
      error(`Hetzner: ${request}`, `${status} ${code || "unknown"}: ${message}`, "an answer", fixOf(status, code)),
    ]);
    this.name = "HetznerRefusal";
  }
}

/** Nobody answered. */
export class HetznerSilence extends ProblemsError {
  constructor(
    /** "GET /servers". */
    readonly request: string,
    readonly noAnswer: NoAnswer,
  ) {
    const given = `no answer: ${lostBy(noAnswer.cause)}`;
    super([error(`Hetzner: ${request}`, given, "an answer", fixOf(500, ""))]);
    this.name = "HetznerSilence";
  }
}

function fixOf(status: number, code: string): string {
  if (status === 401) return "set TF_VAR_hcloud_token to a token of the environment's project";
  if (status === 403) return "use a token that may read and write";
  if (code === "rate_limit_exceeded") return "wait: a project has 3600 requests an hour";
  return status >= 500
    ? "do the same again; https://status.hetzner.com says what is down"
    : "see what the message says";
}

/** What was refused because something else was under way, or by chance; nothing was done. */
const BUSY = new Set(["conflict", "locked", "rate_limit_exceeded", "unavailable"]);
const ATTEMPTS = 8;
const TIMEOUT_SECONDS = 20;
/** "maximum value is 50" (docs.hetzner.cloud, "Pagination"). */
const PAGE = 50;

interface Order {
  readonly body?: unknown;
  /** May it be done again though it may have been done? @default "never" of a POST only */
  readonly again?: "as often as need be" | "never";
  /** What is to come back: "list of servers". */
  readonly form?: string;
}

export class HetznerApi {
  readonly pause: (ms: number) => Promise<unknown>;
  private readonly askOnce: Ask;
  private readonly attempts: number;

  constructor(
    private readonly access: HetznerAccess,
    manner: HetznerManner = {},
  ) {
    this.askOnce = manner.ask ?? ask;
    this.attempts = manner.attempts ?? ATTEMPTS;
    this.pause = manner.pause ?? sleep;
  }

  /** @throws HetznerRefusal for a refusal that stays one, HetznerSilence where no answer can be had */
  async ask<T>(method: string, path: string, schema: z.ZodType<T>, order: Order = {}): Promise<T> {
    const request = `${method} ${path.split("?")[0]}`;
    const { body, again = method === "POST" ? "never" : "as often as need be", form = "answer that is known" } = order;
    for (let attempt = 1; ; attempt++) {
      const mayRepeat = attempt < this.attempts;
      const reply = await this.send(method, path, body);
      if (reply instanceof NoAnswer) {
        // What it was about may have been done all the same.
        if (!mayRepeat || again === "never") throw new HetznerSilence(request, reply);
      } else if (reply.status < 300) {
        const parsed = schema.safeParse(reply.json);
        if (parsed.success) return parsed.data;
        throw new HetznerRefusal(request, reply.status, "", `no ${form}`, `something that is no ${form}`);
      } else {
        const { code, message } = refusalIn(reply);
        const passing = BUSY.has(code) || (reply.status >= 500 && again !== "never");
        if (!passing || !mayRepeat) throw new HetznerRefusal(request, reply.status, code, message);
      }
      await this.pause(250 * attempt);
    }
  }

  /** All of a kind, or those of them that a query leaves, from however many pages. */
  async all<T>(kind: string, schema: z.ZodType<T>, query: Readonly<Record<string, string>> = {}): Promise<T[]> {
    const answer = z
      .object({ [kind]: z.array(schema) })
      .and(pageSchema)
      .transform((page) => ({ items: page[kind] as T[], next: page.meta?.pagination.next_page }));
    const found: T[] = [];
    for (let page: number | null | undefined = 1; page;) {
      const asked: URLSearchParams = new URLSearchParams({ ...query, page: String(page), per_page: String(PAGE) });
      const order: Order = { form: `list of ${kind}` };
      const { items, next }: z.infer<typeof answer> = await this.ask("GET", `/${kind}?${asked}`, answer, order);
      found.push(...items);
      page = next;
    }
    return found;
  }

  /**
   * One of a kind, as in "servers", 42.
   * @param key under which the answer has it: "server"
   * @returns undefined where there is none, or none any more
   */
  async one<T>(kind: string, id: number | string, key: string, schema: z.ZodType<T>): Promise<T | undefined> {
    try {
      const answer = z.object({ [key]: schema }).transform((answer) => answer[key] as T);
      return await this.ask("GET", `/${kind}/${id}`, answer);
    } catch (reason) {
      if (reason instanceof HetznerRefusal && reason.status === 404) return undefined;
      throw reason;
    }
  }

  private async send(method: string, path: string, body: unknown): Promise<Reply | NoAnswer> {
    const { endpoint, token } = this.access;
    try {
      return await this.askOnce(`${endpoint}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { body }),
        timeoutSeconds: TIMEOUT_SECONDS,
      });
    } catch (reason) {
      if (reason instanceof NoAnswer) return reason;
      throw reason;
    }
  }
}

function refusalIn({ json }: Reply): { readonly code: string; readonly message: string } {
  const parsed = refusalSchema.safeParse(json);
  return parsed.success ? parsed.data.error : { code: "", message: "an answer that is not the API's" };
}
