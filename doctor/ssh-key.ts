/** Has this computer a key that may log in to the server? */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import type { Context } from "./context";
import { type Finding, Findings, some } from "./finding";
import { hostAddress } from "./server-address";
import { agentKeys, identityFiles, publicKeyOf } from "../clients/ssh";
import { mapIn, publicKeyIn } from "./values";

const findings = new Findings("host");

/** A key that this computer can use without being asked for a passphrase: nobody answers during an apply. */
export async function sshKey(context: Context): Promise<Finding> {
  const what = "key";
  const { sshPublicKeys } = context.platform.inputs;
  const name = `TF_VAR_${sshPublicKeys.name}`;
  const given = mapIn(context.input(sshPublicKeys) ?? "");
  const allowed = new Map([...(given ?? [])].map(([person, line]) => [publicKeyIn(line), person] as const));
  const [lines, files] = await Promise.all([agentKeys(context.env), fileKeys(context)]);
  const agent = lines.flatMap((line) => publicKeyIn(line) ?? []);
  const usable = [...agent, ...files.flatMap(({ usable: key }) => (key === undefined ? [] : [key]))];
  const owner = usable.map((key) => allowed.get(key)).find((person) => person !== undefined);
  if (owner !== undefined)
    return findings.ok(
      what,
      `${owner}'s, ${agent.some((k) => allowed.get(k) === owner) ? "in the agent" : "in a file"}`,
    );
  const locked = files.find(
    ({ public: shown, usable: key }) =>
      key === undefined && shown !== undefined && (given === undefined || allowed.has(shown)),
  );
  if (locked) {
    return findings.failure(
      what,
      `${locked.file} has a passphrase, and no agent has the key`,
      `eval "$(ssh-agent)" where no agent runs, and ssh-add ${locked.file}`,
    );
  }
  if (usable.length === 0) {
    return findings.failure(
      what,
      "no agent has one, and no file that SSH looks at",
      'ssh-keygen -t ed25519 for a new one; eval "$(ssh-agent)" and ssh-add for one that you have',
    );
  }
  if (given === undefined) return findings.skipped(what, `there is one; whether it may log in needs ${name}`);
  return findings.failure(
    what,
    `none of the keys here is in ${name}, which has ${some([...given.keys()])}`,
    `ssh-add the key of one of them, or add yours to ${name}`,
  );
}

interface KeyFile {
  /** As SSH's configuration has it: "~/.ssh/id_ed25519". */
  readonly file: string;
  /** Its public key, where it can be read without the passphrase. */
  readonly usable: string | undefined;
  /** What the file beside it says. */
  readonly public: string | undefined;
}

/** Those that SSH would try for this host, by its own configuration. */
async function fileKeys(context: Context): Promise<KeyFile[]> {
  const { env, options } = context;
  const destination = `${options.host.user}@${(await hostAddress(context)) ?? context.prefix}`;
  const files = await identityFiles(destination, env);
  const found = await Promise.all(
    files.map(async (file): Promise<KeyFile | undefined> => {
      const path = file.replace(/^~(?=\/)/, env["HOME"] ?? homedir());
      if (!existsSync(path)) return undefined;
      const line = await publicKeyOf(path, env);
      const beside = existsSync(`${path}.pub`) ? publicKeyIn(readFileSync(`${path}.pub`, "utf8")) : undefined;
      return { file, usable: line === undefined ? undefined : publicKeyIn(line), public: beside };
    }),
  );
  return found.filter((key) => key !== undefined);
}
