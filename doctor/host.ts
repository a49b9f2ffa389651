/** The server: may this computer reach it, and who logs in? */
import { knock } from "../clients/tcp";
import { type Context, isAbsent } from "./context";
import { type Finding, Findings, some } from "./finding";
import { letsIn } from "./hetzner";
import { CONNECT_SECONDS, loggedIn, type Login } from "./login";
import { aboutServer } from "./server";
import { hostAddress, serverOf } from "./server-address";
import { sshKey } from "./ssh-key";
import { inRange, listIn } from "./values";

const findings = new Findings("host");

const SSH_PORT = 22;

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

/** @returns undefined: it answers; else a word for why not */
async function refusalOf(address: string, port: number): Promise<string | undefined> {
  const knocked = await knock(address, port, CONNECT_SECONDS);
  if (knocked.answer === "open") return undefined;
  return knocked.answer === "silent" ? `none within ${CONNECT_SECONDS} s` : knocked.word;
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
