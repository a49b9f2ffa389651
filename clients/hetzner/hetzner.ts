/** A thin client of the Hetzner Cloud API for what a pipeline does there: firewalls, and the server that they are for. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { error, ProblemsError } from "../../model/problem";

export interface HetznerAccess {
  /** With the version: "https://api.hetzner.cloud/v1". */
  readonly endpoint: string;
  readonly token: string;
}

const idSchema = z.object({ id: z.int() });
const targetSchema = z.object({
  type: z.string(),
  server: idSchema.nullish(),
  label_selector: z.object({ selector: z.string() }).nullish(),
});
const firewallSchema = z.object({
  id: z.int(),
  name: z.string(),
  labels: z.record(z.string(), z.string()),
  rules: z.array(z.object({ source_ips: z.array(z.string()) })),
  applied_to: z.array(targetSchema),
});
const serverSchema = z.object({
  id: z.int(),
  name: z.string(),
  public_net: z.object({
    ipv4: z.object({ ip: z.string() }).nullable(),
    firewalls: z.array(z.object({ id: z.int(), status: z.string() })),
  }),
});
const actionSchema = z.object({
  id: z.int(),
  command: z.string(),
  status: z.enum(["running", "success", "error"]),
  error: z.object({ code: z.string(), message: z.string() }).nullish(),
});
const refusalSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
const nextPageSchema = z.object({ meta: z.object({ pagination: z.object({ next_page: z.int().nullable() }) }) });

/** What a firewall is in front of: a server, or every server whose labels fit. */
export type Target =
  | { readonly type: "server"; readonly server: { readonly id: number } }
  | { readonly type: "label_selector"; readonly label_selector: { readonly selector: string } };
export interface Firewall extends Omit<z.infer<typeof firewallSchema>, "applied_to"> {
  readonly targets: readonly Target[];
}
export type Server = z.infer<typeof serverSchema>;

export interface NewFirewall {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly rules: readonly {
    readonly direction: "in";
    readonly protocol: "tcp";
    readonly port: string;
    readonly source_ips: readonly string[];
    readonly description?: string;
  }[];
  readonly apply_to: readonly Target[];
}

/** The API said no. `code` is its own: "not_found", "resource_in_use". */
export class HetznerRefusal extends ProblemsError {
  constructor(
    request: string,
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super([error(`Hetzner: ${request}`, `${status} ${code}: ${message}`, "an answer", fixOf(status, code))]);
    this.name = "HetznerRefusal";
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
const TIMEOUT_MS = 20_000;
/** Firewalls are applied and removed within seconds; what takes longer will not come. */
const ACTION_POLLS = 120;

export class Hetzner {
  constructor(
    private readonly access: HetznerAccess,
    /** Between two attempts, so that tests need not wait. */
    private readonly pause: (ms: number) => Promise<unknown> = sleep,
  ) {}

  /** @returns undefined where there is none of that name */
  async server(name: string): Promise<Server | undefined> {
    const query = new URLSearchParams({ name });
    const { servers } = await this.ask("GET", `/servers?${query}`, z.object({ servers: z.array(serverSchema) }));
    return servers[0];
  }

  /** Firewalls whose labels fit, or of that name. */
  async firewalls(by: { readonly selector: string } | { readonly name: string }): Promise<Firewall[]> {
    const found: Firewall[] = [];
    const answer = z.object({ firewalls: z.array(firewallSchema) }).and(nextPageSchema);
    for (let page: number | null = 1; page !== null;) {
      const query: URLSearchParams = new URLSearchParams({
        ...("selector" in by ? { label_selector: by.selector } : { name: by.name }),
        per_page: "50",
        page: String(page),
      });
      const { firewalls, meta }: z.infer<typeof answer> = await this.ask("GET", `/firewalls?${query}`, answer);
      found.push(...firewalls.map(toFirewall));
      page = meta.pagination.next_page;
    }
    return found;
  }

  /** @returns undefined where it is gone */
  async firewall(id: number): Promise<Firewall | undefined> {
    try {
      const answer = await this.ask("GET", `/firewalls/${id}`, z.object({ firewall: firewallSchema }));
      return toFirewall(answer.firewall);
    } catch (reason) {
      if (reason instanceof HetznerRefusal && reason.status === 404) return undefined;
      throw reason;
    }
  }

  /**
   * Makes a firewall with all that it is, so that there is no moment in which one without labels could be left behind.
   * It is not tried again when the answer gets lost: the firewall may be there.
   * @returns its id, and the actions that apply it
   */
  async createFirewall(firewall: NewFirewall): Promise<{ readonly id: number; readonly actions: readonly number[] }> {
    const schema = z.object({ firewall: idSchema, actions: z.array(idSchema) });
    const made = await this.ask("POST", "/firewalls", schema, firewall);
    return { id: made.firewall.id, actions: made.actions.map(({ id }) => id) };
  }

  /** Takes a firewall away from what it is in front of; done when the API says that it is. */
  async detachFirewall(id: number, targets: readonly Target[]): Promise<void> {
    const schema = z.object({ actions: z.array(idSchema) });
    const path = `/firewalls/${id}/actions/remove_from_resources`;
    const { actions } = await this.ask("POST", path, schema, { remove_from: targets }, "as often as need be");
    await this.finished(actions.map((action) => action.id));
  }

  async deleteFirewall(id: number): Promise<void> {
    await this.ask("DELETE", `/firewalls/${id}`, z.unknown());
  }

  /** Waits until actions are done. @throws ProblemsError when one failed, or does not end */
  async finished(ids: readonly number[]): Promise<void> {
    let left = [...ids];
    for (let poll = 0; left.length > 0; poll++) {
      if (poll > 0) await this.pause(500);
      const query = left.map((id) => `id=${id}`).join("&");
      const schema = z.object({ actions: z.array(actionSchema) });
      const { actions } = await this.ask("GET", `/actions?${query}`, schema);
      const failed = actions.find(({ status }) => status === "error");
      const code = failed?.error?.code ?? "unknown";
      if (failed) throw new HetznerRefusal(failed.command, 200, code, failed.error?.message ?? "the action failed");
      left = actions.filter(({ status }) => status === "running").map(({ id }) => id);
      if (poll === ACTION_POLLS)
        throw new HetznerRefusal(actions[0]!.command, 200, "timeout", "does not come to its end");
    }
  }

  /** @throws HetznerRefusal for a refusal that stays one, ProblemsError where no answer can be had */
  private async ask<T>(
    method: string,
    path: string,
    schema: z.ZodType<T>,
    body?: unknown,
    /** May it be done again though it may have been done? */
    again: "as often as need be" | "never" = method === "POST" ? "never" : "as often as need be",
  ): Promise<T> {
    const request = `${method} ${path.split("?")[0]}`;
    for (let attempt = 1; ; attempt++) {
      const mayRepeat = attempt < ATTEMPTS;
      const answer = await this.send(method, path, body);
      if ("lost" in answer) {
        // What it was about may have been done all the same.
        if (mayRepeat && again !== "never") {
          await this.pause(250 * attempt);
          continue;
        }
        throw new ProblemsError([
          error(`Hetzner: ${request}`, `no answer: ${answer.lost}`, "an answer", fixOf(500, "")),
        ]);
      }
      const { status, text } = answer;
      if (status < 300) return schema.parse(text === "" ? {} : JSON.parse(text));
      const { code, message } = refusalIn(text);
      const passing = BUSY.has(code) || (status >= 500 && again !== "never");
      if (!passing || !mayRepeat) throw new HetznerRefusal(request, status, code, message);
      await this.pause(250 * attempt);
    }
  }

  private async send(method: string, path: string, body: unknown): Promise<Answer> {
    const { endpoint, token } = this.access;
    try {
      const response = await fetch(`${endpoint}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      return { status: response.status, text: await response.text() };
    } catch (reason) {
      return { lost: lostBy(reason) };
    }
  }
}

type Answer = { readonly status: number; readonly text: string } | { readonly lost: string };

/** fetch's own words are "fetch failed"; why is in the cause. */
export const lostBy = (reason: unknown): string => {
  const { message, cause } = reason as { message?: string; cause?: { message?: string } };
  return cause?.message ?? message ?? String(reason);
};

function refusalIn(text: string): { code: string; message: string } {
  try {
    return refusalSchema.parse(JSON.parse(text)).error;
  } catch {
    return { code: "unknown", message: "an answer that is not the API's" };
  }
}

function toFirewall({ applied_to, ...firewall }: z.infer<typeof firewallSchema>): Firewall {
  const targets = applied_to.flatMap(({ type, server, label_selector }): Target[] => {
    if (type === "server" && server) return [{ type, server: { id: server.id } }];
    return type === "label_selector" && label_selector
      ? [{ type, label_selector: { selector: label_selector.selector } }]
      : [];
  });
  return { ...firewall, targets };
}
