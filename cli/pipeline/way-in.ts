/** `twinset way-in`: SSH for one address and for a while, past the environment's own firewall. */
import { Command } from "commander";
import { userInfo } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Hetzner } from "../../clients/hetzner/hetzner";
import { knock } from "../../clients/tcp";
import { closeWaysIn, openWayIn, ownAddress, type Place, sweepWaysIn, type WayIn, waysIn } from "../../delivery/way-in";
import type { EnvironmentName } from "../../model/environment-name";
import { error, list, ProblemsError } from "../../model/problem";
import { minutes } from "../../model/units";
import { hetznerAccess } from "../shared/access";
import { durationOf } from "../shared/duration";
import { environmentNamed } from "../shared/names";
import { loadCatalog } from "../shared/catalog";

export interface WayInFlags {
  readonly for?: string;
  readonly from?: string;
  readonly run?: string;
  /** Wait until the server lets this computer in? @default true */
  readonly wait?: boolean;
}

const WAY_IN_ACTIONS = ["open", "close", "sweep", "list"] as const;

export interface WayInCommand {
  readonly action: string;
  readonly environment: EnvironmentName;
  readonly flags: WayInFlags;
  readonly env: NodeJS.ProcessEnv;
  readonly write?: (line: string) => void;
  readonly now?: () => number;
  /** @default tries to connect, for two minutes */
  readonly reachable?: (address: string) => Promise<boolean>;
}

/**
 * @returns 0: done; 1: it is open, but the server does not answer
 * @throws ProblemsError for a mistake, and for what Hetzner refuses
 */
export async function wayIn(command: WayInCommand): Promise<number> {
  const { action, flags, env, environment } = command;
  const write = command.write ?? console.log;
  const now = (command.now ?? Date.now)() / 1000;
  const { platform } = loadCatalog(env);
  if (platform.environments[environment].host.kind !== "hetzner") {
    throw new ProblemsError([
      error("environment", `${environment}, which has no server`, "one with a server", "name staging or production"),
    ]);
  }
  const place: Place = { platform: platform.name, environment };
  const hetzner = new Hetzner(hetznerAccess(env));
  const run = flags.run ?? runOf(env);
  const at = `${place.platform} ${place.environment}`;
  switch (action) {
    case "open": {
      const from = flags.from ?? (await ownAddress());
      const { seconds } = durationOf(flags.for, "--for", minutes(60));
      const opened = await openWayIn(hetzner, { ...place, from, seconds, run, now });
      for (const way of opened.swept) write(`Closed, as it was past its time: ${describe(way)}`);
      write(`Open at ${at}: ${describe(opened)}`);
      if (opened.address === undefined) {
        write("There is no server yet; the way in is for the one that comes.");
        return 0;
      }
      if (flags.wait === false || (await (command.reachable ?? answers)(opened.address))) return 0;
      write(`warning: ${opened.address} does not answer on port 22 for ${from}. See that this is the address it sees.`);
      return 1;
    }
    case "close":
      return told(await closeWaysIn(hetzner, place, run), "Closed", `Nothing was open at ${at} for run ${run}.`, write);
    case "sweep":
      return told(await sweepWaysIn(hetzner, place, now), "Closed", `Nothing is past its time at ${at}.`, write);
    case "list":
      return told(await waysIn(hetzner, place), "Open", `No way in is open at ${at}.`, write);
    default:
      throw new ProblemsError([
        error("way-in", action, `one of ${list([...WAY_IN_ACTIONS])}`, "correct the word, e.g. way-in open staging"),
      ]);
  }
}

function told(ways: readonly WayIn[], did: string, otherwise: string, write: (line: string) => void): 0 {
  for (const way of ways) write(`${did}: ${describe(way)}`);
  if (ways.length === 0) write(otherwise);
  return 0;
}

function describe({ run, from, until }: WayIn): string {
  const end = until === undefined ? "until nobody knows when" : `until ${new Date(until * 1000).toISOString()}`;
  return `SSH from ${list(from)}, ${end} (run ${run})`;
}

/** A job's own number, with its attempt; else this computer's user, so that people do not close each other's. */
function runOf(env: NodeJS.ProcessEnv): string {
  const run = env["GITHUB_RUN_ID"];
  if (run) return `${run}-${env["GITHUB_RUN_ATTEMPT"] ?? "1"}`;
  return `by-hand-${userInfo().username.replaceAll(/[^a-zA-Z0-9]/g, "") || "somebody"}`;
}

const TRIES = 24;

/** Hetzner says that a firewall is applied a few seconds before it is felt. */
async function answers(address: string): Promise<boolean> {
  for (let n = 0; n < TRIES; n++) {
    if (n > 0) await sleep(2000);
    if ((await knock(address, 22, 3)).answer === "open") return true;
  }
  return false;
}

export const command = new Command("way-in")
  .description("SSH past the firewall, for one address and for a while: open, close, sweep (past their time) or list")
  .argument("<action>", "open, close, sweep or list")
  .argument("<environment>", "staging or production")
  .option("--for <time>", "open: how long, e.g. 60m, at most 6h (default: 60m)")
  .option("--from <address>", "open: whose (default: this computer's, as 1.1.1.1 sees it)")
  .option("--run <id>", "open, close: whose it is (default: the workflow's run, or you)")
  .option("--no-wait", "open: do not wait until the server answers")
  .action(async (action: string, name: string, flags: WayInFlags) => {
    process.exitCode = await wayIn({
      action,
      environment: environmentNamed(name, process.env),
      flags,
      env: process.env,
    });
  });
