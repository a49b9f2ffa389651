/**
 * The keeper beside an environment's edge: what the edge serves, and a way to move traffic at once. One `docker exec` on
 * this computer, or by a single SSH connection on a server, answers a question or carries a move out; neither Terraform
 * nor a state, a lock or a registry is needed.
 */
import { spawn } from "node:child_process";
import { z } from "zod";
import { keeperName, PROGRAM_VARIABLE } from "../model/edge-keeper";
import { type Colour, COLOURS, formatSplit, parseSplit, type Weights } from "../model/release";
import { childBegins } from "./timings";

/** How the keeper's container is reached. */
export interface KeeperPlace {
  /** Begins the containers' names: "manacore-production". */
  readonly prefix: string;
  /** "deploy@203.0.113.7". @default the Docker engine that the environment names */
  readonly destination?: string;
  readonly env: NodeJS.ProcessEnv;
  /** Of ssh, as `ssh -o` takes them. @default none */
  readonly settings?: readonly string[];
}

/**
 * What put a split into force: Terraform's switch; a way back, by a person or a run; a lease that ran out; or a step forward
 * whose plan the guard has read, and that Terraform is about to carry out.
 */
export const MOVERS = ["switch", "person", "run", "lease", "forward"] as const;
export type Mover = (typeof MOVERS)[number];

/** How the edge splits one product's traffic, and what is known of it there. */
export interface ServedSplit {
  readonly product: string;
  /** Per cent per set; sets that do not run are not in it. */
  readonly weights: Weights;
  /** The set that is live, and that a canary goes back to. */
  readonly live: Colour;
  readonly versions: Readonly<Partial<Record<Colour, string>>>;
  /** Twelve hex digits: names the file that the edge reads. */
  readonly revision: string;
  readonly by: Mover;
  /** Has a switch of Terraform's put it there, or said the same since? */
  readonly recorded: boolean;
  /** By the host's clock, or the clock of who asked for it. */
  readonly at: string;
  readonly who: string;
  readonly why: string;
  /** Is the file that the edge reads this one, and does the edge say that it serves it? */
  readonly inForce: boolean;
  /** Seconds of a lease. */
  readonly lease: number;
  /** Seconds that the canary's lease has left; undefined: it has none. */
  readonly leaseLeft: number | undefined;
  /** Seconds until nobody watches the set that is kept, negative since then; undefined: nobody ever did. */
  readonly watchedLeft: number | undefined;
  /** Oldest first; the last is this one. */
  readonly past: readonly PastSplit[];
}

export type PastSplit = Pick<ServedSplit, "weights" | "live" | "versions" | "at" | "by" | "who" | "why">;

export interface Move {
  readonly product: string;
  /** Of what is in force: whatever else was put there meanwhile stays. */
  readonly revision: string;
  readonly weights: Weights;
  readonly live: Colour;
  readonly by: Exclude<Mover, "switch" | "lease">;
  readonly who: string;
  readonly why: string;
}

/** The keeper did not answer; the message is for people. */
export class KeeperError extends Error {}

/** It did answer: the move was not made. As a rule the edge does not serve the new split, and has the former one again. */
export class NotMoved extends KeeperError {}

/** Somebody else has moved the traffic meanwhile; the message says to where, when and who. */
export class MovedMeanwhile extends KeeperError {}

/** Between the parts of a call; no name, version or sentence has it. */
const SEPARATOR = "\u001f";
/** Seconds. The edge has 30 to serve a move. */
const PATIENCE = { connect: 5, facts: 10, move: 45 } as const;

export class EdgeKeeper {
  constructor(private readonly place: KeeperPlace) {}

  /**
   * @param product @default all
   * @returns none for an environment whose keeper is not there yet
   * @throws KeeperError where the engine or the server does not answer
   */
  async facts(product?: string): Promise<readonly ServedSplit[]> {
    const { lines } = await this.ask(["facts", product ?? ""], PATIENCE.facts);
    return splitsIn(lines);
  }

  /** All that is known of one product. @returns undefined: no switch with a keeper's program has served it yet */
  async served(product: string): Promise<ServedSplit | undefined> {
    return (await this.facts(product))[0];
  }

  /** Puts a split into force, and comes back when the edge serves it. @throws MovedMeanwhile @throws NotMoved @throws KeeperError */
  async move({ product, revision, weights, live, by, who, why }: Move): Promise<void> {
    const call = ["move", product, revision, formatSplit(weights), live, by, new Date().toISOString(), who, why];
    mustBeDone(await this.ask(call, PATIENCE.move));
  }

  /** Somebody watches, for another lease. @throws MovedMeanwhile when what is watched is no longer in force */
  async renew({ product, revision }: Pick<ServedSplit, "product" | "revision">): Promise<void> {
    mustBeDone(await this.ask(["renew", product, revision], PATIENCE.facts));
  }

  private async ask(call: readonly string[], seconds: number): Promise<Answer> {
    const line = call.map((part) => part.replaceAll(/[\u0000-\u001f\u007f]+/g, " ").trim()).join(SEPARATOR);
    const ended = childBegins("keeper", call.slice(0, 1));
    const { stdout, stderr, code, late } = await spoken(
      this.command,
      this.place.env,
      `${line}
`,
      seconds,
    );
    ended();
    const lines = stdout.split("\n");
    const end = lines.findLastIndex((each) => /^\.\d+$/.test(each));
    if (end >= 0) return { lines: lines.slice(0, end), code: Number(lines[end]!.slice(1)) };
    if (/no such container/i.test(stderr)) throw new NoKeeper(`there is no ${keeperName(this.place.prefix)}`);
    const said = stderr.trim().split("\n").slice(-3).join("; ");
    const otherwise = late
      ? `no answer within ${seconds} s`
      : `it ended without an answer (exit code ${code ?? "none"})`;
    throw new KeeperError(said || otherwise);
  }

  private get command(): readonly string[] {
    const { prefix, destination, settings = [] } = this.place;
    const exec = ["docker", "exec", "-i", keeperName(prefix), "sh", "-c"];
    const program = `exec sh -c "$${PROGRAM_VARIABLE}" edge session`;
    if (destination === undefined) return [...exec, program];
    const given = ["BatchMode=yes", `ConnectTimeout=${PATIENCE.connect}`, ...settings];
    return ["ssh", ...given.flatMap((each) => ["-o", each]), destination, [...exec, `'${program}'`].join(" ")];
  }
}

/** The environment has no keeper (yet): it was deployed by an older Twinset, or not at all. */
export class NoKeeper extends KeeperError {}

interface Answer {
  readonly lines: readonly string[];
  readonly code: number;
}

function mustBeDone({ lines, code }: Answer): void {
  const said = lines.filter((line) => line !== "").join("; ");
  if (code === 3) throw new MovedMeanwhile(said);
  if (code !== 0) throw new NotMoved(said);
}

/** A child that is spoken to once; it is gone afterwards, whatever it does. */
function spoken(
  [program, ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
  input: string,
  seconds: number,
): Promise<{ stdout: string; stderr: string; code: number | null; late: boolean }> {
  return new Promise((resolve) => {
    const child = spawn(program!, args, { env, cwd: "/", stdio: ["pipe", "pipe", "pipe"] });
    const output = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (text: string) => (output[stream] += text));
    }
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
      // Whoever holds its pipes open (a shared SSH connection) is not waited for.
      done(null);
    }, seconds * 1000);
    const done = (code: number | null, more = ""): void => {
      clearTimeout(timer);
      resolve({ stdout: output.stdout, stderr: output.stderr + more, code, late });
    };
    // The answer is whole with its last line; a shared connection that this one has opened may stay.
    child.stdout.on("data", () => {
      if (!/^\.\d+\n$/m.test(output.stdout)) return;
      done(0);
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
    });
    child.on("error", ({ message }) => done(null, message));
    child.on("close", (code) => done(code));
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}

const colour = z.enum(COLOURS);
const facts = z.object({
  split: z.string(),
  live: colour,
  revision: z.string(),
  by: z.enum(MOVERS),
  recorded: z.enum(["yes", "no"]),
  at: z.string(),
  who: z.string(),
  why: z.string(),
});

/** What `facts` answers, read. A subject of which nothing is known yet is left out. @throws KeeperError for what is no such answer */
export function splitsIn(lines: readonly string[]): readonly ServedSplit[] {
  const splits: ServedSplit[] = [];
  let name: string | undefined;
  let found: Record<string, string> = {};
  let past: PastSplit[] = [];
  const end = (): void => {
    if (name !== undefined && found["revision"] !== undefined) splits.push(splitOf(name, found, past));
    found = {};
    past = [];
  };
  for (const line of lines) {
    const at = line.indexOf(" ");
    const [key, value] = at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
    if (key === "subject") {
      end();
      name = value;
    } else if (key === "past") past.push(...pastIn(value));
    else if (key !== "") found[key] = value;
  }
  end();
  return splits;
}

function splitOf(product: string, found: Readonly<Record<string, string>>, past: readonly PastSplit[]): ServedSplit {
  const read = facts.safeParse(found);
  if (!read.success) throw new KeeperError(`what the keeper says of ${product} cannot be read: ${read.error.message}`);
  const { split, recorded, ...same } = read.data;
  return {
    ...same,
    product,
    weights: parseSplit(split),
    versions: versionsOf(found["blue"], found["green"]),
    recorded: recorded === "yes",
    inForce: found["file"] === "yes" && found["served"] === same.revision,
    lease: Number(found["lease"] ?? 0),
    leaseLeft: numberIn(found["lease-left"]),
    watchedLeft: numberIn(found["watched-left"]),
    past,
  };
}

function pastIn(line: string): PastSplit[] {
  const [at = "", by = "", split = "", live = "", blue = "", green = "", who = "", why = ""] = line.split(SEPARATOR);
  const read = z.object({ by: z.enum(MOVERS), live: colour }).safeParse({ by, live });
  if (!read.success) return [];
  return [{ ...read.data, at, who, why, weights: parseSplit(split), versions: versionsOf(blue, green) }];
}

const numberIn = (text: string | undefined): number | undefined =>
  text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;

/** Of a set that does not run it says "-". */
const versionsOf = (blue = "-", green = "-"): ServedSplit["versions"] => ({
  ...(blue === "-" ? {} : { blue }),
  ...(green === "-" ? {} : { green }),
});
