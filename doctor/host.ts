/** The server: may this computer reach it, who logs in, and is it as its first start was to leave it? */
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { homedir } from "node:os";
import { type Finished, run } from "../terraform/program";
import { type Context, isAbsent } from "./context";
import { type Finding, Findings, some } from "./finding";
import { letsIn, serverOf } from "./hetzner";
import { inRange, listIn, mapIn, publicKeyIn } from "./values";

const findings = new Findings("host");

const SSH_PORT = 22;
const CONNECT_SECONDS = 5;
/** For everything that is asked of the server in one login. */
const LOGIN_SECONDS = 12;

export async function host(context: Context): Promise<Finding[]> {
  if (context.environment.host.kind !== "hetzner") return [];
  const [project, key, from] = await Promise.all([context.project(), sshKey(context), thisAddress(context)]);
  if (isAbsent(project)) return [key, from, findings.skipped("server", project.absent)];
  const server = serverOf(context, project);
  if (!server) return [key, from, findings.skipped("server", "not deployed yet: the first deploy makes it")];
  const address = await hostAddress(context);
  if (server.status !== "running" || address === undefined) {
    return [
      key,
      from,
      findings.failure(
        "server",
        address === undefined ? `it has no address ${context.prefix}-ipv4` : `it is ${server.status}`,
        address === undefined
          ? `npx cdktf diff ${context.environment.name} says what is missing`
          : "start it in Hetzner Console",
      ),
    ];
  }
  const port = context.options.sshPort ?? SSH_PORT;
  const closed = await refusalOf(address, port);
  if (closed !== undefined) {
    return [
      key,
      from,
      findings.failure(
        "SSH",
        `port ${port} of ${address} does not answer (${closed})`,
        from.status === "failure"
          ? "see above: the firewall lets only listed addresses in"
          : "look at the server's console in Hetzner Console: does it run, is its first start over?",
      ),
    ];
  }
  const login = await loggedIn(context);
  const about = aboutLogin(context, address, login!);
  // Keys are given to a server once, when it is made: one that gets in is good for this one.
  const works = about.some(({ what, status }) => what === "login" && status === "ok");
  const shownKey: Finding = works && key.status === "failure" ? { ...key, status: "warning" } : key;
  return [shownKey, from, findings.ok("SSH", `${address} answers on port ${port}`), ...about];
}

/** The server's address: the primary IP's, which outlives servers. @returns undefined: there is none */
export async function hostAddress(context: Context): Promise<string | undefined> {
  const project = await context.project();
  if (isAbsent(project)) return undefined;
  const ip = project.primaryIps.find(({ name }) => name === `${context.prefix}-ipv4`);
  return serverOf(context, project) && ip?.ip;
}

/** Is this computer's address one of those that SSH is open to? */
async function thisAddress(context: Context): Promise<Finding> {
  const what = "this address";
  const { sshAllowedCidrs } = context.platform.inputs;
  const name = `TF_VAR_${sshAllowedCidrs.name}`;
  const given = context.input(sshAllowedCidrs);
  // An input that is no list is told among the inputs.
  const listed = listIn(given ?? "");
  if (listed === undefined) return findings.skipped(what, `needs ${name}${given === undefined ? "" : " in its form"}`);
  const [address, project] = await Promise.all([context.ownAddress(), context.project()]);
  if (address === undefined) {
    return findings.warning(what, "nobody told which one this computer has", `make sure that it is in ${name}`);
  }
  const range = listed.find((cidr) => inRange(address, cidr));
  if (range !== undefined) return findings.ok(what, `${address} is in ${name} (${range})`);
  const deployed = !isAbsent(project) && serverOf(context, project) !== undefined;
  const ways = isAbsent(project) ? [] : project.firewalls.filter((firewall) => firewall.name !== context.prefix);
  if (letsIn(ways, address)) return findings.ok(what, `${address} is let in by a firewall of its own for now`);
  return findings.failure(
    what,
    `${address} is not in ${name}, which has ${some(listed)}`,
    deployed
      ? `add "${address}/32" to it and, by hand, to the firewall ${context.prefix} in Hetzner Console; or for an hour: npx twinset way-in open ${context.environment.name}`
      : `add "${address}/32" to it`,
  );
}

/** A key that this computer can use without being asked for a passphrase: nobody answers during an apply. */
async function sshKey(context: Context): Promise<Finding> {
  const what = "key";
  const { sshPublicKeys } = context.platform.inputs;
  const name = `TF_VAR_${sshPublicKeys.name}`;
  const given = mapIn(context.input(sshPublicKeys) ?? "");
  const allowed = new Map([...(given ?? [])].map(([person, line]) => [publicKeyIn(line), person] as const));
  const [agent, files] = await Promise.all([agentKeys(context), fileKeys(context)]);
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

async function agentKeys({ env }: Context): Promise<string[]> {
  const { code, stdout } = await attempt("ssh-add", ["-L"], env);
  return code === 0 ? stdout.split("\n").flatMap((line) => publicKeyIn(line) ?? []) : [];
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
  const { stdout } = await attempt(
    "ssh",
    ["-G", `${options.host.user}@${(await hostAddress(context)) ?? context.prefix}`],
    env,
  );
  const files = [...stdout.matchAll(/^identityfile (.+)$/gm)].map(([, file]) => file!);
  const found = await Promise.all(
    files.map(async (file): Promise<KeyFile | undefined> => {
      const path = file.replace(/^~(?=\/)/, env["HOME"] ?? homedir());
      if (!existsSync(path)) return undefined;
      const { code, stdout: line } = await attempt("ssh-keygen", ["-y", "-P", "", "-f", path], env);
      const beside = existsSync(`${path}.pub`) ? publicKeyIn(readFileSync(`${path}.pub`, "utf8")) : undefined;
      return { file, usable: code === 0 ? publicKeyIn(line) : undefined, public: beside };
    }),
  );
  return found.filter((key) => key !== undefined);
}

/** Runs a program that may not be there: then it said nothing. */
async function attempt(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  timeout = 5,
): Promise<Finished> {
  try {
    return await run(program, args, { env, cwd: "/", timeout });
  } catch (reason) {
    const { code } = reason as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "EACCES") throw reason;
    return { code: 127, stdout: "", stderr: `${program} not found`, timedOut: false };
  }
}

/** @returns undefined: it answers; else a word for why not */
function refusalOf(address: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const done = (word: string | undefined): void => {
      socket.destroy();
      resolve(word);
    };
    socket.setTimeout(CONNECT_SECONDS * 1000, () => done(`none within ${CONNECT_SECONDS} s`));
    socket.once("connect", () => done(undefined));
    socket.once("error", (reason: NodeJS.ErrnoException) => done(reason.code ?? reason.message));
  });
}

interface Login {
  readonly hostKey: "known" | "unknown" | "changed";
  /** What the server said of itself; undefined: nobody got in. */
  readonly facts: ReadonlyMap<string, string> | undefined;
  /** ssh's last words, where nobody got in. */
  readonly refusal: string;
  /** Milliseconds, around the moment in which the server told its time. */
  readonly sent: number;
  readonly received: number;
}

/** One login, in which everything is asked. @returns undefined: there is no server */
function loggedIn(context: Context): Promise<Login | undefined> {
  return context.once("login", async () => {
    const address = await hostAddress(context);
    if (address === undefined) return undefined;
    // Nothing is learnt and nothing is shared: what is here afterwards is what was here before.
    const strict = await sshTo(context, address, ["StrictHostKeyChecking=yes"]);
    if (strict.facts) return strict;
    if (/HOST IDENTIFICATION HAS CHANGED/i.test(strict.refusal)) return { ...strict, hostKey: "changed" };
    if (!/Host key verification failed|host key is known/i.test(strict.refusal)) return strict;
    const trusting = await sshTo(context, address, ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"]);
    return { ...trusting, hostKey: "unknown" };
  });
}

async function sshTo({ env, options, now }: Context, address: string, settings: readonly string[]): Promise<Login> {
  const { user } = options.host;
  const given = [
    "BatchMode=yes",
    `ConnectTimeout=${CONNECT_SECONDS}`,
    "ControlMaster=no",
    "ControlPath=none",
    ...settings,
  ];
  const sent = now();
  const args = [...given.flatMap((setting) => ["-o", setting]), `${user}@${address}`, questions(options.host)];
  const { code, stdout, stderr, timedOut } = await attempt("ssh", args, env, LOGIN_SECONDS);
  const received = now();
  const facts = new Map(
    [...stdout.matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!.trim()] as const),
  );
  const got = facts.has("end") || (code === 0 && facts.size > 0);
  return {
    hostKey: "known",
    facts: got ? facts : undefined,
    refusal: timedOut ? `none within ${LOGIN_SECONDS} s` : stderr.trim(),
    sent,
    received,
  };
}

/** A line each, "name=value"; what cannot be told is left out. */
function questions({ readyFile, volumesPath, sshd }: Context["options"]["host"]): string {
  const settings = Object.keys(sshd).join("|");
  return [
    'echo "time=$(date +%s)"',
    `if test -e ${readyFile}; then echo ready=yes; else echo ready=no; fi`,
    `if said=$(docker version --format '{{.Server.Version}}' 2>&1); then echo "docker=$said"; else echo "noDocker=$(echo "$said" | tail -n 1)"; fi`,
    `sudo -n df -Pk ${volumesPath} 2>/dev/null | awk 'NR == 2 { print "disk=" $2 " " $4 " " $6 }'`,
    `sudo -n sshd -T 2>/dev/null | grep -Ei '^(${settings}) ' | sed 's/ /=/'`,
    "echo end=yes",
  ].join("; ");
}

function aboutLogin(context: Context, address: string, login: Login): Finding[] {
  const { hostKey, facts, refusal } = login;
  const key = aboutHostKey(address, hostKey);
  const what = "login";
  const { user } = context.options.host;
  if (!facts) {
    if (hostKey === "changed") return [key];
    const denied = /Permission denied/i.test(refusal);
    const last = refusal.split("\n").at(-1) || "no word about why";
    return [
      ...(denied ? [key] : []),
      findings.failure(
        what,
        `not as ${user}: ${last}`,
        denied
          ? "ssh-add a key that the server knows: those of TF_VAR_ssh_public_keys when it was made"
          : `ssh -v ${user}@${address} says more`,
      ),
    ];
  }
  return [key, findings.ok(what, `as ${user}`), ...aboutServer(context, facts)];
}

function aboutHostKey(address: string, hostKey: Login["hostKey"]): Finding {
  const what = "host key";
  switch (hostKey) {
    case "known":
      return findings.ok(what, "known on this computer, and the same");
    case "unknown":
      return findings.warning(
        what,
        "not known on this computer; Terraform takes whichever it meets first",
        `compare ssh-keyscan ${address} with what somebody has who knows it, and add that to ~/.ssh/known_hosts`,
      );
    case "changed":
      return findings.failure(
        what,
        "it is another one than this computer knows: another server, or somebody in between",
        `if the server was replaced: ssh-keygen -R ${address}; else trust nothing that it says`,
      );
  }
}

const MIB = 1024;
const GIB = 1024 * MIB;
/** Per cent of the data volume that should be free: databases need room to compact. */
const ROOM_PERCENT = 15;
const NO_ROOM_PERCENT = 5;

function aboutServer(context: Context, facts: ReadonlyMap<string, string>): Finding[] {
  return [firstStart(context, facts), docker(facts), ...sshd(context, facts), disk(context, facts)];
}

function firstStart({ options }: Context, facts: ReadonlyMap<string, string>): Finding {
  return facts.get("ready") === "yes"
    ? findings.ok("first start", "went through")
    : findings.failure(
        "first start",
        `not over, or failed: there is no ${options.host.readyFile}`,
        "wait some minutes; then on the server: sudo cat /var/log/cloud-init-output.log",
      );
}

function docker(facts: ReadonlyMap<string, string>): Finding {
  const version = facts.get("docker");
  return version
    ? findings.ok("Docker", version)
    : findings.failure(
        "Docker",
        `does not answer: ${facts.get("noDocker") ?? "no word about why"}`,
        "on the server: sudo systemctl status docker",
      );
}

/** Terraform makes one connection per resource: a default sshd drops them (docs/adr/0007 has the figures). */
function sshd({ options }: Context, facts: ReadonlyMap<string, string>): Finding[] {
  const what = "sshd";
  const wanted = Object.entries(options.host.sshd);
  const other = wanted.filter(([name, value]) => facts.get(name) !== value);
  if (other.length === 0) return [findings.ok(what, wanted.map((pair) => pair.join(" ")).join(", "))];
  if (other.every(([name]) => !facts.has(name))) {
    return [findings.warning(what, "its settings could not be read", "on the server: sudo sshd -T | grep -i max")];
  }
  return [
    findings.warning(
      what,
      other.map(([name, value]) => `${name} is ${facts.get(name) ?? "not told"}, not ${value}`).join("; "),
      "restore /etc/ssh/sshd_config.d/10-twinset.conf: with fewer, connections of a deploy are dropped",
    ),
  ];
}

function disk({ options }: Context, facts: ReadonlyMap<string, string>): Finding {
  const what = "data volume";
  const [, size, free, mounted] = /^(\d+) (\d+) (.+)$/.exec(facts.get("disk") ?? "") ?? [];
  if (size === undefined) {
    return findings.warning(what, "could not be looked at", `on the server: sudo df -h ${options.host.volumesPath}`);
  }
  if (mounted !== options.host.volumesPath) {
    return findings.failure(
      what,
      `not mounted: Docker's volumes lie on ${mounted}, which goes with the server`,
      `on the server: sudo mount ${options.host.volumesPath}, and look at sudo dmesg`,
    );
  }
  const percent = (Number(free) / Number(size)) * 100;
  const found = `${(Number(free) / GIB).toFixed(1)} of ${(Number(size) / GIB).toFixed(1)} GiB free`;
  const fix = "make it larger (volume in the environment's host), or remove what nobody needs: docker system df";
  if (percent < NO_ROOM_PERCENT) return findings.failure(what, found, fix);
  return percent < ROOM_PERCENT ? findings.warning(what, found, fix) : findings.ok(what, found);
}

/** How far the server's clock is ahead of this computer's. @returns undefined: nobody got in */
export async function hostClock(
  context: Context,
): Promise<{ readonly aheadSeconds: number; readonly plusMinus: number } | undefined> {
  // Only what was asked anyway: a login of its own would not be told in time.
  const login = await context.known<Login | undefined>("login");
  const time = Number(login?.facts?.get("time") ?? Number.NaN);
  if (!login || Number.isNaN(time)) return undefined;
  return {
    aheadSeconds: time + 0.5 - (login.sent + login.received) / 2000,
    plusMinus: (login.received - login.sent) / 2000 + 0.5,
  };
}
