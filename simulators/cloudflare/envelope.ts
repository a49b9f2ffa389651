/** How the Cloudflare API wraps what it says: results, errors, pages. */
import { randomBytes } from "node:crypto";
import type { z } from "zod";
import { type Answer, ApiError } from "../simulator";

/** An entry of `errors`. */
export interface ErrorEntry {
  readonly code: number;
  readonly message: string;
  readonly error_chain?: readonly ErrorEntry[];
  readonly source?: { readonly pointer: string };
}

/** An entry of `messages`. */
export interface Message {
  readonly code: number;
  readonly message: string;
  readonly type: string | null;
}

/** A query string as fastify parses it. */
export type Query = Readonly<Record<string, string | undefined>>;

export const ok = (
  result: unknown,
  more: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> => ({
  result,
  success: true,
  errors: [],
  messages: [],
  ...more,
});

export const failure = (status: number, errors: readonly ErrorEntry[], messages: readonly Message[] = []): Answer => ({
  status,
  headers: { "content-type": "application/json" },
  body: { result: null, success: false, errors, messages },
});

/** Ends the request with one error. */
export function refuse(status: number, code: number, message: string, pointer?: string): never {
  throw new ApiError(failure(status, [{ code, message, ...(pointer === undefined ? {} : { source: { pointer } }) }]));
}

/** @returns one page of the items, with `result_info` as it goes into the answer */
export function page(items: readonly unknown[], query: Query, perPage: { default: number; max: number }): unknown {
  const whole = (value: string | undefined, otherwise: number): number => Math.trunc(Number(value)) || otherwise;
  const size = Math.min(perPage.max, Math.max(1, whole(query["per_page"], perPage.default)));
  const number = Math.max(1, whole(query["page"], 1));
  const shown = items.slice((number - 1) * size, number * size);
  return ok(shown, {
    result_info: {
      page: number,
      per_page: size,
      count: shown.length,
      total_count: items.length,
      total_pages: Math.max(1, Math.ceil(items.length / size)),
    },
  });
}

/** What a body must look like, or an error that names the first thing that is wrong in it. */
export function parse<T extends z.ZodType>(schema: T, body: unknown, status: number, code: number): z.output<T> {
  const { success, data, error } = schema.safeParse(body ?? {});
  if (success) return data;
  const [issue] = error.issues;
  return refuse(status, code, `${issue!.path.join(".") || "body"}: ${issue!.message}`, `/${issue!.path.join("/")}`);
}

export const hexId = (): string => randomBytes(16).toString("hex");

export const now = (): string => new Date().toISOString();
