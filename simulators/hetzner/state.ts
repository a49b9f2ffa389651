/**
 * All that a project has. Each reference is kept in one place only (a volume knows its server, a server does not know its
 * volumes), so that two sides cannot disagree.
 */
import { Actions, type Ref } from "./actions";
import { type Iso, type Location, OS_IMAGES, type ServerType } from "./catalog";
import { conflict, locked, notFound, notUnique } from "./errors";
import type { Kind } from "./kind";
import type { Labels } from "./labels";
import { type Machines, MachineRoom, type MachineServer } from "./machines";
import { AddressPool } from "./pool";

interface Resource {
  readonly id: number;
  readonly created: Date;
  name: string;
  labels: Labels;
}

export interface SshKey extends Resource {
  readonly publicKey: string;
  /** MD5, as the API gives it. */
  readonly fingerprint: string;
}

export interface PlacementGroup extends Resource {
  readonly type: "spread";
}

export interface Subnet {
  readonly type: string;
  readonly ipRange: string;
  readonly networkZone: string;
  readonly vswitchId: number | undefined;
}

export interface Route {
  readonly destination: string;
  readonly gateway: string;
}

export interface Network extends Resource {
  ipRange: string;
  subnets: Subnet[];
  routes: Route[];
  exposeRoutesToVswitch: boolean;
  deleteProtection: boolean;
}

export interface FirewallRule {
  readonly direction: "in" | "out";
  readonly protocol: string;
  readonly port: string | null;
  readonly source_ips: readonly string[];
  readonly destination_ips: readonly string[];
  readonly description: string | null;
}

export type FirewallTarget =
  { readonly type: "server"; readonly server: number } | { readonly type: "label_selector"; readonly selector: string };

export interface Firewall extends Resource {
  rules: readonly FirewallRule[];
  targets: FirewallTarget[];
}

export interface PrimaryIp extends Resource {
  readonly type: "ipv4" | "ipv6";
  /** An address, or for version 6 a /64 block. */
  readonly ip: string;
  readonly location: Location;
  /** Id of a server. */
  assignee: number | undefined;
  autoDelete: boolean;
  deleteProtection: boolean;
  /** Address → name. */
  readonly dnsPtr: Map<string, string>;
}

export interface Volume extends Resource {
  size: number;
  readonly format: string | undefined;
  readonly location: Location;
  server: number | undefined;
  status: "creating" | "available";
  deleteProtection: boolean;
}

export interface Image extends Omit<Resource, "name"> {
  readonly type: "system" | "app" | "snapshot" | "backup";
  readonly name: string | undefined;
  description: string;
  readonly osFlavor: string;
  readonly osVersion: string;
  readonly architecture: "x86" | "arm";
  readonly deprecated: string | null;
  readonly diskSize: number;
  readonly createdFrom: { readonly id: number; readonly name: string } | undefined;
  status: "creating" | "available";
  deleteProtection: boolean;
}

export interface PrivateNet {
  readonly network: number;
  readonly ip: string;
  aliasIps: readonly string[];
  readonly macAddress: string;
  /** False while it is being attached: the address is taken already, but not shown yet. */
  ready: boolean;
}

export type ServerStatus =
  "initializing" | "starting" | "running" | "stopping" | "off" | "deleting" | "migrating" | "rebuilding";

export interface Server extends Resource {
  status: ServerStatus;
  /** Counts its starts, so that a late shutdown does not end a later life. */
  starts: number;
  type: ServerType;
  image: Image;
  readonly location: Location;
  diskSize: number;
  privateNet: PrivateNet[];
  placementGroup: number | undefined;
  backupWindow: string | undefined;
  rescue: boolean;
  iso: Iso | undefined;
  protection: { readonly delete: boolean; readonly rebuild: boolean };
  userData: string | undefined;
  /** Public keys that were put onto it when it was made. */
  readonly sshKeys: readonly string[];
}

export interface CloudOptions {
  readonly actionSeconds: number;
  readonly nextIpv4?: () => string;
  readonly machines?: Machines;
  readonly legacyDatacenters: boolean;
}

export class Cloud {
  readonly servers = new Map<number, Server>();
  readonly volumes = new Map<number, Volume>();
  readonly networks = new Map<number, Network>();
  readonly primaryIps = new Map<number, PrimaryIp>();
  readonly firewalls = new Map<number, Firewall>();
  readonly placementGroups = new Map<number, PlacementGroup>();
  readonly sshKeys = new Map<number, SshKey>();
  readonly images = new Map<number, Image>();
  readonly actions: Actions;
  readonly addresses: AddressPool;
  readonly machines: MachineRoom;
  /** One row of numbers for all kinds, so that an id taken for another kind's is found out. */
  private lastId = 1_000_000;

  constructor(readonly options: CloudOptions) {
    this.actions = new Actions(this.nextId, options.actionSeconds);
    this.addresses = new AddressPool(options.nextIpv4);
    this.machines = new MachineRoom(options.machines ?? {});
    for (const { name, type, description, os_flavor, os_version, deprecated } of OS_IMAGES) {
      for (const architecture of ["x86", "arm"] as const) {
        const id = this.nextId();
        this.images.set(id, {
          id,
          created: new Date("2025-01-01T00:00:00Z"),
          name,
          type,
          description,
          osFlavor: os_flavor,
          osVersion: os_version,
          architecture,
          deprecated,
          diskSize: 5,
          createdFrom: undefined,
          status: "available",
          deleteProtection: false,
          labels: {},
        });
      }
    }
  }

  readonly nextId = (): number => {
    this.lastId += 1;
    return this.lastId;
  };

  /** Id, time and labels of something new. */
  fresh(name: string, labels: Labels | undefined): Resource {
    return { id: this.nextId(), created: new Date(), name, labels: labels ?? {} };
  }

  volumesOf(server: number): Volume[] {
    return [...this.volumes.values()].filter((volume) => volume.server === server);
  }

  primaryIpOf(server: number, type: "ipv4" | "ipv6"): PrimaryIp | undefined {
    return [...this.primaryIps.values()].find((ip) => ip.assignee === server && ip.type === type);
  }

  serversIn(network: number): Server[] {
    return [...this.servers.values()].filter((server) => server.privateNet.some((net) => net.network === network));
  }

  /** What is told of a server to those who play its machine. */
  machine(server: Server): MachineServer {
    return {
      id: server.id,
      name: server.name,
      ipv4: this.primaryIpOf(server.id, "ipv4")?.ip,
      userData: server.userData,
      sshKeys: server.sshKeys,
      volumes: this.volumesOf(server.id).map((volume) => volume.id),
    };
  }

  /** @throws locked while an action works on one of these; for networks and firewalls the API says conflict */
  mustBeFree(...refs: readonly Ref[]): void {
    for (const ref of refs) {
      if (!this.actions.isLocked(ref)) continue;
      if (ref.type === "network" || ref.type === "firewall") {
        throw conflict(`another change of this ${ref.type} is still going on, please retry`);
      }
      const kind = ref.type.replaceAll("_", " ");
      throw locked(`cannot perform operation because ${kind} is locked`);
    }
  }
}

/** @throws not_found */
export function find<T>(items: ReadonlyMap<number, T>, kind: Kind, id: number): T {
  const item = items.get(id);
  if (item === undefined) throw notFound(kind, id);
  return item;
}

/** @throws uniqueness_error when another one has this name */
export function mustBeUnique(
  items: ReadonlyMap<number, { readonly id: number; readonly name: string }>,
  name: string,
  self?: number,
  message = "name is already used",
): void {
  for (const item of items.values()) {
    if (item.name === name && item.id !== self) throw notUnique("name", message);
  }
}
