/**
 * Two operators, each with commands one after the other, and what happens to them meanwhile: deaths at any await, outages,
 * a host that is started again, release files that are older, clocks apart. It is played with the real commands, and what
 * each of them says in the end is held against the world.
 */
import fc from "fast-check";
import { setMaxListeners } from "node:events";
import { canaryStep } from "../../../cli/release/canary";
import { deployStep } from "../../../cli/release/deploy";
import { release } from "../../../cli/release/release";
import { retireStep } from "../../../cli/release/retire";
import { rollback } from "../../../cli/release/rollback";
import type { ReleaseFlags } from "../../../cli/release/session";
import { switchStep } from "../../../cli/release/switch";
import { appliedSets } from "../../../release/applied";
import { isSameSplit } from "../../../release/at-edge";
import type { ReleaseEvent } from "../../../release/report";
import { type Colour, parseSplit, weights } from "../../../model/release";
import { randomOf, virtual } from "./scheduler";
import { productOf } from "../../../release/site";
import { settingsOf, shown } from "./terraform-twin";
import { folderOf, stage } from "./stage";
import {
  type CommandProcess,
  type Computer,
  type Deed,
  type Fault,
  FAULTS,
  type Moment,
  platform,
  PRODUCT,
  type Version,
  VERSIONS,
  Violation,
  World,
} from "./world";

export interface Order {
  readonly deed: Deed;
  /** Seconds after the one before. */
  readonly after: number;
  /** Does this operator fetch the newest release file first? */
  readonly pulls: boolean;
  /** It dies with its n-th call into the world; the world hears of that, or not. */
  readonly dies?: { readonly at: number; readonly done: boolean } | undefined;
  /** Ctrl-C after so many seconds. */
  readonly interrupted?: number | undefined;
  readonly recordFor: "0s" | "20s" | "2m";
  /** Minutes make a lease run out in the keep, seconds make it quick. */
  readonly keepFor: "0s" | "20s";
}

export interface Mishap {
  /** Seconds since the beginning. */
  readonly at: number;
  readonly what: Fault | "the host starts again";
  readonly seconds: number;
}

export interface History {
  readonly seed: number;
  readonly ann: readonly Order[];
  readonly bob: readonly Order[];
  readonly mishaps: readonly Mishap[];
  /** Seconds that Bob's clock is ahead. */
  readonly apart: number;
}

const versions = fc.constantFrom(...(Object.keys(VERSIONS).slice(1) as Version[]));
const deeds: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("release" as const), version: versions }) },
  {
    weight: 2,
    arbitrary: fc.record({
      ...{ kind: fc.constant("release" as const), version: versions },
      until: fc.constantFrom("deploy", "smoke", "canary", "watch", "cutover", "keep"),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "resume" } as const) },
  { weight: 4, arbitrary: fc.constant({ kind: "rollback" } as const) },
  {
    weight: 1,
    arbitrary: fc.record({
      ...{ kind: fc.constant("rollback" as const), version: fc.constantFrom<Version[]>("v1", "v2", "v3") },
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("switch" as const), colour: fc.constantFrom("blue", "green") }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("canary" as const), percent: fc.constantFrom(0, 20) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "retire" } as const) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("deploy" as const), version: versions }) },
);

const order: fc.Arbitrary<Order> = fc.record({
  deed: deeds,
  after: fc.constantFrom(0, 5, 30, 90),
  pulls: fc.boolean().map((older) => !older),
  dies: fc.option(fc.record({ at: fc.integer({ min: 1, max: 90 }), done: fc.boolean() }), { nil: undefined, freq: 3 }),
  interrupted: fc.option(fc.integer({ min: 0, max: 120 }), { nil: undefined, freq: 8 }),
  recordFor: fc.constantFrom("20s", "0s", "2m"),
  keepFor: fc.constantFrom("20s", "0s"),
});

const mishap: fc.Arbitrary<Mishap> = fc.record({
  at: fc.integer({ min: 0, max: 300 }),
  what: fc.constantFrom<(Fault | "the host starts again")[]>("the host starts again", ...FAULTS),
  seconds: fc.constantFrom(1, 10, 45, 150),
});

export const histories: fc.Arbitrary<History> = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  ann: fc.array(order, { minLength: 1, maxLength: 4 }),
  bob: fc.array(order, { maxLength: 3 }),
  mishaps: fc.array(mishap, { maxLength: 3 }),
  apart: fc.constantFrom(0, -400, 400),
});

const FLAGS = { environment: "production", json: true, yes: true, canaryFor: "15s", patience: "10s" } as const;
/** A history that takes longer than this, in steps or in the world's seconds, never ends. */
const LONGEST = { steps: 6000, seconds: 6 * 3600 };

function commanded(deed: Deed, flags: ReleaseFlags, env: NodeJS.ProcessEnv): Promise<number> {
  switch (deed.kind) {
    case "release":
      return release(PRODUCT, deed.version, { ...flags, ...(deed.until ? { until: deed.until } : {}) }, env);
    case "resume":
      return release(PRODUCT, undefined, { ...flags, resume: true }, env);
    case "rollback":
      return rollback(PRODUCT, deed.version, flags, env);
    case "switch":
      return switchStep(PRODUCT, deed.colour, flags, env);
    case "canary":
      return canaryStep(String(deed.percent), PRODUCT, flags, env);
    case "retire":
      return retireStep(PRODUCT, flags, env);
    case "deploy":
      return deployStep(PRODUCT, deed.version, flags, env);
  }
}

/** Whoever waits for the next look listens, dozens of times in one history. */
function aborter(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** What was done and said, for whoever looks for a reason. */
export interface Told {
  readonly lines: string[];
  /** How often each command ended how. */
  readonly ends: string[];
}

/** @throws Violation */
export async function play(history: History, told: Told = { lines: [], ends: [] }): Promise<void> {
  const world = World.deployed({ live: "blue", canary: 0, blue: { version: "v1" }, green: null });
  const { scheduler } = world;
  const restore = virtual(scheduler);
  const said = new Map<CommandProcess, ReleaseEvent[]>();
  stage.world = world;
  stage.files.clear();
  const line = (text: string): void => void told.lines.push(`${(scheduler.now / 1000).toFixed(1)} ${text}`);
  stage.heard = (process, event) => {
    said.get(process)?.push(event);
    if (event.kind === "progress" || event.kind === "watch") return;
    line(`  ${process.name}: ${JSON.stringify(event)}`);
  };
  const over = new Set<CommandProcess>();
  let calm = false;
  let failure: unknown;
  let open = 0;
  let count = 0;

  function begin(computer: Computer, given: Order, unlock: string | undefined, ended: (code?: number) => void): void {
    const { deed, dies, interrupted, recordFor, keepFor } = given;
    const name = `${computer.who.split("@")[0]}-${++count}`;
    let isOver = false;
    const end = (code?: number): void => {
      if (isOver) return;
      isOver = true;
      over.add(process);
      open -= 1;
      ended(code);
    };
    const process: CommandProcess = {
      ...{ name, ahead: computer.ahead, dead: false, calls: 0, computer, deed, moved: false },
      random: randomOf(history.seed + count * 7919),
      began: scheduler.now,
      since: world.moments.length - 1,
      touched: -1,
      operator: { interrupted: false, abort: aborter() },
      ...(deed.kind === "release" ? { version: deed.version } : {}),
      ...(dies ? { dies } : {}),
      died: () => {
        line(`${name} is dead`);
        told.ends.push(`${deed.kind} dead`);
        world.forget(process);
        end();
      },
    };
    said.set(process, []);
    open += 1;
    line(`${name}: ${JSON.stringify(deed)}${unlock === undefined ? "" : " --unlock"}`);
    const flags = { ...FLAGS, recordFor, keepFor, ...(unlock === undefined ? {} : { unlock }) };
    if (interrupted !== undefined) {
      scheduler.at(scheduler.now + interrupted * 1000, process, () => {
        line(`${name}: Ctrl-C`);
        process.operator.interrupted = true;
        process.operator.abort.abort();
      });
    }
    scheduler.at(scheduler.now, process, () => {
      commanded(deed, flags, { CDKTF_OUTDIR: folderOf(computer.who) }).then(
        (code) => {
          if (process.dead) return;
          line(`${name} ends with ${code}`);
          told.ends.push(`${deed.kind} ${code}`);
          try {
            truthful(world, process, code, said.get(process)!);
          } catch (reason) {
            failure ??= reason;
          }
          end(code);
        },
        (reason: unknown) => {
          failure ??=
            reason instanceof Violation ? reason : new Violation(`(4) ${name} crashed: ${(reason as Error).stack}`);
          end();
        },
      );
    });
  }

  /** With a lock in its way whose holder is dead, a person takes it. */
  function once(computer: Computer, given: Order, ended: (code?: number) => void, unlock?: string): void {
    if (given.pulls) computer.release = world.pushed;
    begin(computer, given, unlock, (code) => {
      const lock =
        code === 6 || code === 8 ? [...world.store].find(([name]) => name.endsWith("tflock"))?.[1] : undefined;
      const id = lock && /"ID":"([^"]+)"/.exec(lock.text)?.[1];
      const holder = id === undefined ? undefined : world.lockers.get(id);
      const isDead = holder && (holder.dead || over.has(holder));
      if (unlock === undefined && isDead) once(computer, { ...given, dies: undefined }, ended, id);
      else ended(code);
    });
  }
  function all(computer: Computer, orders: readonly Order[]): void {
    const [first, ...more] = orders;
    if (!first) return;
    open += 1;
    scheduler.at(scheduler.now + first.after * 1000, undefined, () => {
      open -= 1;
      once(computer, first, () => all(computer, more));
    });
  }

  async function run(until: () => boolean): Promise<void> {
    const begun = scheduler.now;
    for (let steps = 0; !until(); steps += 1) {
      const goesOn = await scheduler.step();
      if (failure !== undefined) throw failure;
      if (!goesOn && !until()) throw new Violation("(4) a command waits for what never comes");
      if (steps > LONGEST.steps || scheduler.now - begun > LONGEST.seconds * 1000) {
        throw new Violation("(4) a command does not come to an end");
      }
    }
  }

  const ann: Computer = { who: "ann@laptop", ahead: 0, release: world.pushed };
  const bob: Computer = { who: "bob@desk", ahead: history.apart * 1000, release: world.pushed };
  try {
    for (const { at, what, seconds } of history.mishaps) {
      if (what === "the host starts again") {
        scheduler.at(at * 1000, undefined, () => world.reboot());
        continue;
      }
      scheduler.at(at * 1000, undefined, () => {
        if (calm) return;
        line(`fault: ${what}`);
        world.fault(what, true);
      });
      scheduler.at((at + seconds) * 1000, undefined, () => {
        line(`no fault: ${what}`);
        world.fault(what, false);
      });
    }
    all(ann, history.ann);
    all(bob, history.bob);
    await run(() => open === 0);
    for (const fault of FAULTS) world.fault(fault, false);
    calm = true;
    line("all faults are over");
    const last: Order = {
      ...{ deed: { kind: "rollback" }, after: 0, pulls: false, recordFor: "2m", keepFor: "0s" },
    };
    let rest = 1;
    scheduler.at(scheduler.now + 120_000, undefined, () => once(bob, last, () => (rest -= 1)));
    await run(() => rest === 0);
    agree(world, bob);
  } catch (reason) {
    if (!(reason instanceof Violation)) throw reason;
    throw new Violation(`${reason.message}\n${told.lines.slice(-400).join("\n")}`);
  } finally {
    restore();
  }
}

/**
 * (5) At the end the edge, the state and the release file say the same, and Terraform knows. A state without a switch that is
 * in force says nothing: an apply has failed or died in it, the edge has what was before, and the next apply makes it.
 * Where somebody deployed into the very set that the traffic went back to meanwhile, nothing tells Terraform: its switch
 * would send the visitors on to the new containers, which nobody has tried. The commands say so, and a person decides.
 */
function agree(world: World, computer: Computer): void {
  const now = world.twin.subjects.get(PRODUCT)!.now!;
  const { applied } = world;
  const file = computer.release[PRODUCT]!;
  const said = `the edge has ${now.split}, ${now.recorded === "yes" ? "" : "not "}recorded; the state says ${JSON.stringify(applied)}, the file ${JSON.stringify(file)}`;
  const state = shown(world.tfstate);
  const set = appliedSets(state, platform, productOf({ platform }, PRODUCT))[now.live as Colour];
  if (set?.version !== now[now.live as Colour]) return;
  const isHalf = state.some(
    ({ type, name, values }) =>
      type === "docker_container" &&
      name.startsWith(`${PRODUCT}_${now.live}_`) &&
      !String(values["name"]).endsWith(`-${settingsOf(set!)}`),
  );
  if (isHalf) return;
  const isSame = [file, ...(applied ? [applied] : [])].every((each) =>
    isSameSplit(weights(each), parseSplit(now.split)),
  );
  if (now.recorded !== "yes" || !isSame) throw new Violation(`(5) ${said}`);
}

/** (4) What a command says when it ends, and its code, were so at some moment since it last did something. */
function truthful(world: World, process: CommandProcess, code: number, events: readonly ReleaseEvent[]): void {
  const { deed, name } = process;
  const moments = world.moments.slice(Math.max(process.since, process.touched));
  const wrong = (why: string): never => {
    const last = moments.at(-1)!;
    const so = `${last.split}, ${last.recorded ? "recorded" : "not recorded"}, the state says ${JSON.stringify(last.applied)}`;
    throw new Violation(`(4) ${name} (${JSON.stringify(deed)}) ended with ${code}: ${why}; now ${so}`);
  };
  const wasSo = (is: (moment: Moment) => boolean): boolean => moments.some(is);
  const isAll = ({ shares }: Moment, version: string | undefined): boolean =>
    version !== undefined && shares.get(version) === 100;
  const ends = events.flatMap((event) => (event.kind === "end" ? [event] : []));
  const words = ends.at(-1)?.text.join("\n") ?? "";
  // Whoever hears nothing of the edge cannot know what is so there, and says that.
  const deaf = events.some(
    (event) => event.kind === "line" && event.text.includes("keeper beside the edge does not answer"),
  );
  if (code !== 0 && !events.some((event) => event.kind === "end" || event.kind === "line")) wrong("without a word");

  const serves = /(blue|green) (\S+) serves chat(?: with (\d+) %)?/.exec(words);
  if (serves) {
    const [, colour, version, percent = "100"] = serves;
    const so = wasSo(({ live, shares }) => live === colour && (shares.get(version!) ?? 0) >= Number(percent));
    if (!so) wrong(`"${serves[0]}" was not so`);
  }
  const unseen = /No visitor has seen (\S+?)\.(?:\s|$)/.exec(words)?.[1];
  if (unseen && world.moments.slice(process.since + 1).some(({ shares, by }) => by === name && shares.has(unseen))) {
    wrong(`visitors have seen ${unseen}`);
  }
  const before = events.flatMap((event) => (event.kind === "begin" ? [event.from] : []))[0];
  if (words.includes("COULD NOT BE MOVED BACK") && !deaf && moments.every((moment) => isAll(moment, before))) {
    wrong("all traffic was back");
  }
  if ((code === 2 || code === 6) && process.moved && !deaf)
    wrong("it has moved traffic, and says that nothing was done");
  if (code === 1 && ends.length === 0 && process.moved) wrong("it has moved traffic, and does not say to where");

  const told = ({ recorded, applied, split }: Moment): boolean =>
    recorded && (applied === undefined || isSameSplit(weights(applied), parseSplit(split)));
  switch (deed.kind) {
    case "rollback": {
      const isGood = ({ shares, bad }: Moment): boolean => shares.size === 1 && !bad;
      if (code === 0 && !wasSo((moment) => isGood(moment) && (deaf || told(moment))))
        wrong("no good version has all traffic");
      if (code === 8 && !wasSo(isGood)) wrong("no good version has all traffic at the edge");
      return;
    }
    case "release":
    case "resume": {
      const { version } = process;
      const until = deed.kind === "release" ? deed.until : undefined;
      if (code === 4 && !wasSo((moment) => isAll(moment, before))) wrong(`${before} does not have all traffic`);
      if (code !== 0 || version === undefined || deed.kind === "resume") return;
      const inState = ({ applied }: Moment): boolean =>
        [applied?.blue?.version, applied?.green?.version].includes(version);
      const share = ({ shares }: Moment): number => shares.get(version) ?? 0;
      const is: Record<string, (moment: Moment) => boolean> = {
        deploy: inState,
        smoke: inState,
        canary: (moment) => share(moment) > 0 && told(moment),
        watch: (moment) => share(moment) > 0,
        cutover: (moment) => isAll(moment, version) && told(moment),
        keep: (moment) => isAll(moment, version),
        all: (moment) => isAll(moment, version) && told(moment) && !(moment.applied?.blue && moment.applied.green),
      };
      if (!wasSo(is[until ?? "all"]!)) wrong(`${version} is not where it is said to be`);
      return;
    }
    case "switch":
      if (code === 0 && !wasSo((moment) => moment.live === deed.colour && moment.shares.size === 1 && told(moment))) {
        wrong(`${deed.colour} does not have all traffic`);
      }
      return;
    case "canary":
      if (code === 0 && !wasSo((moment) => told(moment) && moment.applied?.canary === deed.percent)) {
        wrong(`no canary of ${deed.percent} %`);
      }
      return;
    default:
      return;
  }
}
