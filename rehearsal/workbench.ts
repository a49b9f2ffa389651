/**
 * What every drill has: the stack as it is to be, Terraform with its plugins, and simulated clouds to order. It needs no
 * Docker engine; the world that a deployment runs in is built on it.
 */
import { readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { App } from "cdktf";
import { withoutTraces } from "../main";
import type { Environment } from "../model/environment";
import { environmentPrefix } from "../model/names";
import { type Platform, planOf } from "../model/platform";
import type { Release } from "../model/release";
import type { CloudAccess } from "../release/recover";
import { EnvironmentStack } from "../stacks/environment-stack";
import type { StackConfig } from "../terraform/config";
import { dummyValues } from "../terraform/dummy-values";
import { childEnvironment, type Terraform } from "../terraform/program";
import { WorkingDirectory, type WorkingDirectoryOptions } from "../terraform/working-directory";
import { withoutDigests } from "./adapt";
import { keyPair } from "./key-pair";
import { type CloudflareSimulator, startCloudflare } from "../simulators/cloudflare";
import type { HetznerSimulator } from "../simulators/hetzner";

/** A volume that says: what is called so on this engine belongs to a rehearsal. */
export const markerOf = (prefix: string): string => `${prefix}-rehearsal`;

/** Terraform, ready to be used. */
export interface TerraformMeans {
  readonly terraform: Terraform;
  /** Where programs are. */
  readonly path: string;
  /** The process' environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Plugins that were downloaded for this rehearsal; none when all are installed. */
  readonly pluginCache?: string | undefined;
}

export interface WorkbenchOptions {
  readonly means: TerraformMeans;
  /** Gone afterwards; whoever made it removes it. */
  readonly directory: string;
  readonly platform: Platform;
  readonly environment: Environment;
  readonly release: Release;
  /** Resources that Terraform works on at a time. @default 40 */
  readonly parallelism?: number;
}

/** The stack that a world is to have: what of it may change during a rehearsal. */
export interface Desired {
  readonly release: Release;
  readonly environment: Environment;
  /** Values of variables that are not the usual ones. */
  readonly secrets: Readonly<Record<string, string>>;
}

export const TOKENS = {
  hcloud: "rehearsal".padEnd(64, "0"),
  cloudflare: "rehearsal".padEnd(40, "0"),
  dns: "rehearsal-dns".padEnd(40, "0"),
  accessKey: "rehearsal",
} as const;
/** Whoever brings images to the registry, and the server, which may only take them. */
export const REGISTRY_LOGINS = {
  push: { username: "rehearsal-pipeline", password: "rehearsal-push", permission: "push" },
  pull: { username: "rehearsal-server", password: "rehearsal-pull", permission: "pull" },
} as const;
const ZONE_ID = "7e".repeat(16);
const ACCOUNT_ID = "ac".repeat(16);
export const SMOKE_KEY = "a-smoke-key-of-the-rehearsal";

/** The stack, Terraform and clouds to order. */
export class Workbench {
  readonly platform: Platform;
  /** Name of the server, and beginning of the name of everything on it. */
  readonly prefix: string;
  /** As it is in the files, with nothing changed by a drill. */
  readonly base: Desired;
  desired: Desired;
  /** Of the only one who may log in. */
  protected readonly keys = keyPair();

  /**
   * @param adapted the platform and its environment as they are rehearsed; the default is: as they are
   * @param release with digests of images that there are; the default is: with none
   */
  constructor(
    readonly options: WorkbenchOptions,
    adapted: { readonly platform: Platform; readonly environment: Environment } = options,
    release: Release = withoutDigests(options.release),
  ) {
    this.platform = adapted.platform;
    this.prefix = environmentPrefix(adapted.platform.name, adapted.environment.name);
    this.base = { release, environment: adapted.environment, secrets: {} };
    this.desired = this.base;
  }

  /** The stack for what is wanted, and its variables' values. */
  rendered(): { readonly config: StackConfig; readonly values: string } {
    const { release, environment, secrets } = this.desired;
    const outdir = join(this.options.directory, "synth");
    rmSync(outdir, { recursive: true, force: true });
    withoutTraces(() => {
      const app = new App({ outdir, stackTraces: false });
      new EnvironmentStack(app, environment.name, { platform: this.platform, environment, release });
      app.synth();
    });
    const text = readFileSync(join(outdir, "stacks", environment.name, "cdk.tf.json"), "utf8");
    const config = JSON.parse(text) as StackConfig;
    const values = dummyValues(config, this.platform, environment, {
      hcloud_token: TOKENS.hcloud,
      cloudflare_api_token: TOKENS.cloudflare,
      cloudflare_zone_id: ZONE_ID,
      cloudflare_account_id: ACCOUNT_ID,
      edge_dns_token: TOKENS.dns,
      registry_username: REGISTRY_LOGINS.pull.username,
      registry_token: REGISTRY_LOGINS.pull.password,
      ssh_allowed_cidrs: ["127.0.0.1/32"],
      ssh_public_keys: { rehearsal: this.keys.public.trim() },
      smoke_key: SMOKE_KEY,
      ...secrets,
    });
    return { config, values };
  }

  /** Another directory for Terraform, with its state beside it. */
  anotherDirectory(
    path: string,
    env: NodeJS.ProcessEnv,
    options: Pick<WorkingDirectoryOptions, "lock" | "stateFile"> = {},
  ): WorkingDirectory {
    const { means, parallelism } = this.options;
    return new WorkingDirectory(
      means.terraform,
      path,
      { ...this.childEnv, TF_DATA_DIR: join(this.options.directory, `${basename(path)}.data`), ...env },
      { parallelism: parallelism ?? 40, valuesFile: true, ...options },
    );
  }

  /** Another Cloudflare with the same zone, empty. */
  anotherCloudflare(): Promise<CloudflareSimulator> {
    return startCloudflareFor(this.platform);
  }

  /** How many of each kind are in the clouds, under their names in Terraform. */
  countInClouds(hetzner: HetznerSimulator, cloudflare: CloudflareSimulator): Record<string, number> {
    const { servers, volumes, primaryIps, networks, firewalls, sshKeys, placementGroups } = hetzner.state;
    const { records, pageRules, buckets } = cloudflare.state;
    const zone = this.platform.zone.name;
    return {
      hcloud_server: servers.length,
      hcloud_volume: volumes.length,
      hcloud_primary_ip: primaryIps.length,
      hcloud_network: networks.length,
      hcloud_firewall: firewalls.length,
      hcloud_ssh_key: sshKeys.length,
      hcloud_placement_group: placementGroups.length,
      // A custom domain of R2 brings its own record, and the edge's proof for its certificate comes and goes.
      cloudflare_dns_record: (records[zone] ?? []).filter(({ comment }) => comment?.includes(this.prefix)).length,
      cloudflare_page_rule: pageRules[zone]?.length ?? 0,
      cloudflare_r2_bucket: buckets.length,
    };
  }

  /** What Terraform and its helpers get of the process' environment. */
  get childEnv(): NodeJS.ProcessEnv {
    return terraformEnvironment(this.options.means);
  }
}

/** Without credentials, with the programs and plugins that were found. */
export const terraformEnvironment = ({ path, env, pluginCache }: TerraformMeans): NodeJS.ProcessEnv => ({
  ...childEnvironment({ ...env, PATH: path }),
  ...(pluginCache === undefined ? {} : { TF_PLUGIN_CACHE_DIR: pluginCache }),
});

/** Where the simulated clouds are asked, and with which tokens. */
export const cloudAccess = (hetzner: HetznerSimulator, cloudflare: CloudflareSimulator): CloudAccess => ({
  hetzner: { endpoint: hetzner.baseUrl, token: TOKENS.hcloud },
  cloudflare: { baseUrl: cloudflare.baseUrl, token: TOKENS.cloudflare },
});

export const startCloudflareFor = (platform: Platform): Promise<CloudflareSimulator> =>
  startCloudflare({
    token: TOKENS.cloudflare,
    tokens: [{ value: TOKENS.dns, permission: "dns-only" }],
    zones: [{ id: ZONE_ID, name: platform.zone.name, plan: planOf(platform.zone) }],
    accountId: ACCOUNT_ID,
    allowPrivateTargets: true,
  });
