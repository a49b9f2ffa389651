/** A plain client for tests: every answer as it comes, and the state that tests begin with. */
import type { Snapshot } from "../../simulators/hetzner";

export const TOKEN = "t".repeat(64);

type One<Kind extends keyof Snapshot> = Snapshot[Kind][number];

/** What answers may have. */
export interface Body {
  readonly server: One<"servers">;
  readonly servers: readonly One<"servers">[];
  readonly volume: One<"volumes">;
  readonly volumes: readonly One<"volumes">[];
  readonly network: One<"networks">;
  readonly firewall: One<"firewalls">;
  readonly firewalls: readonly One<"firewalls">[];
  readonly primary_ip: One<"primaryIps">;
  readonly ssh_key: One<"sshKeys">;
  readonly ssh_keys: readonly One<"sshKeys">[];
  readonly placement_group: One<"placementGroups">;
  readonly action: One<"actions">;
  readonly actions: readonly One<"actions">[];
  readonly next_actions: readonly One<"actions">[];
  readonly image: { readonly id: number; readonly status: string; readonly type: string };
  readonly images: readonly { readonly id: number; readonly name: string; readonly architecture: string }[];
  readonly meta: { readonly pagination: Readonly<Record<string, number | null>> };
  readonly error: { readonly code: string; readonly message: string; readonly details: unknown };
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export class Hetzner {
  constructor(
    readonly baseUrl: string,
    private readonly token = TOKEN,
  ) {}

  async send(method: string, path: string, body?: unknown): Promise<Reply> {
    const response = await fetch(`${this.baseUrl}${path}`, {
      method,
      headers: { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" },
      body: typeof body === "string" ? body : body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: (text ? JSON.parse(text) : {}) as Body };
  }

  readonly get = (path: string): Promise<Reply> => this.send("GET", path);
  readonly post = (path: string, body: unknown = {}): Promise<Reply> => this.send("POST", path, body);
  readonly put = (path: string, body: unknown): Promise<Reply> => this.send("PUT", path, body);
  readonly delete = (path: string): Promise<Reply> => this.send("DELETE", path);

  /** Waits until all actions of an answer are done. @returns the answer's body */
  async settle(reply: Reply | Promise<Reply>): Promise<Body> {
    const { body, status } = await reply;
    if (status >= 400) throw new Error(`${status} ${JSON.stringify(body)}`);
    const actions = [body.action, ...(body.next_actions ?? []), ...(body.actions ?? [])];
    for (const action of actions) if (action) await this.finished(action.id);
    return body;
  }

  /** @returns the action when it is no longer running */
  async finished(id: number): Promise<Body["action"]> {
    for (;;) {
      const { action } = (await this.get(`/actions/${id}`)).body;
      if (action.status !== "running") return action;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** A server that runs. */
  async server(wish: Readonly<Record<string, unknown>> = {}): Promise<Body["server"]> {
    const order = { name: `server-${Math.random().toString(36).slice(2)}`, ...SMALL, ...wish };
    const { server } = await this.settle(this.post("/servers", order));
    return (await this.get(`/servers/${server.id}`)).body.server;
  }

  async volume(wish: Readonly<Record<string, unknown>> = {}): Promise<Body["volume"]> {
    const order = { name: `volume-${Math.random().toString(36).slice(2)}`, size: 10, location: "fsn1", ...wish };
    return (await this.settle(this.post("/volumes", order))).volume;
  }

  async primaryIp(wish: Readonly<Record<string, unknown>> = {}): Promise<Body["primary_ip"]> {
    const order = { name: `ip-${Math.random().toString(36).slice(2)}`, type: "ipv4", location: "fsn1", ...wish };
    return (await this.settle(this.post("/primary_ips", order))).primary_ip;
  }

  /** 10.0.0.0/16 with the subnet 10.0.1.0/24. */
  async network(wish: Readonly<Record<string, unknown>> = {}): Promise<Body["network"]> {
    const subnets = [{ type: "cloud", network_zone: "eu-central", ip_range: "10.0.1.0/24" }];
    const order = { name: `net-${Math.random().toString(36).slice(2)}`, ip_range: "10.0.0.0/16", subnets, ...wish };
    return (await this.settle(this.post("/networks", order))).network;
  }
}

export const SMALL = { server_type: "cx23", image: "ubuntu-24.04", location: "fsn1" };

/** A public key that differs with the number. */
export function publicKey(number: number): string {
  const kind = Buffer.from("ssh-ed25519");
  const length = (size: number): Buffer => Buffer.from([0, 0, 0, size]);
  const blob = Buffer.concat([length(kind.length), kind, length(32), Buffer.alloc(32, number)]);
  return `ssh-ed25519 ${blob.toString("base64")} me`;
}
