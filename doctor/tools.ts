/** The programs that a deploy runs, with their versions, and Terraform's plugins. */
import { howToGet, missingPlugins } from "../terraform/plugins";
import { ProblemsError } from "../model/problem";
import { LOCKED_REGISTRY } from "../terraform/plugin-lock";
import { findTerraform, type Terraform } from "../terraform/program";
import { mustLock, projectLock } from "../terraform/project-lock";
import { run } from "../clients/program";
import type { Context } from "./context";
import { count, type Finding, Findings, some } from "./finding";
import { NoAnswer } from "../clients/http";

const findings = new Findings("tools");

const NODE = "20.12";
/** `use_lockfile` came with 1.10 as an experiment and is settled since 1.11 (Terraform's changelog); OpenTofu has it from 1.10. */
const LOCKFILE = "1.10";
const SETTLED = "1.11";
/** `ssh://` came with Docker's client 18.09 (its release notes). */
const DOCKER_BY_SSH = "18.09";

export async function tools(context: Context): Promise<Finding[]> {
  const { node } = process.versions;
  const remote = context.environment.host.kind !== "local";
  const found = await Promise.all([
    [
      isAtLeast(node, NODE)
        ? findings.ok("Node", node)
        : findings.failure("Node", node, `install Node ${NODE} or newer (https://nodejs.org)`),
    ],
    terraformAndPlugins(context),
    remote ? ssh(context) : [],
    git(context),
    docker(context, remote),
  ]);
  return found.flat();
}

/** "20.12" for "20.12.1"? Parts are compared as numbers. */
export function isAtLeast(version: string, wanted: string): boolean {
  const parts = (text: string): number[] => text.split(".").map((part) => Number.parseInt(part, 10) || 0);
  const [has, needs] = [parts(version), parts(wanted)];
  for (let i = 0; i < needs.length; i++) {
    const difference = (has[i] ?? 0) - needs[i]!;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

async function terraformAndPlugins(context: Context): Promise<Finding[]> {
  const terraform = await findTerraform(context.env);
  if (typeof terraform === "string") {
    const [what = "", ...fix] = terraform.split("\n");
    return [findings.failure("Terraform", what.replace(", so nothing was checked.", ""), fix.join(" "))];
  }
  return [version(context, terraform), await plugins(context, terraform), pluginLock(context, terraform)];
}

function version({ environment }: Context, { version: said }: Terraform): Finding {
  const [, number = ""] = /v?(\d+\.\d+[\w.-]*)/.exec(said) ?? [];
  const isTofu = said.startsWith("OpenTofu");
  const name = isTofu ? "OpenTofu" : "Terraform";
  if (environment.state.kind === "s3" && !isAtLeast(number, LOCKFILE)) {
    return findings.failure(
      name,
      `${number}, which cannot lock a state in a bucket by itself`,
      `install ${name} ${isTofu ? LOCKFILE : SETTLED} or newer`,
    );
  }
  return isTofu || isAtLeast(number, SETTLED)
    ? findings.ok(name, number)
    : findings.warning(
        name,
        `${number}; this project is tested with ${SETTLED}`,
        `install ${name} ${SETTLED} or newer`,
      );
}

async function plugins(context: Context, terraform: Terraform): Promise<Finding> {
  const what = "plugins";
  const required = context.options.providers;
  const missing = missingPlugins({ terraform: { required_providers: required } }, terraform, context.env);
  const all = Object.keys(required).length;
  if (missing.length === 0) return findings.ok(what, `${count(all, "plugin")} on this computer`);
  const names = missing.map(({ source, version: wanted }) => `${source} ${wanted}`);
  try {
    // What Terraform itself asks first ("Remote Service Discovery").
    const { status } = await context.ask(`https://${terraform.registry}/.well-known/terraform.json`);
    if (status === 200) return findings.ok(what, `${terraform.registry} can be reached, for ${some(names)}`);
    return noPlugins(`${terraform.registry} says ${status}`);
  } catch (reason) {
    if (!(reason instanceof NoAnswer)) throw reason;
    return noPlugins(reason.message);
  }

  function noPlugins(why: string): Finding {
    const [place] = howToGet(missing, context.env).filter((line) => line.startsWith("  "));
    return findings.failure(
      what,
      `${some(names)} ${missing.length === 1 ? "is" : "are"} missing, and ${why}`,
      `reach the registry, or put each release's zip by hand into its folder, as ${place?.trim()}`,
    );
  }
}

/** Is it said which builds of the plugins may be taken, and does that fit? What lies in plugin folders `init` looks at. */
function pluginLock({ env, options: { providers } }: Context, { registry }: Terraform): Finding {
  const what = "plugins' lock";
  const make = "npm run locks, where Terraform's registry can be reached, and commit terraform.lock.hcl";
  try {
    const project = projectLock(env);
    if ("absent" in project) return findings.warning(what, project.absent, make);
    if (registry !== LOCKED_REGISTRY) {
      const found = `is about ${LOCKED_REGISTRY}, and this takes plugins from ${registry}: by version alone`;
      return findings.warning(what, found, "use Terraform, or look at the plugins yourself");
    }
    mustLock(project, providers);
    return findings.ok(what, `${count(Object.keys(providers).length, "plugin")} by their content`);
  } catch (reason) {
    if (!(reason instanceof ProblemsError)) throw reason;
    const said = reason.problems.map(({ path, given }) => `${path}: ${given}`);
    return findings.failure(what, some(said), make);
  }
}

/** What a program prints of its version. @returns undefined: it is not there, or does not run */
async function printed(context: Context, program: string, ...args: readonly string[]): Promise<string | undefined> {
  try {
    const { code, stdout, stderr } = await run(program, args, { env: context.env, cwd: "/", timeout: 5 });
    return code === 0 ? `${stdout}${stderr}`.trim() : undefined;
  } catch (reason) {
    const { code } = reason as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "EACCES") return undefined;
    throw reason;
  }
}

async function ssh(context: Context): Promise<Finding> {
  const said = await printed(context, "ssh", "-V");
  return said === undefined
    ? findings.failure("ssh", "not found", "install OpenSSH's client (Debian: apt-get install openssh-client)")
    : findings.ok("ssh", said.split(",")[0]!);
}

async function git(context: Context): Promise<Finding> {
  const said = await printed(context, "git", "--version");
  return said === undefined
    ? findings.warning("git", "not found; a release changes files that are to be committed", "install git")
    : findings.ok("git", said.replace(/^git version /, ""));
}

async function docker(context: Context, remote: boolean): Promise<Finding> {
  const said = await printed(context, "docker", "--version");
  const uses = "twinset status, release and rollback ask it";
  const install = `install Docker's client ${DOCKER_BY_SSH} or newer (Debian: apt-get install docker-cli)`;
  if (said === undefined) return findings.warning("docker", `not found; ${uses}`, install);
  const [, number = "0"] = /version v?([\d.]+)/.exec(said) ?? [];
  if (remote && !isAtLeast(number, DOCKER_BY_SSH)) {
    return findings.warning("docker", `${number} cannot reach an engine by SSH; ${uses}`, install);
  }
  return findings.ok("docker", number);
}
