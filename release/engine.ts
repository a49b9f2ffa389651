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
import { AtEdge } from "./at-edge";
import { stillCarrying } from "./carrying";
import { explain } from "./explain";
import { GuardRefused } from "./guard";
import { AGAIN_EVERY_MS, held, LAST_TRY_MS } from "./held";
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
import { FORWARD, type Foreseen, MOVES, StepPlans } from "./step-plans";
import { gains } from "./steps";
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
  /** Aborted when nobody waits any longer for store and Terraform, and so also here when the time for that is over. */
  readonly over?: AbortController;
  /** Whose moves at the edge are these? @default "run" */
  readonly by?: "person" | "run";
  /**
   * Has somebody else changed the product since the run's last step? In a sentence; asked under the lock, before each
   * step. @default nobody has
   */
  readonly overtaken?: (run: Pick<Run, "now">, step: Step) => Promise<string | undefined>;
  /** What a single step leads to, planned ahead. @default nothing */
  readonly foreseen?: Foreseen | undefined;
  /** For a run that is resumed: since when the new set has had its share. @default when it gets it */
  readonly sharedSince?: Date | undefined;
}

export class Engine {
  /** When the new set got its share of the traffic. */
  private sharedSince: number;
  /** Did the guard refuse the last plan? */
  refused = false;
  private readonly edge: AtEdge;
  private readonly plans: StepPlans;

  constructor(private readonly options: EngineOptions) {
    const { site, product, report, by = "run" } = options;
    this.edge = new AtEdge({ product, report, by, keeper: () => site.keeper() });
    this.plans = new StepPlans(options);
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
    const { site, product, operator, timings, over } = this.options;
    const moved = await this.edge.back(to, why);
    if (!moved) {
      const switched = await this.apply(run, "back", to);
      if (switched.event === "ok") await this.edge.wasBack(to, why);
      return switched;
    }
    site.save(product, to);
    const deadline = Date.now() + timings.recordSeconds * 1000;
    const hangs = setTimeout(() => over?.abort(), timings.recordSeconds * 1000 + LAST_TRY_MS);
    try {
      for (;;) {
        const told = await this.apply(run, "back", to, deadline).catch((reason: unknown) => this.refusal(reason));
        if (told.event === "ok" || told.event === "overtaken") return told;
        if (this.refused || operator.interrupted || Date.now() >= deadline) {
          over?.abort();
          const text = [`All traffic is on ${to.live} at the edge. Terraform could not be told of it:`, ...told.text];
          return { event: "unrecorded", text };
        }
        await sleep(AGAIN_EVERY_MS);
      }
    } finally {
      clearTimeout(hangs);
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
    // What is looked at takes no notice of what is planned, and both take their time.
    const gaining = FORWARD.has(step) ? gains(run.now, to) : undefined;
    const [served, onlyMoves, lacks] = await Promise.all([
      step === "back" ? undefined : this.edge.served(),
      FORWARD.has(step) && run.now !== null && this.plans.onlyMoves(run, step, to),
      gaining && to[gaining] ? lackingIn(site, product, gaining, to[gaining]) : [],
    ]);
    const lost = served && (await this.edge.movedFrom(run.now, to, served));
    if (lost) return { event: lost.by === "lease" ? "refused" : "overtaken", text: [lost.text] };
    if (step === "retire" && !isDeepStrictEqual(site.release()[product], run.now)) {
      return { event: "refused", text: [`the release file has another entry for ${product} than this run has made`] };
    }
    if (["deploy", "retire", "clean-up"].includes(step)) {
      const carrying = await stillCarrying(site, product, run.now, to);
      if (carrying.length > 0) return { event: "refused", text: carrying.map(formatProblem) };
    }
    // Whoever died in a retirement has left a set of which the state says that it is whole.
    if (lacks.length > 0 && !(await this.edge.isAt(to))) {
      return { event: "refused", text: ["no visitors for a set that is not whole:", ...lacks] };
    }
    // Traffic goes ahead at the edge where a step does nothing but move it; Terraform is told of it then.
    const why = `"${step}" of a release`;
    const ahead = served !== undefined && onlyMoves && (await this.edge.forward(run.now!, to, why, served));
    try {
      return await this.carriedOut(run, step, to, ahead);
    } catch (reason) {
      if (ahead && !(await this.edge.movedFrom(run.now, to))) await this.takenBack(run.now!, step);
      throw reason;
    }
  }

  /** Visitors have gone ahead, and Terraform will not follow. */
  private async takenBack(to: ProductRelease, step: Step): Promise<void> {
    const isBack = await this.edge.back(to, `"${step}" has failed`);
    const text = isBack
      ? `"${step}" is not carried out; visitors who had gone ahead are back on ${to.live}.`
      : `"${step}" is not carried out, and visitors who have gone ahead could not be moved back at the edge.`;
    this.options.report({ kind: "line", level: isBack ? "warning" : "error", text });
  }

  /** Plans, lets the guard look, and applies. @param ahead has the edge moved already? */
  private async carriedOut(
    run: Pick<Run, "before" | "now">,
    step: Step,
    to: ProductRelease,
    ahead: boolean,
  ): Promise<Performed> {
    const { site, product, report } = this.options;
    let { changes, allowed } = await this.plans.plan(run, step, to);
    // The edge waits for a switch that says the same, or cannot be asked, and the state has it already: it is made once more.
    const inDoubt = async () => (await this.edge.served())?.recorded === false || this.edge.isSilent;
    if (changes.length === 0 && MOVES.has(step) && (await inDoubt())) {
      ({ changes, allowed } = await this.plans.plan(run, step, to, { replace: true }));
    }
    const plan = planSummary(changes);
    if (changes.length === 0) {
      site.save(product, to);
      this.moved(to);
      return { event: "ok", text: ["nothing to change"] };
    }
    report({ kind: "plan", step, changes: changes.map(describeChange), allowed });
    // The guard has read what moves, and Terraform is about to be told: the edge need not wait for it.
    const isMoved = FORWARD.has(step) && run.now !== null && movesOnly(changes, product);
    const moved = ahead || (isMoved && (await this.edge.forward(run.now, to, `"${step}" of a release`)));
    const applied = await this.plans.apply(changes.length);
    if (applied.code !== 0) {
      // A switch is refused that does not know of somebody's move: what is so now is theirs.
      const theirs = step === "back" ? undefined : await this.edge.movedFrom(run.now, to);
      if (moved && !theirs) await this.takenBack(run.now!, step);
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
