/** One login to the server, in which everything is asked. */
import type { Context } from "./context";
import { overSsh } from "../clients/ssh";
import { hostAddress } from "./server-address";

/** For reaching the server. */
export const CONNECT_SECONDS = 5;
/** For everything that is asked of the server in one login. */
const LOGIN_SECONDS = 12;

export interface Login {
  readonly hostKey: "known" | "unknown" | "changed";
  /** What the server said of itself; undefined: nobody got in. */
  readonly facts: ReadonlyMap<string, string> | undefined;
  /** ssh's last words, where nobody got in. */
  readonly refusal: string;
  /** Milliseconds, around the moment in which the server told its time. */
  readonly sent: number;
  readonly received: number;
}

/** Logs in once. @returns undefined: there is no server */
export function loggedIn(context: Context): Promise<Login | undefined> {
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
  const sent = now();
  const { code, stdout, stderr, timedOut } = await overSsh(questions(options.host), {
    destination: `${options.host.user}@${address}`,
    env,
    settings,
    connectSeconds: CONNECT_SECONDS,
    seconds: LOGIN_SECONDS,
  });
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
function questions({ readyFile, failedFile, rebootFile, volumesPath, sshd }: Context["options"]["host"]): string {
  const settings = Object.keys(sshd).join("|");
  return [
    'echo "time=$(date +%s)"',
    `if test -e ${readyFile}; then echo ready=yes; else echo ready=no; fi`,
    `if test -s ${failedFile}; then echo "failed=$(head -n 1 ${failedFile})"; fi`,
    `if test -e ${rebootFile}; then echo "reboot=$(( ($(date +%s) - $(stat -c %Y ${rebootFile})) / 86400 ))"; fi`,
    `if said=$(docker version --format '{{.Server.Version}}' 2>&1); then echo "docker=$said"; else echo "noDocker=$(echo "$said" | tail -n 1)"; fi`,
    `sudo -n df -Pk ${volumesPath} 2>/dev/null | awk 'NR == 2 { print "disk=" $2 " " $4 " " $6 }'`,
    `sudo -n sshd -T 2>/dev/null | grep -Ei '^(${settings}) ' | sed 's/ /=/'`,
    "echo end=yes",
  ].join("; ");
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
