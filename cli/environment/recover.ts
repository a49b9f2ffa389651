/** `twinset recover <environment>`: after an apply that was killed, or that a cloud did not answer. */
import { Command } from "commander";
import { join } from "node:path";
import { Docker } from "../../clients/docker";
import { DEPLOY_USER } from "../../model/server";
import { type EnvironmentName, ENVIRONMENTS } from "../../model/environment-name";
import { environmentPrefix } from "../../model/names";
import { list } from "../../model/problem";
import { knownSecrets } from "../../model/redact";
import { plainLines } from "../../model/safe-text";
import { recover } from "../../release/recover";
import { outputDirectory } from "../../terraform/output-directory";
import { findTerraform, usable } from "../../terraform/program";
import type { StateResource } from "../../terraform/state";
import { stateLeft } from "../../terraform/state-left";
import { TerraformError, WorkingDirectory } from "../../terraform/working-directory";
import { accessOf } from "../shared/access";
import { environmentNamed } from "../shared/names";
import { atHand, hidden, SecretsAtHand } from "../shared/secrets-at-hand";

export interface RecoverCommand {
  readonly environment: EnvironmentName;
  readonly env: NodeJS.ProcessEnv;
  /** Do it, not only say it. */
  readonly yes: boolean;
  /** The id of a lock whose holder is dead. */
  readonly unlock?: string | undefined;
  readonly write?: (line: string) => void;
}

/**
 * Works in cdktf's own output directory, where `cdktf deploy` works too, with the same variables of the environment.
 * @returns 0: nothing is left to do, 1: something is, 2: Terraform is not there
 */
export async function recoverEnvironment(command: RecoverCommand): Promise<number> {
  const { env, environment, yes } = command;
  const say = command.write ?? console.log;
  const write = (line: string): void => say(hidden(line));
  const terraform = await findTerraform(env);
  if (typeof terraform === "string") {
    write(terraform);
    return 2;
  }
  const outdir = outputDirectory(env);
  const { synthesize } = await import("../../main");
  const { platform } = synthesize(env, outdir);
  const { hide } = atHand(new SecretsAtHand(() => knownSecrets(platform, platform.environments[environment], env)));
  const path = join(outdir, "stacks", environment);
  const directory = new WorkingDirectory(terraform, path, { ...usable(env), TF_INPUT: "0" }, { hide });
  const lost = stateLeft(path);
  if (lost !== undefined) write(lost);
  try {
    await directory.init();
    if (command.unlock !== undefined) await directory.must("force-unlock", ["-force", command.unlock]);
    const lock = await directory.lock();
    if (lock) {
      write(`The state is locked by ${lock.who} since ${lock.created}. If that run is dead and not just slow:`);
      write(`  twinset recover ${environment} --unlock ${lock.id}`);
      return 1;
    }
    const prefix = environmentPrefix(platform.name, environment);
    const docker = engineOf(platform.environments[environment].host.kind, await directory.state(), env);
    const found = await recover({ terraform: directory, docker, access: accessOf(env), prefix, dryRun: !yes });
    found.adopted.forEach(({ address, id, deleteAt }) =>
      write(`exists, but not in the state: ${address} (${deleteAt ? "to be made again: it cannot be imported" : id})`),
    );
    found.removed.forEach((name) => write(`container that the state does not know: ${name}`));
    const count = found.adopted.length + found.removed.length;
    if (count > 0)
      write(
        yes
          ? "Done: adopted what exists, removed containers."
          : `Adopt or remove them: twinset recover ${environment} --yes`,
      );
    else write("Nothing is there that the state does not know.");
    if (found.pending.length > 0) {
      const pending =
        found.pending.length === 1 ? "1 change is pending" : `${found.pending.length} changes are pending`;
      write(`${pending}: npx cdktf deploy ${environment}, then recover once more.`);
    }
    return (count > 0 && !yes) || found.pending.length > 0 ? 1 : 0;
  } catch (reason) {
    if (!(reason instanceof TerraformError)) throw reason;
    write(plainLines(reason.message));
    return 1;
  }
}

/** This computer's engine, or the server's by SSH once it has an address. */
function engineOf(
  kind: "local" | "hetzner",
  state: readonly StateResource[],
  env: NodeJS.ProcessEnv,
): Docker | undefined {
  if (kind === "local") return new Docker(env);
  const address = state.find(({ address }) => address === "hcloud_primary_ip.host_ipv4")?.values["ip_address"];
  const server = state.some(({ address }) => address === "hcloud_server.host_server");
  return server ? new Docker({ ...env, DOCKER_HOST: `ssh://${DEPLOY_USER}@${String(address)}` }) : undefined;
}

export const command = new Command("recover")
  .description("after an apply that was killed: what is there that the state does not know; adopt it or remove it")
  .argument("<environment>", list([...ENVIRONMENTS]))
  .option("--yes", "do it, not only say it")
  .option("--unlock <id>", "first take the lock of a run that is dead")
  .action(async (name: string, given: { yes?: boolean; unlock?: string }) => {
    process.exitCode = await recoverEnvironment({
      environment: environmentNamed(name, process.env),
      env: process.env,
      yes: given.yes ?? false,
      unlock: given.unlock,
    });
  });
