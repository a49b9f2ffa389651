/** What checks are given, and what several of them ask for: asked once. */
import type { Environment } from "../model/environment";
import type { Weakness } from "../model/made-up";
import { environmentPrefix } from "../model/names";
import type { Platform } from "../model/platform";
import type { Problem } from "../model/problem";
import type { Release } from "../model/release";
import type { Input } from "../model/values";
import type { StackConfig } from "../terraform/config";
import type { Finding } from "./finding";
import { Cloudflare, cloudflareUrl } from "../clients/cloudflare";
import { Hetzner, hetznerEndpoint, HetznerRefusal, HetznerSilence, type Project } from "../clients/hetzner/hetzner";
import { ask, type Ask, type ClockSample } from "../clients/http";
import { seenAddress } from "../clients/own-address";

/** The state of an input, as `npm run env` has it. */
export interface InputState {
  readonly name: string;
  readonly state: "set" | "in file" | "default" | "missing" | Weakness;
  /** Another secret that has the very same value. */
  readonly sameAs?: string;
}

/** What the environment's server is like, and how it is reached. */
export interface HostFacts {
  readonly user: string;
  /** There when the server's first start has gone well. */
  readonly readyFile: string;
  /** Has what stopped it, in words. */
  readonly failedFile: string;
  /** There when an upgrade waits for a reboot. */
  readonly rebootFile: string;
  /** Where the data volume is mounted. */
  readonly volumesPath: string;
  /** sshd's settings, in its own words and small letters: "maxsessions" → "100". */
  readonly sshd: Readonly<Record<string, string>>;
}

/** The names that are asked of DNS. Each rejects as `node:dns` does. */
export interface Names {
  resolve4(name: string): Promise<string[]>;
  resolve6(name: string): Promise<string[]>;
  resolveNs(name: string): Promise<string[]>;
}

export interface DoctorOptions {
  readonly platform: Platform;
  readonly environment: Environment;
  readonly release: Release;
  /** What the catalog's own checks say of all environments. */
  readonly problems: readonly Problem[];
  /** What of the releases' journal beside the state cannot be read. @default the journal is not looked at */
  readonly journal?: () => Promise<readonly Problem[]>;
  /**
   * In what the edge is not as Terraform was told, and what is on trial there without anybody who watches; undefined where
   * nothing is deployed. @default the edge is not asked
   */
  readonly edge?: () => Promise<{ readonly differences: readonly string[]; readonly unknown?: string } | undefined>;
  /** The process' environment. */
  readonly env: NodeJS.ProcessEnv;
  /** The project's folder: local states are there. */
  readonly directory: string;
  readonly inputs: readonly InputState[];
  /** Name of the environment's file with inputs: ".env.manacore.production"; and whether it exists. */
  readonly inputFile: { readonly name: string; readonly exists: boolean };
  readonly host: HostFacts;
  /** The providers of the environment's stack. */
  readonly providers: NonNullable<StackConfig["terraform"]["required_providers"]>;
  readonly names: Names;
  /** Milliseconds. @default Date.now */
  readonly now?: () => number;
  /** Tells its clients their address, as a line "ip=…". @default Cloudflare's, by IPv4 */
  readonly addressService?: string;
  /** @default 22 */
  readonly sshPort?: number;
  /** @default 443 */
  readonly httpsPort?: number;
  /** Authorities besides those of this computer, for the edge's certificates. @default none */
  readonly ca?: string;
}

/** Something that checks build on is not there. */
export interface Absent {
  /** Why, as a sentence's end: "needs TF_VAR_hcloud_token". */
  readonly absent: string;
  /** What to do, where that is a failure of its own and no consequence of an input that is missing. */
  readonly fix?: string;
}

export const isAbsent = (thing: object): thing is Absent => "absent" in thing;

export const LOOK_AT_NETWORK = "look at this computer's network, and run this again";

/** Whoever does not answer by then is told of; the others are not held up. */
const PATIENCE_SECONDS = 5;

const newToken = ({ name, where }: Input): string => `make a token (${where}), and set it as TF_VAR_${name}`;

export class Context {
  readonly clocks: ClockSample[] = [];
  /** What must not be left behind, whatever happens: undone by whoever ends the program early. */
  readonly cleanups = new Set<() => Promise<unknown>>();
  /** What turned out besides: shown with the rest. */
  readonly notes: Finding[] = [];
  readonly platform: Platform;
  readonly environment: Environment;
  readonly env: NodeJS.ProcessEnv;
  /** "manacore-production". */
  readonly prefix: string;
  readonly now: () => number;
  private readonly answers = new Map<string, Promise<unknown>>();

  constructor(readonly options: DoctorOptions) {
    this.platform = options.platform;
    this.environment = options.environment;
    this.env = options.env;
    this.prefix = environmentPrefix(options.platform.name, options.environment.name);
    this.now = options.now ?? Date.now;
  }

  /** An input's value, if it is set. */
  input(input: Input): string | undefined {
    return this.env[`TF_VAR_${input.name}`] || undefined;
  }

  /** How everybody is asked here, by whichever client: once and for a short time, with an ear for the other's clock. */
  ask: Ask = (url, question) =>
    ask(url, { ...question, timeoutSeconds: PATIENCE_SECONDS }, this.now, (sample) => this.clocks.push(sample));

  /** Hetzner, asked with a token. */
  hetzner(token: string): Hetzner {
    return new Hetzner({ endpoint: hetznerEndpoint(this.env), token }, { ask: this.ask, attempts: 1 });
  }

  /** Cloudflare, asked with a token. */
  cloudflare(token: string): Cloudflare {
    return new Cloudflare({ baseUrl: cloudflareUrl(this.env), token }, this.ask);
  }

  /** Work that several checks need is done once; also when it fails. */
  once<T>(key: string, work: () => Promise<T>): Promise<T> {
    const known = this.answers.get(key) as Promise<T> | undefined;
    if (known) return known;
    const started = work();
    // Whoever needs it hears of its failure; nobody may need it any more.
    started.catch(() => undefined);
    this.answers.set(key, started);
    return started;
  }

  /** What such work has come to; undefined where nobody asked for it, or it failed. */
  async known<T>(key: string): Promise<T | undefined> {
    return (this.answers.get(key) as Promise<T> | undefined)?.catch(() => undefined);
  }

  /** What the environment's Hetzner project has, or why that cannot be told. */
  project(): Promise<Project | Absent> {
    return this.once("project", async () => {
      if (this.environment.host.kind !== "hetzner") return { absent: "it has no server at Hetzner" };
      const { hcloudToken } = this.platform.inputs;
      const token = this.input(hcloudToken);
      if (token === undefined) return { absent: `needs TF_VAR_${hcloudToken.name}` };
      try {
        return await this.hetzner(token).project();
      } catch (reason) {
        if (reason instanceof HetznerSilence) return { absent: reason.noAnswer.message, fix: LOOK_AT_NETWORK };
        if (reason instanceof HetznerRefusal) {
          return { absent: `Hetzner said ${reason.said}`, fix: newToken(hcloudToken) };
        }
        throw reason;
      }
    });
  }

  /** The address of this computer as others see it. @returns undefined: nobody told */
  ownAddress(): Promise<string | undefined> {
    return this.once("address", async () => {
      const seen = await seenAddress(this.options.addressService, this.ask);
      return "address" in seen ? seen.address : undefined;
    });
  }
}
