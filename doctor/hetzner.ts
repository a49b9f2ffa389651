/** Hetzner Cloud: what the token may do, whose project it is, and who gets past its firewalls. */
import { type Firewall, HetznerSilence, type Project, type Server } from "../clients/hetzner/hetzner";
import { LABELS } from "../delivery/way-in";
import { type Context, isAbsent } from "./context";
import { type Finding, Findings, some } from "./finding";
import { serverOf } from "./server-address";
import { stateOf } from "./state";
import { inRange, listIn } from "./values";

const findings = new Findings("Hetzner");

/** The token: is it known, may it write, is the project this environment's own? */
export async function hetznerToken(context: Context): Promise<Finding[]> {
  if (context.environment.host.kind !== "hetzner") return [];
  const project = await context.project();
  if (isAbsent(project)) {
    return [
      project.fix === undefined
        ? findings.skipped("token and server", project.absent)
        : findings.failure("token", project.absent, project.fix),
    ];
  }
  return [
    findings.ok("token", `valid; ${describe(project)}`),
    await mayWrite(context),
    ...(await ownProject(context, project)),
  ];
}

const describe = ({ servers }: Project): string =>
  servers.length === 0 ? "its project has no server" : `its project has ${some(servers.map(({ name }) => name))}`;

async function mayWrite(context: Context): Promise<Finding> {
  const { hcloudToken } = context.platform.inputs;
  const what = "may write";
  const fix = `make a token with the right Read & Write (${hcloudToken.where}), and set it as TF_VAR_${hcloudToken.name}`;
  try {
    const code = await context.hetzner(context.input(hcloudToken)!).refusalOfAnEmptyOrder();
    if (code === "invalid_input") return findings.ok(what, "an order that cannot be filled was refused for that only");
    if (code === "token_readonly" || code === "forbidden") {
      return findings.failure(what, `no, the token may only read (${code})`, fix);
    }
    return findings.warning(what, `could not be told (${code || "an answer that is not known here"})`, fix);
  } catch (reason) {
    if (!(reason instanceof HetznerSilence)) throw reason;
    return findings.warning(what, `could not be told: ${reason.noAnswer.message}`, "run this again");
  }
}

/** SSH keys exist once in a project, and a token reaches everything in it: so each environment has its own. */
async function ownProject(context: Context, project: Project): Promise<Finding[]> {
  const { platform, environment } = context;
  const what = "project";
  const found: Finding[] = [];
  const strangers = project.servers.filter(
    ({ labels }) =>
      labels["managed-by"] === "twinset" &&
      (labels["platform"] !== platform.name || labels["environment"] !== environment.name),
  );
  if (strangers.length > 0) {
    found.push(
      findings.failure(
        what,
        `has ${some(strangers.map(({ name }) => name))}, of another environment`,
        `use a token of ${environment.name}'s own project`,
      ),
    );
  }
  // What is wrong with the state is told where the state is looked at.
  let isRead = true;
  const state = await stateOf(context).catch(() => {
    isRead = false;
    return undefined;
  });
  if (state && isAbsent(state)) isRead = false;
  const known = state && !isAbsent(state) ? state.serverId : undefined;
  const server = serverOf(context, project);
  if (server && isRead && known === undefined) {
    found.push(
      findings.failure(
        what,
        `has ${server.name}, of which the state knows nothing: a deploy would make another one, and be refused`,
        `find the state that has it (bucket, AWS_ENDPOINT_URL_S3, PLATFORM); npx twinset recover ${environment.name} adopts it`,
      ),
    );
  }
  if (known !== undefined && !project.servers.some(({ id }) => String(id) === known)) {
    found.push(
      findings.failure(
        what,
        `has no server ${known}, which the state has`,
        "use a token of the project with that server; if it was deleted by hand, the next deploy makes a new one",
      ),
    );
  }
  return found.length > 0 ? found : [findings.ok(what, "this environment's own, as far as its servers tell")];
}

/** The environment's own firewall, and ways in that were left open. */
export async function hetznerFirewall(context: Context): Promise<Finding[]> {
  if (context.environment.host.kind !== "hetzner") return [];
  const project = await context.project();
  // The token's own line says why.
  if (isAbsent(project)) return [];
  const server = serverOf(context, project);
  const open = waysIn(context, project);
  if (!server) return [findings.skipped("firewall", "not deployed yet"), ...open];
  return [...ownFirewall(context, project, server), ...open];
}

/** Its firewalls that are in force: all of them together say who gets in. */
export const firewallsOf = (project: Project, server: Server): Firewall[] =>
  server.public_net.firewalls.flatMap(({ id, status }) =>
    status === "applied" ? project.firewalls.filter((firewall) => firewall.id === id) : [],
  );

function ownFirewall(context: Context, project: Project, server: Server): Finding[] {
  const what = "firewall";
  const { sshAllowedCidrs } = context.platform.inputs;
  const deploy = `npx cdktf deploy ${context.environment.name}`;
  const applied = firewallsOf(project, server);
  const own = applied.find(({ name }) => name === context.prefix);
  const result: Finding[] = [];
  if (!own) {
    const exists = project.firewalls.some(({ name }) => name === context.prefix);
    result.push(
      findings.failure(
        what,
        `${context.prefix} ${exists ? "is not attached to" : "is not there to protect"} ${server.name}`,
        `close the server at once (Hetzner Console → Firewalls → ${context.prefix} → Resources), then ${deploy}`,
      ),
    );
  }
  const toAll = applied.filter((firewall) => sshSources(firewall).some(isEverywhere));
  if (toAll.length > 0) {
    result.push(
      findings.failure(
        "SSH",
        `${some(toAll.map(({ name }) => name))} lets the whole world in`,
        `list the addresses in TF_VAR_${sshAllowedCidrs.name}, then ${deploy}; remove firewalls made by hand`,
      ),
    );
  }
  if (own) {
    const listed = listIn(context.input(sshAllowedCidrs) ?? "");
    const now = sshSources(own);
    const same = listed && sorted(listed) === sorted(now);
    if (listed && !same) {
      result.push(
        findings.warning(
          what,
          `lets ${some(now)} use SSH, where TF_VAR_${sshAllowedCidrs.name} says ${some(listed)}`,
          `the next deploy changes it: ${deploy}`,
        ),
      );
    } else if (toAll.length === 0) {
      result.push(findings.ok(what, `attached; SSH from ${some(now)} only`));
    }
  }
  return result;
}

const sorted = (cidrs: readonly string[]): string => [...cidrs].sort().join();

const isEverywhere = (cidr: string): boolean => cidr.endsWith("/0");

/** Who may connect to port 22. */
export const sshSources = ({ rules }: Firewall): string[] =>
  rules.flatMap(({ direction, protocol, port, source_ips }) => {
    const [from, to = from] = (port ?? "").split("-").map(Number);
    return direction === "in" && protocol === "tcp" && from! <= 22 && 22 <= to! ? source_ips : [];
  });

/** Does one of these firewalls let the address use SSH? */
export function letsIn(firewalls: readonly Firewall[], address: string): boolean {
  return firewalls.flatMap(sshSources).some((cidr) => inRange(address, cidr));
}

/** Firewalls that a pipeline's job opens for its own time, with a label that says until when (delivery/way-in.ts). */
function waysIn(context: Context, { firewalls }: Project): Finding[] {
  const what = "ways in";
  const { platform, environment } = context;
  const ways = firewalls.filter(({ labels }) => labels[LABELS.wayIn] === context.prefix);
  const until = ({ labels }: Firewall): number => Number(labels[LABELS.until]);
  const seconds = context.now() / 1000;
  // A time that is none is no time to wait for.
  const late = ways.filter((way) => !(until(way) > seconds));
  if (late.length > 0) {
    return [
      findings.failure(
        what,
        `${some(late.map(({ name }) => name))} is open past its time`,
        `PLATFORM=${platform.name} npx twinset way-in sweep ${environment.name}`,
      ),
    ];
  }
  if (ways.length === 0) return [findings.ok(what, "none is open")];
  const last = new Date(Math.max(...ways.map(until)) * 1000).toISOString();
  return [findings.ok(what, `${some(ways.map(({ name }) => name))}, until ${last}`)];
}
