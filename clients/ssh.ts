/**
 * A server by SSH, and this computer's keys for it, through OpenSSH's own programs: so what SSH's configuration, agent and
 * known hosts say holds here, too. A program that is not there said nothing; what ssh refuses is on its standard error.
 */
import { attempt, type Finished } from "./program";

export interface SshOptions {
  /** "deploy@203.0.113.7". */
  readonly destination: string;
  readonly env: NodeJS.ProcessEnv;
  /** As `ssh -o` takes them: "StrictHostKeyChecking=yes". */
  readonly settings: readonly string[];
  /** For reaching the server. */
  readonly connectSeconds: number;
  /** For everything. */
  readonly seconds: number;
}

/** Logs in, without asking anybody anything and without sharing the connection, and has the server run a command. */
export function overSsh(command: string, options: SshOptions): Promise<Finished> {
  const { destination, env, settings, connectSeconds, seconds } = options;
  const given = [
    "BatchMode=yes",
    `ConnectTimeout=${connectSeconds}`,
    "ControlMaster=no",
    "ControlPath=none",
    ...settings,
  ];
  const args = [...given.flatMap((setting) => ["-o", setting]), destination, command];
  return attempt("ssh", args, env, seconds);
}

/** The public keys that an agent has, a line each; none where there is no agent. */
export async function agentKeys(env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const { code, stdout } = await attempt("ssh-add", ["-L"], env);
  return code === 0 ? stdout.split("\n") : [];
}

/** The key files that SSH would try for a destination, as its configuration has them: "~/.ssh/id_ed25519". */
export async function identityFiles(destination: string, env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const { stdout } = await attempt("ssh", ["-G", destination], env);
  return [...stdout.matchAll(/^identityfile (.+)$/gm)].map(([, file]) => file!);
}

/** The public key of a key file. @returns undefined: it has a passphrase, or is no key */
export async function publicKeyOf(path: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { code, stdout } = await attempt("ssh-keygen", ["-y", "-P", "", "-f", path], env);
  return code === 0 ? stdout : undefined;
}
