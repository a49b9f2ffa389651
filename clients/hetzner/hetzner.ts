/**
 * Hetzner Cloud for whoever asks it: the doctor, which looks at a project; a pipeline, which opens a way in; recovery,
 * which looks for what is there already; and the prices. How it is asked, and how it fails, is api.ts's.
 */
import { z } from "zod";
import { HetznerApi, type HetznerAccess, type HetznerManner, HetznerRefusal } from "./api";
import {
  actionSchema,
  type Firewall,
  firewallSchema,
  idSchema,
  networkSchema,
  type Pricing,
  pricingSchema,
  type PrimaryIp,
  primaryIpSchema,
  type Server,
  serverSchema,
  type Target,
  volumeSchema,
} from "./schemas";

export { type HetznerAccess, hetznerEndpoint, type HetznerManner, HetznerRefusal, HetznerSilence } from "./api";
export type { Firewall, PrimaryIp, Server, Target } from "./schemas";

/** What the token's project has. */
export interface Project {
  readonly servers: readonly Server[];
  readonly firewalls: readonly Firewall[];
  readonly primaryIps: readonly PrimaryIp[];
}

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

/** Kinds whose names are unique in a project, as the API lists them. */
export type NamedKind =
  "firewalls" | "networks" | "placement_groups" | "primary_ips" | "servers" | "ssh_keys" | "volumes";

/** Firewalls are applied and removed within seconds; what takes longer will not come. */
const ACTION_POLLS = 120;

/** Every method throws HetznerRefusal or HetznerSilence, which are problems for a person. */
export class Hetzner {
  private readonly api: HetznerApi;

  constructor(access: HetznerAccess, manner: HetznerManner = {}) {
    this.api = new HetznerApi(access, manner);
  }

  async project(): Promise<Project> {
    const [servers, firewalls, primaryIps] = await Promise.all([
      this.api.all("servers", serverSchema),
      this.api.all("firewalls", firewallSchema),
      this.api.all("primary_ips", primaryIpSchema),
    ]);
    return { servers, firewalls, primaryIps };
  }

  /**
   * A token may GET only, or everything: the API knows no other rights. An order for an SSH key without its fields can
   * never be filled, and a token that may only read is refused for its method.
   * @returns the code of the refusal: "invalid_input" for who may write, "token_readonly" for who may not
   */
  async refusalOfAnEmptyOrder(): Promise<string> {
    try {
      await this.api.ask("POST", "/ssh_keys", z.unknown(), { body: {} });
      return "";
    } catch (reason) {
      if (reason instanceof HetznerRefusal) return reason.code;
      throw reason;
    }
  }

  /** @returns undefined where there is none of that name */
  async server(name: string): Promise<Server | undefined> {
    return (await this.api.all("servers", serverSchema, { name }))[0];
  }

  /** @returns the id of the one that has this name, if there is one */
  async idOf(kind: NamedKind, name: string): Promise<number | undefined> {
    return (await this.api.all(kind, idSchema, { name }))[0]?.id;
  }

  /** The ranges of a network's subnets; none where there is no such network. */
  async subnetRanges(network: string): Promise<readonly string[]> {
    const found = await this.api.one("networks", network, "network", networkSchema);
    return (found?.subnets ?? []).flatMap(({ ip_range }) => ip_range ?? []);
  }

  /** @returns the id of the server that a volume is attached to; undefined: to none, or it is gone */
  async serverOfVolume(volume: string): Promise<number | undefined> {
    return (await this.api.one("volumes", volume, "volume", volumeSchema))?.server ?? undefined;
  }

  /** Firewalls whose labels fit, or of that name. */
  firewalls(by: { readonly selector: string } | { readonly name: string }): Promise<Firewall[]> {
    return this.api.all("firewalls", firewallSchema, "selector" in by ? { label_selector: by.selector } : by);
  }

  /** @returns undefined where it is gone */
  firewall(id: number): Promise<Firewall | undefined> {
    return this.api.one("firewalls", id, "firewall", firewallSchema);
  }

  /**
   * Makes a firewall with all that it is, so that there is no moment in which one without labels could be left behind.
   * It is not tried again when the answer gets lost: the firewall may be there.
   * @returns its id, and the actions that apply it
   */
  async createFirewall(firewall: NewFirewall): Promise<{ readonly id: number; readonly actions: readonly number[] }> {
    const schema = z.object({ firewall: idSchema, actions: z.array(idSchema) });
    const made = await this.api.ask("POST", "/firewalls", schema, { body: firewall });
    return { id: made.firewall.id, actions: made.actions.map(({ id }) => id) };
  }

  /** Takes a firewall away from what it is in front of; done when the API says that it is. */
  async detachFirewall(id: number, targets: readonly Target[]): Promise<void> {
    const schema = z.object({ actions: z.array(idSchema) });
    const path = `/firewalls/${id}/actions/remove_from_resources`;
    const order = { body: { remove_from: targets }, again: "as often as need be" } as const;
    const { actions } = await this.api.ask("POST", path, schema, order);
    await this.finished(actions.map((action) => action.id));
  }

  async deleteFirewall(id: number): Promise<void> {
    await this.api.ask("DELETE", `/firewalls/${id}`, z.unknown());
  }

  /** Waits until actions are done. @throws HetznerRefusal also when one failed, or does not end */
  async finished(ids: readonly number[]): Promise<void> {
    let left = [...ids];
    for (let poll = 0; left.length > 0; poll++) {
      if (poll > 0) await this.api.pause(500);
      const query = left.map((id) => `id=${id}`).join("&");
      const schema = z.object({ actions: z.array(actionSchema) });
      const { actions } = await this.api.ask("GET", `/actions?${query}`, schema);
      const failed = actions.find(({ status }) => status === "error");
      const code = failed?.error?.code ?? "unknown";
      if (failed) throw new HetznerRefusal(failed.command, 200, code, failed.error?.message ?? "the action failed");
      left = actions.filter(({ status }) => status === "running").map(({ id }) => id);
      if (poll === ACTION_POLLS)
        throw new HetznerRefusal(actions[0]!.command, 200, "timeout", "does not come to its end");
    }
  }

  /** What everything costs today. */
  async pricing(): Promise<Pricing> {
    const schema = z.object({ pricing: pricingSchema });
    return (await this.api.ask("GET", "/pricing", schema, { form: "list of prices" })).pricing;
  }
}
