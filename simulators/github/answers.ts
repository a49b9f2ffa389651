/** How GitHub's REST API puts what it says, above all its refusals. */
import type { z } from "zod";
import { type Answer, ApiError } from "../simulator";

const DOCUMENTATION = "https://docs.github.com/rest";

/** One entry of a 422's `errors`: usually an object, from a few endpoints a sentence. */
export type FieldError =
  | string
  | {
      readonly resource: string;
      readonly code: string;
      readonly field?: string;
      readonly value?: unknown;
      readonly message?: string;
    };

export const ok = (body: unknown): Answer => ({ status: 200, body });
export const created = (body: unknown, location?: string): Answer => ({
  status: 201,
  body,
  ...(location !== undefined && { headers: { location } }),
});
export const noContent: Answer = { status: 204 };

export function failure(status: number, message: string, more: Readonly<Record<string, unknown>> = {}): Answer {
  return { status, body: { message, ...more, documentation_url: DOCUMENTATION, status: String(status) } };
}

export const notFound = (): Answer => failure(404, "Not Found");
export const badCredentials = (): Answer => failure(401, "Bad credentials");
export const refusal = (status: number, message: string): ApiError => new ApiError(failure(status, message));
export const missing = (): ApiError => new ApiError(notFound());
export const validationFailed = (...errors: readonly FieldError[]): ApiError =>
  new ApiError(failure(422, "Validation Failed", { errors }));

/** The secondary limit: how often, not how much. `retry-after` says when to come back, and clients believe it. */
export function secondaryRateLimit(retryAfterSeconds: number): Answer {
  const message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
  const documentation_url = `${DOCUMENTATION}/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits`;
  return {
    status: 429,
    headers: { "retry-after": String(retryAfterSeconds) },
    body: { message, documentation_url, status: "429" },
  };
}

/** What the API says for a status that a rehearsal asks for. */
export function failed(status: number): Answer {
  const messages: Readonly<Record<number, string>> = {
    401: "Bad credentials",
    403: "Resource not accessible by personal access token",
    404: "Not Found",
    500: "Server Error",
    502: "Server Error",
    503: "No server is currently available to service your request. Sorry about that. Please try resubmitting your request and contact us if the problem persists.",
  };
  return failure(status, messages[status] ?? "Server Error");
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** What the API calls "Invalid request": a body of the wrong shape, refused before anybody looks at what it means. */
function invalidRequest(body: unknown, issue: z.core.$ZodIssue): ApiError {
  const name = String(issue.path.at(-1) ?? "body");
  const value = issue.path.reduce<unknown>((at, key) => (isRecord(at) ? at[key as keyof typeof at] : undefined), body);
  const given = JSON.stringify(value);
  const pointer = issue.path.map((key) => (typeof key === "number" ? `items/${key}` : `properties/${String(key)}`));
  const place = `For '${pointer.join("/")}', ${given}`;
  const reason =
    value === undefined
      ? `"${name}" wasn't supplied.`
      : issue.code === "invalid_format" && issue.pattern !== undefined
        ? `${String(value)} does not match ${issue.pattern}.`
        : issue.code === "invalid_value"
          ? `${place} is not a member of ${JSON.stringify(issue.values)}.`
          : issue.code === "invalid_type"
            ? `${place} is not ${/^[aio]/.test(issue.expected) ? "an" : "a"} ${issue.expected === "int" ? "integer" : issue.expected}.`
            : `${place}: ${issue.message}`;
  return refusal(422, `Invalid request.\n\n${reason}`);
}

/** Reads a request's body; unknown properties are ignored, as the API does. */
export function read<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  // Clients send a PUT without content as an empty text.
  const given = body === undefined || body === null || body === "" ? {} : body;
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  throw invalidRequest(given, result.error.issues[0]!);
}
