/**
 * Cloudflare's API (developers.cloudflare.com/api), with one token. Asked for what it says (`ask`), every answer is one, a
 * refusal too; asked for a thing (`get`), what is not there is undefined and every other refusal is an error.
 *
 * Not by Cloudflare's own package, which could do all of this (it takes a time-out, no retries and another fetch): it is
 * only to be had whole. Version 7.3.0 loads 1,166 modules, its entry for parts as many: 0.2 s, and without it the whole
 * program starts in 0.13 s. It also reads the environment by itself: a CLOUDFLARE_API_KEY that is set would go along with
 * every token, unless it is ruled out. So it stays what the tests hold the simulator to.
 */
import { z } from "zod";
import { ask, type Ask, type Question, type Reply } from "./http";

export interface CloudflareAccess {
  /** With the version: "https://api.cloudflare.com/client/v4". */
  readonly baseUrl: string;
  readonly token: string;
}

/** Where the API is; the provider reads the same variable. */
export const cloudflareUrl = (env: Readonly<Record<string, string | undefined>>): string =>
  (env["CLOUDFLARE_BASE_URL"] ?? "https://api.cloudflare.com/client/v4").replace(/\/+$/, "");

const TIMEOUT_SECONDS = 20;

const envelopeSchema = z.object({ result: z.unknown() });
const errorsSchema = z.object({ errors: z.array(z.object({ code: z.number() })) });

/** What an answer comes down to: "403, code 10000". */
export function saidBy({ status, json }: Reply): string {
  const parsed = errorsSchema.safeParse(json);
  const codes = parsed.success ? parsed.data.errors.map(({ code }) => code) : [];
  return `${status}${codes.length > 0 ? `, code ${codes.join(", ")}` : ""}`;
}

/** What is in an answer's envelope; undefined where that is a refusal, or of another form. */
export function resultIn<T>({ json }: Reply, schema: z.ZodType<T>): T | undefined {
  const envelope = envelopeSchema.safeParse(json);
  return envelope.success ? schema.safeParse(envelope.data.result).data : undefined;
}

export class Cloudflare {
  /** @param by how it is asked. @default once, giving up after 20 s */
  constructor(
    private readonly access: CloudflareAccess,
    private readonly by: Ask = ask,
  ) {}

  /** @throws NoAnswer */
  ask(path: string, { headers, ...question }: Question = {}): Promise<Reply> {
    return this.by(`${this.access.baseUrl}${path}`, {
      timeoutSeconds: TIMEOUT_SECONDS,
      ...question,
      headers: { authorization: `Bearer ${this.access.token}`, ...headers },
    });
  }

  /** @returns undefined where there is no such thing @throws Error for every other refusal, NoAnswer */
  async get<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
    const reply = await this.ask(path);
    if (reply.status === 404) return undefined;
    const result = reply.status < 300 ? resultIn(reply, schema) : undefined;
    if (result === undefined) throw this.refusal("GET", path, reply);
    return result;
  }

  /** @throws Error when it is refused, NoAnswer */
  async delete(path: string): Promise<void> {
    const reply = await this.ask(path, { method: "DELETE" });
    if (reply.status >= 300) throw this.refusal("DELETE", path, reply);
  }

  private refusal(method: string, path: string, { status }: Reply): Error {
    return new Error(`${method} ${new URL(`${this.access.baseUrl}${path}`).pathname}: ${status}`);
  }
}
