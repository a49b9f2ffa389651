/** One route: its body is checked, its answer is sent, and the fault "slow" reaches the action that it starts. */
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { type Answer, ApiError } from "../simulator";
import { type Action, actionJson, type Plan } from "./actions";
import { invalidInput, refusal } from "./errors";
import type { Cloud } from "./state";

export interface Call<Body = undefined> {
  /** The number in the path: NaN for what is none, which no resource has. */
  readonly id: number;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Without its query: for links to other pages. */
  readonly url: string;
  readonly body: Body;
  /** Starts an action; with the fault "slow" the first one takes longer. */
  start(plan: Plan): Action;
}

type Handler<Body> = (call: Call<Body>) => Answer | Promise<Answer>;

export const ok = (body: unknown): Answer => ({ status: 200, body });
export const created = (body: unknown): Answer => ({ status: 201, body });
export const noContent: Answer = { status: 204 };
/** What most actions answer. */
export const started = (action: Action): Answer => created({ action: actionJson(action) });

export class Routes {
  private readonly slow = new WeakMap<FastifyRequest, number>();

  constructor(
    private readonly app: FastifyInstance,
    readonly cloud: Cloud,
  ) {}

  /** The fault "slow" has hit this request. */
  slowDown(request: FastifyRequest, seconds: number): void {
    this.slow.set(request, seconds);
  }

  get(path: string, handler: Handler<undefined>): void {
    this.add(
      "GET",
      path,
      z.unknown().transform(() => undefined),
      handler,
    );
  }

  delete(path: string, handler: Handler<undefined>): void {
    this.add(
      "DELETE",
      path,
      z.unknown().transform(() => undefined),
      handler,
    );
  }

  post<Schema extends z.ZodType>(path: string, schema: Schema, handler: Handler<z.output<Schema>>): void {
    this.add("POST", path, schema, handler);
  }

  put<Schema extends z.ZodType>(path: string, schema: Schema, handler: Handler<z.output<Schema>>): void {
    this.add("PUT", path, schema, handler);
  }

  private add<Schema extends z.ZodType>(
    method: "GET" | "POST" | "PUT" | "DELETE",
    path: string,
    schema: Schema,
    handler: Handler<z.output<Schema>>,
  ): void {
    this.app.route({
      method,
      url: path,
      // A HEAD of its own for each GET is nothing that this API has.
      exposeHeadRoute: false,
      handler: async (request, reply) => {
        let slow = this.slow.get(request);
        const url = new URL(request.url, `http://${request.headers.host ?? "127.0.0.1"}`);
        const params = request.params as Record<string, string>;
        const answer = await handler({
          id: /^\d+$/.test(params.id ?? "") ? Number(params.id) : Number.NaN,
          params,
          query: url.searchParams,
          url: `${url.origin}${url.pathname}`,
          body: parse(schema, request.body ?? {}),
          start: (plan) => {
            const action = this.cloud.actions.start(slow === undefined ? plan : { ...plan, seconds: slow });
            slow = undefined;
            return action;
          },
        });
        // No action was there to take longer.
        if (slow !== undefined) await sleep(slow * 1000, undefined, { ref: false });
        return reply
          .status(answer.status)
          .headers({ ...answer.headers })
          .send(answer.body);
      },
    });
  }
}

/** Takes JSON whatever its Content-Type; an empty body is none. */
export function readJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => {
    try {
      done(null, body === "" ? undefined : JSON.parse(String(body)));
    } catch (error) {
      done(new ApiError(jsonError(error instanceof Error ? error.message : String(error))));
    }
  });
}

export const jsonError = (reason: string): Answer => refusal(400, "json_error", `invalid JSON in request: ${reason}`);

function parse<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const result = schema.safeParse(withoutNulls(body));
  if (result.success) return result.data;
  const fields: Record<string, string[]> = {};
  for (const issue of result.error.issues) {
    const name = issue.path.map(String).join(".") || "body";
    (fields[name] ??= []).push(message(issue));
  }
  throw invalidInput(fields);
}

/** The API takes null for "not given" everywhere. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, entry]) => entry !== null);
  return Object.fromEntries(entries.map(([key, entry]) => [key, withoutNulls(entry)]));
}

function message(issue: z.core.$ZodIssue): string {
  if (issue.message.endsWith("received undefined")) return "is required";
  if (issue.code === "invalid_type") return `must be of type ${issue.expected === "int" ? "integer" : issue.expected}`;
  if (issue.code === "invalid_value") return `must be one of ${issue.values.map(String).join(", ")}`;
  if (issue.code === "invalid_union") return "is of a wrong type";
  return issue.message;
}

export const idSchema = z.number().int().positive();
/** Where the API takes either: a number in a string is an id too. */
export const idOrNameSchema = z.union([idSchema, z.string().min(1)]);

/** Whether this is what an id or name means. */
export const isMeant = (idOrName: number | string, item: { readonly id: number; readonly name?: string }): boolean =>
  item.name === idOrName || String(item.id) === String(idOrName);
