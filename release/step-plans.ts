/** What a step would change, planned and read by the guard. */
import { isDeepStrictEqual } from "node:util";
import { formatProblem } from "../model/problem";
import type { ProductRelease } from "../model/release";
import type { ResourceChange } from "../terraform/plan";
import { type Preview, TerraformError } from "../terraform/working-directory";
import { asProblem, guard, type Guarded, GuardRefused, switchAddress } from "./guard";
import type { Run, Step } from "./machine";
import { movesOnly } from "./plan-words";
import type { Reporter } from "./report";
import type { Site } from "./site";
import { change } from "./steps";

/** What was planned ahead of its step: of the part of the stack that the switch needs, and maybe before the lock was held. */
export interface Foreseen {
  readonly to: ProductRelease;
  readonly preview: Promise<Preview | undefined>;
}

/** Writes the stack for an entry, and begins to plan what its switch would change. Why it could not is told where it is used. */
export function foreseen(site: Site, product: string, to: ProductRelease): Foreseen {
  renderFor(site, product, to);
  const preview = site.terraform.preview(switchAddress(product));
  preview.catch(() => undefined);
  return { to, preview };
}

export interface StepPlansOptions {
  readonly site: Site;
  readonly product: string;
  readonly report: Reporter;
  /** Addresses outside of the product that may change. */
  readonly allow: readonly string[];
  /** @default nothing was planned ahead */
  readonly foreseen?: Foreseen | undefined;
}

/** Steps that bring visitors to the new set. */
export const FORWARD: ReadonlySet<Step> = new Set<Step>(["canary", "cutover"]);
/** Steps that move traffic between sets that run, and do nothing else. */
export const MOVES: ReadonlySet<Step> = new Set<Step>([...FORWARD, "back"]);

/** The plans of one product's steps. */
export class StepPlans {
  constructor(private readonly options: StepPlansOptions) {}

  /** The plan of a step, after the guard: the one that an apply carries out. @throws GuardRefused */
  async plan(
    run: Pick<Run, "before">,
    step: Step,
    to: ProductRelease,
    { replace = false }: { replace?: boolean } = {},
  ): Promise<{ changes: ResourceChange[]; allowed: readonly string[] }> {
    const { site, product } = this.options;
    renderFor(site, product, to);
    // Seconds count where traffic moves: one resource with what it needs, and nobody is asked what the state knows.
    const job = switchAddress(product);
    const changes = await site.terraform.plan(
      MOVES.has(step) ? { targets: [job], refresh: false, ...(replace ? { replace: [job] } : {}) } : {},
    );
    const { refused, allowed } = this.guarded(run, step, to, changes);
    if (refused.length === 0) return { changes, allowed };
    throw new GuardRefused(
      [
        `the plan of "${step}" would also change what is not ${product}'s; nothing was applied`,
        ...refused.map((each) => formatProblem(asProblem(each, { product, step }))),
      ].join("\n"),
    );
  }

  /**
   * Would a step do nothing but move traffic as it is to, between sets that the edge knows? By the part of the stack that
   * the switch needs, within a second; the plan of the whole comes after that.
   * @returns false also where that cannot be said: the plan of the whole says why
   */
  async onlyMoves(run: Pick<Run, "before">, step: Step, to: ProductRelease): Promise<boolean> {
    const { product, report } = this.options;
    const changes = await this.previewed(to).catch((reason: unknown) => {
      if (!(reason instanceof TerraformError)) throw reason;
      const text = `Visitors wait for the plan of the whole, as the switch's part could not be planned by itself: ${reason.message}`;
      report({ kind: "line", level: "warning", text });
    });
    if (!changes || !movesOnly(changes, product)) return false;
    return this.guarded(run, step, to, changes).refused.length === 0;
  }

  /** Carries out what was planned last, and tells how far it is. @param total changes of that plan */
  async apply(total: number): ReturnType<Site["terraform"]["applyPlanned"]> {
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

  private async previewed(to: ProductRelease): Promise<readonly ResourceChange[] | undefined> {
    const { site, product, foreseen: ahead } = this.options;
    const known = ahead && isDeepStrictEqual(ahead.to, to) ? await ahead.preview : undefined;
    // Whoever held the lock until a moment ago may have changed something.
    if (known && (await known.isCurrent())) return known.changes;
    return (await foreseen(site, product, to).preview)?.changes;
  }

  private guarded(
    run: Pick<Run, "before">,
    step: Step,
    to: ProductRelease,
    changes: readonly ResourceChange[],
  ): Guarded {
    const { site, product, allow } = this.options;
    const products = site.platform.products.map(({ name }) => name);
    return guard(changes, { product, step, to, first: run.before === null }, products, allow);
  }
}

function renderFor(site: Site, product: string, to: ProductRelease): void {
  const release = site.release();
  site.render(release[product] ? change(release, product, () => to) : { ...release, [product]: to });
}
