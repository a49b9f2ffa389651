/** What a rehearsal needs on this computer, and what of it is missing: all at once, each with how to get it. */
import { mkdirSync } from "node:fs";
import { homedir, platform as system } from "node:os";
import { delimiter, join } from "node:path";
import { z } from "zod";
import type { StackConfig } from "../terraform/config";
import { howToGet, missingPlugins } from "../terraform/plugins";
import { childEnvironment, findTerraform } from "../terraform/program";
import { WorkingDirectory } from "../terraform/working-directory";
import { Docker } from "../clients/docker";
import { gatewayOf, type NetworkPart } from "./gateway";
import { findProgram } from "./images/file-tree";
import { markerOf, type TerraformMeans } from "./workbench";

/** Programs and facts that the preflight found. */
export interface Means extends TerraformMeans {
  readonly docker: Docker;
  /** The local engine's socket. */
  readonly socket: string;
  /** The engine's cores. */
  readonly cores: number;
  /** This computer's address in Docker's default network. */
  readonly gateway: string;
  readonly pebble: string;
  readonly openssl: string;
  readonly ssh: string;
  readonly sshKeygen: string;
}

export interface Preflight {
  /** Everything that a deployment needs; none when something is missing. */
  readonly means?: Means;
  /** Terraform with its plugins: what drills need that bring their own clouds. */
  readonly terraform?: TerraformMeans;
  /** The engine's version. */
  readonly engine?: string;
  readonly missing: readonly string[];
  /** How to get it, where that is not said in a word. */
  readonly hints: readonly string[];
}

export interface PreflightOptions {
  /** Providers that drills use, as a stack names them. */
  readonly required: NonNullable<StackConfig["terraform"]["required_providers"]>;
  /** The process' environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Begins the names that a rehearsal uses on the engine. */
  readonly prefix: string;
  /** For plugins that have to be downloaded. */
  readonly directory: string;
}

const PROGRAMS = {
  ssh: "ssh (OpenSSH's client; Debian: apt-get install openssh-client)",
  "ssh-keygen": "ssh-keygen (OpenSSH's client; Debian: apt-get install openssh-client)",
  openssl: "openssl (Debian: apt-get install openssl)",
  pebble: "pebble, the local ACME server (go install github.com/letsencrypt/pebble/v2/cmd/pebble@latest)",
} as const;

/** Looks for everything at once. Plugins that are not installed are downloaded, where the registry can be reached. */
export async function preflight({ required, env, prefix, directory }: PreflightOptions): Promise<Preflight> {
  const missing: string[] = [];
  const hints: string[] = [];
  const path = [env["PATH"] ?? "", join(env["GOPATH"] ?? join(homedir(), "go"), "bin"), "/usr/sbin"].join(delimiter);

  const terraform = await terraformMeans(required, env, path, directory);
  if ("missing" in terraform) {
    missing.push(...terraform.missing);
    hints.push(...terraform.hints);
  }

  if (system() !== "linux") missing.push(`Linux (this is ${system()}): the local Docker engine stands for the server`);
  const docker = new Docker({ ...childEnvironment(env), PATH: path });
  const engine = await engineFacts(docker, env["DOCKER_HOST"]);
  if (typeof engine === "string") missing.push(engine);
  else {
    const foreign = await inTheWay(docker, prefix);
    if (foreign.length > 0) {
      missing.push(`the names ${prefix}-… on this Docker engine, which has ${foreign.slice(0, 3).join(", ")} already`);
      hints.push("A rehearsal uses the environment's own names and removes what has them. Is this the real server?");
    }
  }

  const programs: Record<string, string> = {};
  for (const [name, what] of Object.entries(PROGRAMS)) {
    const file = findProgram(name, path);
    if (file) programs[name] = file;
    else missing.push(what);
  }
  if ("missing" in terraform) return { missing, hints };
  if (missing.length > 0 || typeof engine === "string") return { terraform, missing, hints };
  const { version, ...facts } = engine;
  const { pebble, openssl, ssh, "ssh-keygen": sshKeygen } = programs as Record<keyof typeof PROGRAMS, string>;
  const means: Means = { ...terraform, ...facts, docker, pebble, openssl, ssh, sshKeygen };
  return { means, terraform, engine: version, missing, hints };
}

/** Seconds. Cloudflare's plugin alone is 60 MB. */
const DOWNLOAD_TIMEOUT = 300;

async function terraformMeans(
  required: PreflightOptions["required"],
  env: NodeJS.ProcessEnv,
  path: string,
  directory: string,
): Promise<TerraformMeans | { readonly missing: readonly string[]; readonly hints: readonly string[] }> {
  const terraform = await findTerraform(env);
  if (typeof terraform === "string") return { missing: [terraform], hints: [] };
  const config = { terraform: { required_providers: required } };
  const plugins = missingPlugins(config, terraform, env);
  if (plugins.length === 0) return { terraform, path, env };
  const pluginCache = join(directory, "plugins");
  mkdirSync(pluginCache);
  const trial = new WorkingDirectory(terraform, join(directory, "download"), {
    ...childEnvironment(env),
    TF_PLUGIN_CACHE_DIR: pluginCache,
  });
  trial.write(config, "");
  const { code } = await trial.run(["init", "-input=false"], { timeout: DOWNLOAD_TIMEOUT });
  if (code === 0) return { terraform, path, env, pluginCache };
  return {
    missing: plugins.map(({ source, version }) => `Terraform plugin ${source} ${version}`),
    hints: howToGet(plugins, env),
  };
}

export async function engineFacts(
  docker: Pick<Docker, "run">,
  host = "unix:///var/run/docker.sock",
  find = gatewayOf,
): Promise<{ version: string; cores: number; gateway: string; socket: string } | string> {
  if (!host.startsWith("unix://")) {
    return `a Docker engine on this computer (DOCKER_HOST is ${host.split(":")[0]}://…, which may be somebody's server)`;
  }
  try {
    const facts = await docker.run("info", "--format", "{{.ServerVersion}} {{.NCPU}}");
    const [version = "", cores = ""] = facts.split(" ");
    const parts = await defaultNetwork(docker);
    if (typeof parts === "string") return parts;
    const gateway = await find(parts);
    if (gateway === undefined) return nowhereIn(parts);
    return { version, cores: Number(cores), gateway, socket: host.slice("unix://".length) };
  } catch (reason) {
    const why = (reason as Error).message.split("\n")[0];
    return `a Docker engine that answers (${why}; start Docker, or by hand: sudo dockerd)`;
  }
}

/** Its parts, or what is missing. */
async function defaultNetwork(docker: Pick<Docker, "run">): Promise<readonly NetworkPart[] | string> {
  try {
    const text = await docker.run("network", "inspect", "bridge", "--format", "{{json .IPAM.Config}}");
    const parsed = z.array(networkPart).nullable().safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data ?? [];
  } catch {
    // An engine that has none refuses to show it.
  }
  return 'the network "bridge" on the Docker engine, by which containers reach this computer (is dockerd started with --bridge=none?)';
}

const networkPart = z.object({ Subnet: z.string().optional(), Gateway: z.string().optional() });

function nowhereIn(parts: readonly NetworkPart[]): string {
  const said = parts.map(({ Subnet = "no subnet", Gateway = "" }) =>
    Gateway ? `${Subnet}, gateway ${Gateway}` : Subnet,
  );
  return [
    "an address of this computer in Docker's default network, where containers reach it",
    `(the engine says ${said.join("; ") || "nothing"}; none of it can be listened on here:`,
    "does the engine run in a virtual machine, or without root?)",
  ].join(" ");
}

/**
 * Is there anything on the engine that a rehearsal would take for its own? A rehearsal uses the environment's real names,
 * and removes what has them.
 */
async function inTheWay(docker: Docker, prefix: string): Promise<readonly string[]> {
  const marker = markerOf(prefix);
  const volumes = await docker.volumes(prefix);
  if (volumes.includes(marker)) return [];
  const containers = (await docker.containers(prefix)).map(({ name }) => `container ${name}`);
  return [...containers, ...volumes.map((name) => `volume ${name}`)];
}
