/** Of the commands that are one step of a release: one edit of the entry, planned, guarded and applied. */
import { isDeepStrictEqual } from "node:util";
import { error, ProblemsError } from "../../model/problem";
import { formatSplit, formatWeights, type ProductRelease, weights } from "../../model/release";
import { appliedRelease } from "../../release/applied";
import { productOf } from "../../release/site";
import { isSameSplit, servedInWords } from "../../release/at-edge";
import { type JournalContent, unfinished } from "../../release/journal/unfinished";
import { inWords, mustBeWhole, problemsOf } from "../../release/journal/whole";
import type { Step } from "../../release/machine";
import { FORWARD, type Foreseen, foreseen } from "../../release/step-plans";
import { edgeOf, inSession, type ReleaseFlags, type Session, type Within } from "./session";
import { settled } from "./settle";
import { taken } from "./taken";

/** By the operator's own decision, under the lock, and written down as a run of its own. */
export const single = (
  product: string,
  flags: ReleaseFlags,
  env: NodeJS.ProcessEnv,
  step: Step,
  purpose: string,
  edit: (before: ProductRelease, session: Session) => Promise<ProductRelease> | ProductRelease,
  within?: Within,
): Promise<number> =>
  inSession(
    product,
    flags,
    env,
    `${purpose} of ${product}`,
    async (session) => {
      const ahead = FORWARD.has(step) ? await planned(session, edit) : undefined;
      await session.lock.hold();
      const code = await settled(session);
      if (code !== undefined) return code;
      const before = entryOf(session);
      await mustBeServed(session, before);
      if (step === "deploy" || step === "retire") await mustNotBeReserved(session, before);
      const to = await edit(before, session);
      const past = lookedAt(session, await session.journal.read(), takesBack(before, to));
      return taken(session, step, purpose, before, to, { past, foreseen: ahead });
    },
    within,
  );

/** A step that moves traffic is planned while everything else is looked at: visitors wait for nothing longer. */
async function planned(
  session: Session,
  edit: (before: ProductRelease, session: Session) => Promise<ProductRelease> | ProductRelease,
): Promise<Foreseen | undefined> {
  const { site, product } = session;
  const entry = site.release()[product];
  try {
    return entry && foreseen(site, product, await edit(entry, session));
  } catch (reason) {
    // What speaks against it is said in its turn: there may be something to settle first.
    if (!(reason instanceof ProblemsError)) throw reason;
    return undefined;
  }
}

/**
 * While a release is not over, the set that it can go back to is not touched: neither replaced nor retired.
 * @throws ProblemsError naming whose way back it is
 */
async function mustNotBeReserved({ journal, product, flags }: Session, before: ProductRelease): Promise<void> {
  const open = unfinished(await journal.read(), product);
  const way = open?.before;
  if (!open || !way) return;
  const { live } = way;
  const version = way[live]?.version;
  if (version === undefined || before[live]?.version !== version) return;
  throw new ProblemsError([
    error(
      `${product}/${live}`,
      `${live} ${version} is the way back of ${open.progress?.version ?? "a release"}, which ${open.who} has been releasing since ${open.since}`,
      "a set that nobody may have to go back to",
      `wait until it is over; if nobody is at it any more: twinset release ${product} --resume, or twinset rollback ${product} (--environment ${flags.environment})`,
    ),
  ]);
}

/**
 * The release file of this computer may be older than what was done from another one: an edit of it would take the traffic
 * along to where it was then.
 * @throws ProblemsError: the edge serves something else
 */
export async function mustBeServed(session: Session, before: ProductRelease): Promise<void> {
  const { site, product } = session;
  const served = await edgeOf(session).served();
  // An edge that cannot be asked has, as far as anybody knows, what Terraform was told.
  const applied = served
    ? undefined
    : appliedRelease(await site.terraform.state(), site.platform, productOf(site, product));
  const is = served?.weights ?? (applied && weights(applied));
  const live = served?.live ?? applied?.live;
  if (!is || !live || isSameSplit(is, weights(before))) return;
  const by = served ? `at the edge, ${servedInWords(served)}` : `by the state, which says ${formatSplit(is)}`;
  const at = `--environment ${site.environment.name}`;
  throw new ProblemsError([
    error(
      `${product}/release`,
      `${live} has ${is[live] ?? 0} % of the traffic ${by}; the release file says ${formatWeights(before)}`,
      "a release file that says what is so",
      `get the newest release file (git pull); or let it be brought up to date: twinset rollback ${product} ${at}`,
    ),
  ]);
}

/** The product's entry in the release file. @throws ProblemsError where there is none */
export function entryOf({ site, product }: Session): ProductRelease {
  const entry = site.release()[product];
  if (entry) return entry;
  throw new ProblemsError([
    error(product, "not released", "a product with a live set", `twinset release ${product} <version>`),
  ]);
}

/** Does it only take traffic from the set that is on trial? The live set is known good, whatever the journal says. */
const takesBack = (before: ProductRelease, to: ProductRelease): boolean =>
  to.live === before.live && to.canary < before.canary && isDeepStrictEqual({ ...to, canary: before.canary }, before);

/** Lines of the journal that the operator has looked at. @throws ProblemsError: it cannot be read whole, unless on the way back */
export function lookedAt(
  { product, flags, report }: Session,
  known: JournalContent,
  isWayBack: boolean,
): readonly string[] {
  if (!isWayBack) return mustBeWhole(known, product, flags.environment, flags.past);
  for (const problem of problemsOf(known, product, flags.environment)) {
    report({ kind: "line", level: "warning", text: `${inWords(problem)}. Traffic is moved back all the same.` });
  }
  return [];
}
