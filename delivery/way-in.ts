/**
 * The way in: a second firewall in front of an environment's server that lets one address use SSH, for a while. What is
 * open is known from Hetzner alone (labels), so that whoever comes later can close it, whatever became of who opened it.
 * docs/adr/0008-the-runners-way-in.md says why it is made like this.
 */
import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import { NOT_PUBLIC_IPV4 } from "../model/addresses";
import { environmentPrefix } from "../model/names";
import { error, type Problem, ProblemsError } from "../model/problem";
import { type Firewall, type Hetzner, HetznerRefusal, type Target } from "../clients/hetzner/hetzner";
import { seenAddress } from "../clients/own-address";

/** The labels of a way in. Label values are at most 63 letters, digits, dashes, dots (Hetzner's API reference, "Labels"). */
export const LABELS = { wayIn: "twinset.way-in", until: "twinset.until", run: "twinset.run" } as const;

/** A GitHub job ends after six hours at the latest ("Usage limits"); no way in needs to be open for longer. */
export const LONGEST_SECONDS = 6 * 3600;

const SSH = "22";

/** The environment that a way in leads to. */
export interface Place {
  readonly platform: string;
  readonly environment: string;
}

export interface WayIn {
  readonly id: number;
  /** Who opened it: "17412345678-1". */
  readonly run: string;
  /** Who may use it: "192.0.2.7/32". */
  readonly from: readonly string[];
  /** Unix seconds; undefined where the label is none that this program writes. */
  readonly until: number | undefined;
}

export interface Opening extends Place {
  /** An address without a mask. */
  readonly from: string;
  readonly seconds: number;
  /** Names who opens it; `closeWaysIn` finds it by that. */
  readonly run: string;
  /** Unix seconds. */
  readonly now: number;
}

export interface Opened extends WayIn {
  readonly until: number;
  /** The server's address; undefined before the environment's first deploy, when the way in waits for the server. */
  readonly address: string | undefined;
  /** Those that were past their time, and are closed now. */
  readonly swept: readonly WayIn[];
}

/**
 * Opens a way in, after closing those that are past their time. When it comes back, Hetzner says that the firewall is
 * applied.
 * @throws ProblemsError for an address or a time that cannot be meant, and for what Hetzner refuses; nothing is left open
 */
export async function openWayIn(hetzner: Hetzner, opening: Opening): Promise<Opened> {
  const { platform, environment, run, now, seconds } = opening;
  const source = sourceOf(opening.from);
  const problems = [
    ...(source === undefined
      ? [error("--from", opening.from, "one public address, without a mask", "say it as in --from 192.0.2.7")]
      : []),
    ...(seconds > 0 && seconds <= LONGEST_SECONDS
      ? []
      : [error("--for", `${seconds} s`, "more than nothing, at most 6h", "say it as in --for 60m")]),
    ...(isLabel(run) ? [] : [error("--run", run, "letters, digits, dashes and dots, at most 63", "shorten it")]),
  ];
  if (source === undefined || problems.length > 0) throw new ProblemsError(problems);

  const swept = await sweepWaysIn(hetzner, opening, now);
  const prefix = environmentPrefix(platform, environment);
  const server = await hetzner.server(prefix);
  const until = Math.floor(now + seconds);
  const target: Target = server
    ? { type: "server", server: { id: server.id } }
    : // The stack's own labels of a server: the one that the job is about to make.
      { type: "label_selector", label_selector: { selector: `platform=${platform},environment=${environment}` } };
  const made = await hetzner.createFirewall({
    // Names are unique in a project, and one run may open twice.
    name: `way-in-${prefix}-${run}-${randomBytes(3).toString("hex")}`,
    labels: { [LABELS.wayIn]: prefix, [LABELS.until]: String(until), [LABELS.run]: run },
    rules: [{ direction: "in", protocol: "tcp", port: SSH, source_ips: [source], description: `run ${run}` }],
    apply_to: [target],
  });
  try {
    await hetzner.finished(made.actions);
  } catch (reason) {
    await close(hetzner, made.id);
    throw reason;
  }
  const address = server?.public_net.ipv4?.ip;
  return { id: made.id, run, from: [source], until, address, swept };
}

/** What is open at the moment, or was and is past its time. */
export async function waysIn(hetzner: Hetzner, { platform, environment }: Place): Promise<WayIn[]> {
  const prefix = environmentPrefix(platform, environment);
  return (await hetzner.firewalls({ selector: `${LABELS.wayIn}=${prefix}` })).map(wayInOf);
}

/** Closes what a run opened, however often and on whichever computer. @returns what was closed */
export const closeWaysIn = (hetzner: Hetzner, place: Place, run: string): Promise<WayIn[]> =>
  closeAll(hetzner, place, (way) => way.run === run);

/**
 * Closes what is past its time. One whose time cannot be read is: nobody can say that it may stay.
 * @param now unix seconds
 * @returns what was closed
 */
export const sweepWaysIn = (hetzner: Hetzner, place: Place, now: number): Promise<WayIn[]> =>
  closeAll(hetzner, place, ({ until }) => until === undefined || until <= now);

/** @throws ProblemsError with what could not be closed, after all others were */
async function closeAll(hetzner: Hetzner, place: Place, which: (way: WayIn) => boolean): Promise<WayIn[]> {
  const closed: WayIn[] = [];
  const problems: Problem[] = [];
  for (const way of (await waysIn(hetzner, place)).filter(which)) {
    try {
      await close(hetzner, way.id);
      closed.push(way);
    } catch (reason) {
      if (!(reason instanceof ProblemsError)) throw reason;
      problems.push(...reason.problems);
    }
  }
  if (problems.length > 0) throw new ProblemsError(problems);
  return closed;
}

const ROUNDS = 5;

/**
 * Takes a firewall away from everything and deletes it. Another one may be at the same, and who opened it may still be
 * applying it: so it looks again until the firewall is gone.
 */
async function close(hetzner: Hetzner, id: number): Promise<void> {
  for (let round = 1; ; round++) {
    try {
      const firewall = await hetzner.firewall(id);
      if (!firewall) return;
      if (firewall.targets.length > 0) await hetzner.detachFirewall(id, firewall.targets);
      await hetzner.deleteFirewall(id);
      return;
    } catch (reason) {
      if (!(reason instanceof HetznerRefusal) || !PASSING.has(reason.code) || round === ROUNDS) throw reason;
    }
  }
}

/** Refusals that another look settles: somebody else was faster, or an action of the opener came in between. */
const PASSING = new Set(["resource_in_use", "firewall_resource_not_found", "not_found"]);

function wayInOf({ id, labels, rules }: Firewall): WayIn {
  const until = labels[LABELS.until] ?? "";
  return {
    id,
    run: labels[LABELS.run] ?? "",
    from: rules.flatMap(({ source_ips }) => source_ips),
    until: /^\d{1,12}$/.test(until) ? Number(until) : undefined,
  };
}

/**
 * Is the environment's own firewall in front of its server? Without it the server has every port open that something
 * listens on.
 * @returns the problem, or undefined: it is, or there is no server
 */
export async function firewallProblem(
  hetzner: Hetzner,
  { platform, environment }: Place,
): Promise<Problem | undefined> {
  const name = environmentPrefix(platform, environment);
  const server = await hetzner.server(name);
  if (!server) return undefined;
  const [own] = await hetzner.firewalls({ name });
  const there = server.public_net.firewalls.some(({ id, status }) => id === own?.id && status === "applied");
  if (own && there) return undefined;
  return error(
    `Hetzner: server ${name}`,
    own ? `not behind the firewall ${name}` : `no firewall ${name}`,
    "behind its own firewall",
    `npx cdktf deploy ${environment}`,
  );
}

/** @returns the network of that one address, or undefined for what is no public address */
export function sourceOf(address: string): string | undefined {
  if (isIP(address) === 4) return NOT_PUBLIC_IPV4.check(address, "ipv4") ? undefined : `${address}/32`;
  // 2000::/3 is all that is given out of IPv6 (IANA).
  return isIP(address) === 6 && /^[23][0-9a-f]{3}:/i.test(address) ? `${address}/128` : undefined;
}

const isLabel = (text: string): boolean => /^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/i.test(text);

/**
 * This computer's address as others see it, for a way in.
 * @param url of who tells it. @default Cloudflare's
 * @throws ProblemsError where it cannot be had
 */
export async function ownAddress(url?: string): Promise<string> {
  const seen = await seenAddress(url);
  if ("address" in seen) return seen.address;
  throw new ProblemsError([
    error(seen.url, seen.missing, "this computer's address", "say it yourself: --from <address>"),
  ]);
}
