/** What a rehearsal needs on this computer, and what of it is missing: all at once, each with how to get it. */
import { homedir, platform as system } from "node:os";
import { delimiter, join } from "node:path";
import type { StackConfig } from "../terraform/config";
import { howToGet, missingPlugins } from "../terraform/plugins";
import { childEnvironment, findTerraform } from "../terraform/program";
import { Docker } from "../release/docker";
import { findProgram } from "./images/file-tree";
import type { Means } from "./world";

/** Either the means, or why there are none. */
export type Preflight =
  | { readonly means: Means; readonly engine: string }
  | { readonly missing: readonly string[]; readonly hints: readonly string[] };

const PROGRAMS = {
  ssh: "ssh (OpenSSH's client; Debian: apt-get install openssh-client)",
  "ssh-keygen": "ssh-keygen (OpenSSH's client; Debian: apt-get install openssh-client)",
  openssl: "openssl (Debian: apt-get install openssl)",
  pebble: "pebble, the local ACME server (go install github.com/letsencrypt/pebble/v2/cmd/pebble@latest)",
} as const;

/**
 * @param config a synthesized stack: names the plugins
 * @param env the process' environment
 * @param prefix begins the names that a rehearsal uses on the engine
 */
export async function preflight(config: StackConfig, env: NodeJS.ProcessEnv, prefix: string): Promise<Preflight> {
  const missing: string[] = [];
  const hints: string[] = [];
  const path = [env["PATH"] ?? "", join(env["GOPATH"] ?? join(homedir(), "go"), "bin"), "/usr/sbin"].join(delimiter);

  const terraform = await findTerraform(env);
  if (typeof terraform === "string") missing.push(terraform);
  else {
    const plugins = missingPlugins(config, terraform);
    missing.push(...plugins.map(({ source, version }) => `Terraform plugin ${source} ${version}`));
    hints.push(...howToGet(plugins));
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
  if (missing.length > 0 || typeof terraform === "string" || typeof engine === "string") return { missing, hints };
  return {
    engine: engine.version,
    means: {
      terraform,
      docker,
      path,
      socket: engine.socket,
      cores: engine.cores,
      gateway: engine.gateway,
      pebble: programs["pebble"]!,
      openssl: programs["openssl"]!,
      ssh: programs["ssh"]!,
      sshKeygen: programs["ssh-keygen"]!,
    },
  };
}

async function engineFacts(
  docker: Docker,
  host = "unix:///var/run/docker.sock",
): Promise<{ version: string; cores: number; gateway: string; socket: string } | string> {
  if (!host.startsWith("unix://")) {
    return `a Docker engine on this computer (DOCKER_HOST is ${host.split(":")[0]}://…, which may be somebody's server)`;
  }
  try {
    const facts = await docker.run("info", "--format", "{{.ServerVersion}} {{.NCPU}}");
    const [version = "", cores = ""] = facts.split(" ");
    const gateway = await docker.run(
      ...["network", "inspect", "bridge", "--format", "{{range .IPAM.Config}}{{.Gateway}} {{end}}"],
    );
    return {
      version,
      cores: Number(cores),
      gateway: gateway.trim().split(" ")[0]!,
      socket: host.slice("unix://".length),
    };
  } catch (reason) {
    const why = (reason as Error).message.split("\n")[0];
    return `a Docker engine that answers (${why}; start Docker, or by hand: sudo dockerd)`;
  }
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

/** A volume that says: what is called so on this engine belongs to a rehearsal. */
export const markerOf = (prefix: string): string => `${prefix}-rehearsal`;
