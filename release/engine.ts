/**
 * Takes a run through its steps. It decides nothing: `machine.ts` says what is next, the guard what a plan may touch, the
 * verdict how the new version does. Here it is done, told and written down.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { canaryRules } from "../model/canary";
import { UNTOLD } from "../model/edge-keeper";
import { formatProblem, ProblemsError } from "../model/problem";
import { type ProductRelease, weights } from "../model/release";
import type { ResourceChange } from "../terraform/plan";
import { AtEdge } from "./at-edge";
import { stillCarrying } from "./carrying";
import { explain } from "./explain";
import { asProblem, guard, GuardRefused, switchAddress } from "./guard";
import { AGAIN_EVERY_MS, held } from "./held";
import { inTime } from "./in-time";
import { intentOf } from "./intent";
import { OnTrial } from "./meanwhile";
import { DECISIONS, isRefusal, type Performed } from "./performed";
import { lackingIn } from "./live";
import { applies, type Event, newColour, next, type Run, type Step, task, WENT_WRONG } from "./machine";
import { describeChange, movesOnly, planSummary } from "./plan-words";
import type { Reporter } from "./report";
import { productOf, type Site } from "./site";
import { smoke } from "./smoke";
import { change, gains } from "./steps";
import {
  type Ledger,
  type Noted,
  type Operator,
  type RunLock,
  type Timings,
  type Watcher,
  type WatchRules,
} from "./surroundings";

/** So long is asked what others have done, between two looks at what is watched. */
const OTHERS_MS = 3000;

export interface EngineOptions {
  readonly site: Site;
  readonly product: string;
  readonly report: Reporter;
  readonly ledger: Ledger;
  readonly watcher: Watcher;
  readonly operator: Operator;
  readonly lock: RunLock;
  /** Addresses outside of the product that may change. */
  readonly allow: readonly string[];
  readonly timings: Timings;
  /** Whose moves at the edge are these? @default "run" */
  readonly by?: "person" | "run";
  /**
   * Has somebody else changed the product since the run's last step? In a sentence; asked under the lock, before each
   * step. @default nobody has
   */
  readonly overtaken?: (run: Pick<Run, "now">, step: Step) => Promise<string | undefined>;
  /** For a run that is resumed: since when the new set has had its share. @default when it gets it */
  readonly sharedSince?: Date | undefined;
}

export class Engine {
  /** When the new set got its share of the traffic. */
  private sharedSince: number;
  /** Did the guard refuse the last plan? */
  refused = false;
  private readonly edge: AtEdge;

  constructor(private readonly options: EngineOptions) {
    const { site, product, report, by = "run" } = options;
    this.edge = new AtEdge({ product, report, by, keeper: () => site.keeper() });
    this.sharedSince = options.sharedSince?.getTime() ?? Date.now();
  }

  /** Could the edge not be asked? Then nobody knows what it serves. */
  get isDeaf(): boolean {
    return this.edge.isSilent;
  }

  /** Goes on until the run has ended. */
  async run(run: Run): Promise<Run> {
    const { site, product, timings, watcher } = this.options;
    const { canarySeconds: seconds, patienceSeconds, everySeconds } = timings;
    for (let current = run; ;) {
      const { step } = current;
      if (step === "ended") return current;
      const now = current;
      const due = task(now);
      const change = due.kind === "apply" ? { from: now.now, to: due.to } : {};
      const trial =
        step === "cutover" && now.now && now.now.canary > 0
          ? new OnTrial(this.edge, watcher, { seconds, patienceSeconds, everySeconds })
          : undefined;
      const taken = this.noted(
        { step, ...change },
        intentOf(now, site, product, timings),
        async () => {
          const came = await this.perform(now);
          // What was seen while it was waited for counts, also where the step itself went well.
          const against = await trial?.word();
          const performed: Performed = against && came.event === "ok" ? { event: "failed", text: against } : came;
          const then = next(now, performed.event);
          // Before anything is written down: that may take as long as the store likes.
          if (then.step === "back" && step !== "back") await this.edge.back(applies(then), performed.text.join("; "));
          return performed;
        },
        (over) => (over === undefined ? now : next(now, over)),
      );
      const { event } = await (trial ? trial.during(taken, now.now!, this.sharedSince) : taken);
      current = next(now, event);
    }
  }

  /** One step by itself, outside of a run: the operator's own decision. */
  single(step: Step, from: ProductRelease | null, to: ProductRelease, intent: string): Promise<Performed> {
    return this.noted({ step, from, to }, intent, async () => {
      try {
        return step === "back"
          ? await this.back({ before: from, now: from }, to, intent)
          : await this.apply({ before: from, now: from }, step, to);
      } catch (reason) {
        return this.refusal(reason);
      }
    });
  }

  /** Does something, tells of it, and writes down that it begins and how it ended. */
  private async noted(
    what: Pick<Noted, "step" | "from" | "to">,
    intent: string,
    work: () => Promise<Performed>,
    progress?: (over?: Event) => Run,
  ): Promise<Performed> {
    const { ledger, report } = this.options;
    const { step } = what;
    await ledger.append({ event: "step-started", ...what, ...(progress ? { progress: progress() } : {}) });
    report({ kind: "step", step, state: "begins", text: intent });
    const begin = performance.now();
    const performed = await work();
    const { event, text, plan } = performed;
    const seconds = Math.round((performance.now() - begin) / 100) / 10;
    const well = !WENT_WRONG.has(event);
    report({ kind: "step", step, state: well ? "done" : "failed", seconds, text: text.join("\n") });
    await ledger.append({
      event: well ? "step-done" : "step-failed",
      ...what,
      outcome: event,
      text,
      ...(plan ? { plan } : {}),
      ...(progress ? { progress: progress(event) } : {}),
    });
    return performed;
  }

  private async perform(run: Run): Promise<Performed> {
    const current = task(run);
    const goesOn = !["watch", "keep", "back", "clean-up"].includes(run.step);
    if (goesOn && this.options.operator.interrupted) {
      return { event: current.kind === "apply" ? "refused" : "failed", text: ["interrupted before it began"] };
    }
    try {
      switch (current.kind) {
        case "apply":
          return current.step === "back"
            ? await this.back(run, current.to, "the way back of a release")
            : await this.apply(run, current.step, current.to);
        case "smoke":
          return await this.smoke(run);
        case "watch":
          return await this.watch("watch", run);
        case "keep":
          return await this.keep(run);
        case "end":
          throw new Error("the run has ended");
      }
    } catch (reason) {
      if (current.kind !== "apply") throw reason;
      // An engine that does not answer, say: nothing was applied, and the run ends in its own words.
      if (reason instanceof ProblemsError) return { event: "refused", text: reason.message.split("\n") };
      return this.refusal(reason);
    }
  }

  /** Nothing was applied: what an apply itself says is in its result. */
  private refusal(reason: unknown): Performed {
    if (!isRefusal(reason)) throw reason;
    this.refused ||= reason instanceof GuardRefused;
    return { event: "refused", text: reason.message.split("\n") };
  }

  /** At the edge at once; then Terraform is told, for which the store, the lock and the guard have some time. */
  private async back(run: Pick<Run, "before" | "now">, to: ProductRelease, why: string): Promise<Performed> {
    const { site, product, operator, timings } = this.options;
    const moved = await this.edge.back(to, why);
    if (!moved) {
      const switched = await this.apply(run, "back", to);
      if (switched.event === "ok") await this.edge.wasBack(to, why);
      return switched;
    }
    site.save(product, to);
    const deadline = Date.now() + timings.recordSeconds * 1000;
    for (;;) {
      const told = await this.apply(run, "back", to, deadline).catch((reason: unknown) => this.refusal(reason));
      if (told.event === "ok" || told.event === "overtaken") return told;
      if (this.refused || operator.interrupted || Date.now() >= deadline) {
        const text = [`All traffic is on ${to.live} at the edge. Terraform could not be told of it:`, ...told.text];
        return { event: "unrecorded", text };
      }
      await sleep(AGAIN_EVERY_MS);
    }
  }

  /**
   * Plans, lets the guard look, applies, and then writes the release file: it never says more than what is so.
   * @param deadline until when it waits for the lock, in milliseconds since 1970. @default as long as that takes
   */
  private async apply(
    run: Pick<Run, "before" | "now">,
    step: Step,
    to: ProductRelease,
    deadline = Infinity,
  ): Promise<Performed> {
    const { site, product } = this.options;
    const others = await held(this.options, run, step, deadline);
    if (others !== undefined) return { event: "overtaken", text: [others] };
    const lost = step === "back" ? undefined : await this.edge.movedFrom(run.now, to);
    if (lost) return { event: lost.by === "lease" ? "refused" : "overtaken", text: [lost.text] };
    if (step === "retire" && !isDeepStrictEqual(site.release()[product], run.now)) {
      return { event: "refused", text: [`the release file has another entry for ${product} than this run has made`] };
    }
    if (["deploy", "retire", "clean-up"].includes(step)) {
      const carrying = await stillCarrying(site, product, run.now, to);
      if (carrying.length > 0) return { event: "refused", text: carrying.map(formatProblem) };
    }
    const gaining = FORWARD.has(step) ? gains(run.now, to) : undefined;
    const lacking = gaining && to[gaining] ? lackingIn(site, product, gaining, to[gaining]) : undefined;
    // It is asked meanwhile, as seconds count.
    lacking?.catch(() => undefined);
    let { changes, allowed } = await this.plan(run, step, to);
    // The edge waits for a switch that says the same, or cannot be asked, and the state has it already: it is made once more.
    const inDoubt = async () => (await this.edge.served())?.recorded === false || this.edge.isSilent;
    if (changes.length === 0 && MOVES.has(step) && (await inDoubt())) {
      ({ changes, allowed } = await this.plan(run, step, to, { replace: true }));
    }
    // Whoever died in a retirement has left a set of which the state says that it is whole.
    const lacks = (await lacking) ?? [];
    if (lacks.length > 0 && !(await this.edge.isAt(to))) {
      return { event: "refused", text: ["no visitors for a set that is not whole:", ...lacks] };
    }
    const plan = planSummary(changes);
    if (changes.length === 0) {
      site.save(product, to);
      this.moved(to);
      return { event: "ok", text: ["nothing to change"] };
    }
    this.options.report({ kind: "plan", step, changes: changes.map(describeChange), allowed });
    // The guard has read what moves, and Terraform is about to be told: the edge need not wait for it.
    const isMoved = FORWARD.has(step) && run.now !== null && movesOnly(changes, product);
    const moved = isMoved && (await this.edge.forward(run.now, to, `"${step}" of a release`));
    const applied = await this.applyPlanned(changes.length);
    if (applied.code !== 0) {
      // A switch is refused that does not know of somebody's move: what is so now is theirs.
      const theirs = step === "back" ? undefined : await this.edge.movedFrom(run.now, to);
      if (moved && !theirs) await this.edge.back(run.now, `"${step}" has failed`);
      const docker = await site.docker();
      const state = await site.terraform.state().catch(() => []);
      const text = await explain(applied.errors, state, (name, lines) => docker.logs(name, lines), {
        conditionOf: (name) => docker.condition(name),
        redact: (written) => site.redact(written),
      });
      if (theirs && theirs.by !== "lease") return { event: "overtaken", text: [theirs.text, ...text], plan };
      // An edge that could not be asked has said so to its job.
      if (!MOVES.has(step) && text.some((line) => line.includes(UNTOLD))) return { event: "overtaken", text, plan };
      return { event: "failed", text, plan };
    }
    site.save(product, to);
    this.moved(to, moved);
    // Somebody may have moved it on before the state was saved: what is so now is theirs.
    const theirs = FORWARD.has(step) ? await this.edge.movedFrom(to, to) : undefined;
    if (theirs && theirs.by !== "lease") return { event: "overtaken", text: [theirs.text], plan };
    return { event: "ok", text: [plan.summary], plan };
  }

  /** The plan of a step, after the guard. @throws GuardRefused */
  async plan(
    run: Pick<Run, "before">,
    step: Step,
    to: ProductRelease,
    { replace = false }: { replace?: boolean } = {},
  ): Promise<{ changes: ResourceChange[]; allowed: readonly string[] }> {
    const { site, product, allow } = this.options;
    const release = site.release();
    site.render(release[product] ? change(release, product, () => to) : { ...release, [product]: to });
    // Seconds count where traffic moves: one resource with what it needs, and nobody is asked what the state knows.
    const job = switchAddress(product);
    const changes = await site.terraform.plan(
      MOVES.has(step) ? { targets: [job], refresh: false, ...(replace ? { replace: [job] } : {}) } : {},
    );
    const guarded = { product, step, to, first: run.before === null };
    const products = site.platform.products.map(({ name }) => name);
    const { refused, allowed } = guard(changes, guarded, products, allow);
    if (refused.length === 0) return { changes, allowed };
    throw new GuardRefused(
      [
        `the plan of "${step}" would also change what is not ${product}'s; nothing was applied`,
        ...refused.map((each) => formatProblem(asProblem(each, guarded))),
      ].join("\n"),
    );
  }

  private async applyPlanned(total: number): ReturnType<Site["terraform"]["applyPlanned"]> {
    const { site, report } = this.options;
    const working = new Set<string>();
    let done = 0;
    return site.terraform.applyPlanned({
      onEvent: ({ type, address }) => {
        if (type === "apply_start") working.add(address);
        if (type === "apply_complete" || type === "apply_errored") working.delete(address);
        if (type === "apply_complete") done += 1;
        if (type !== "apply_progress") report({ kind: "progress", done, total, waitingFor: [...working][0] });
      },
    });
  }

  /** @param isTold was it told when the edge moved? */
  private moved(to: ProductRelease, isTold = false): void {
    this.sharedSince = Date.now();
    if (!isTold) this.options.report({ kind: "traffic", weights: weights(to) });
  }

  private async smoke(run: Run): Promise<Performed> {
    const results = await smoke(this.options.site, this.options.product, newColour(run));
    const bad = results.filter(({ ok }) => !ok);
    const text = (bad.length > 0 ? bad : results).map(({ request, said }) => `${request} ${said}`);
    return { event: bad.length > 0 ? "failed" : "ok", text };
  }

  /** An hour is long: others may work meanwhile, and somebody may roll back. */
  private async keep(run: Run): Promise<Performed> {
    const { lock, report } = this.options;
    await lock.release().catch((reason: unknown) => {
      // Visitors are on the new set already: what the store says must not end the watch over it.
      if (!(reason instanceof ProblemsError)) throw reason;
      report({ kind: "line", level: "warning", text: `The lock could not be given back: ${reason.message}` });
    });
    return this.watch("keep", run);
  }

  /** Looks again and again until there is a verdict, the time is over, or the operator has decided. */
  private async watch(what: "watch" | "keep", run: Run): Promise<Performed> {
    const { operator, timings, watcher, report, site, product } = this.options;
    const { everySeconds, canarySeconds, patienceSeconds, keepSeconds } = timings;
    const rules: WatchRules =
      what === "watch" ? { seconds: canarySeconds, patienceSeconds } : { seconds: keepSeconds, patienceSeconds: 0 };
    const { minRequests, maxErrorShare, maxP95Seconds } = canaryRules(productOf(site, product).canary);
    for (;;) {
      if (operator.interrupted) {
        report({ kind: "asked", what });
        const event = await operator.decide(what);
        return { event, text: [DECISIONS[event]] };
      }
      // Nothing is locked while the old set is kept. A store that does not answer says nothing of others, and is not waited for.
      const others = what === "keep" ? await inTime(this.options.overtaken?.(run, what), OTHERS_MS) : undefined;
      if (others !== undefined) return { event: "overtaken", text: [others] };
      const lost = run.now ? await this.edge.watched(weights(run.now)) : undefined;
      if (lost) return { event: what === "watch" && lost.by === "lease" ? "lapsed" : "overtaken", text: [lost.text] };
      const elapsed = (Date.now() - this.sharedSince) / 1000;
      const look = await watcher.look(elapsed, rules);
      const { requests, errorShare, p95Seconds } = look;
      report({
        kind: "watch",
        seconds: Math.round(elapsed),
        ofSeconds: rules.seconds,
        requests,
        errorShare,
        p95Seconds,
        ...{ minRequests, maxErrorShare, maxP95Seconds },
        text: look.text.join("; "),
      });
      if (look.verdict === "breach") return { event: "breach", text: look.text };
      // The version has proved itself already: what is kept is kept for its time, however few ask for it.
      if (what === "keep") {
        if (elapsed >= rules.seconds) return { event: "ok", text: ["nothing spoke against it"] };
      } else if (look.verdict !== "wait") {
        return { event: look.verdict === "pass" ? "ok" : "undecided", text: look.text };
      }
      const left = rules.seconds - elapsed;
      const pause = 1000 * (left > 0 ? Math.min(everySeconds, left) : everySeconds);
      const { interruption: signal } = operator;
      await sleep(pause, undefined, signal ? { signal } : {}).catch(() => undefined);
    }
  }
}

const FORWARD: ReadonlySet<Step> = new Set<Step>(["canary", "cutover"]);
/** Steps that move traffic between sets that run, and do nothing else. */
const MOVES: ReadonlySet<Step> = new Set<Step>([...FORWARD, "back"]);
