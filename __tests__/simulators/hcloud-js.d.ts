/** As much of hcloud-js 1.4.1 as tests use; it comes without types. */
declare module "hcloud-js" {
  interface Action {
    readonly id: number;
    readonly command: string;
    readonly status: "running" | "success" | "error";
    readonly progress: number;
  }
  interface Page<Key extends string, Item> {
    readonly totalEntries: number;
    readonly nextPage: number | null;
    next(): Promise<Page<Key, Item> & Record<Key, readonly Item[]>>;
  }
  type List<Key extends string, Item> = Page<Key, Item> & Record<Key, readonly Item[]>;
  interface Server {
    readonly id: number;
    readonly name: string;
    readonly status: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly serverType: { readonly name: string };
    readonly image: { readonly name: string };
    readonly datacenter: { readonly location: { readonly name: string } };
    readonly privateNet: readonly { readonly ip: string }[];
    readonly publicNet: { readonly ipv4: { readonly ip: string; setPointer(ip: string): Promise<Action> } };
    powerOff(): Promise<Action>;
    powerOn(): Promise<Action>;
    changeType(type: string, upgradeDisk: boolean): Promise<Action>;
    changeProtection(protection: { delete: boolean; rebuild: boolean }): Promise<Action>;
    attachToNetwork(network: number, ip?: string, aliasIps?: readonly string[]): Promise<Action>;
    getActions(): Promise<List<"actions", Action>>;
    delete(): Promise<Action>;
  }
  interface ServerBuilder {
    serverType(name: string): this;
    location(name: string): this;
    image(name: string): this;
    sshKey(idOrName: number | string): this;
    labels(labels: Readonly<Record<string, string>>): this;
    userData(text: string): this;
    create(): Promise<{ readonly server: Server; readonly action: Action }>;
  }
  interface Network {
    readonly id: number;
    readonly ip_range: string;
    readonly servers: readonly number[];
  }
  export class Client {
    constructor(options: { token: string; baseURL: string });
    readonly ratelimit: { readonly limit: number; readonly remaining: number; readonly reset: Date };
    readonly actions: { get(id: number): Promise<Action> };
    readonly servers: {
      build(name: string): ServerBuilder;
      get(id: number): Promise<Server>;
      list(query?: Readonly<Record<string, string | number>>): Promise<List<"servers", Server>>;
      changeName(id: number, name: string): Promise<Server>;
    };
    readonly sshKeys: {
      create(name: string, publicKey: string): Promise<{ readonly id: number; readonly fingerprint: string }>;
      list(query?: Readonly<Record<string, string | number>>): Promise<List<"sshKeys", { readonly name: string }>>;
      delete(id: number): Promise<void>;
    };
    readonly networks: {
      create(name: string, ipRange: string, subnets?: readonly object[]): Promise<Network>;
      get(id: number): Promise<Network>;
      delete(id: number): Promise<void>;
      readonly actions: { addRoute(id: number, destination: string, gateway: string): Promise<Action> };
    };
    readonly images: { list(query?: Readonly<Record<string, string>>): Promise<List<"images", { name: string }>> };
    readonly serverTypes: { list(): Promise<List<"serverTypes", { name: string }>> };
    readonly locations: { list(): Promise<List<"locations", { name: string }>> };
    readonly isos: { list(): Promise<List<"isos", { name: string }>> };
  }
}
