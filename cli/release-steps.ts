/** `twinset deploy`, `canary`, `switch`, `rollback` and `retire`: single steps, by the operator's own decision. */
import { error, ProblemsError } from "../model/problem";
import {
  type Colour,
  COLOURS,
  MAX_CANARY_PERCENT,
  otherColour,
  type ProductRelease,
  type SetRelease,
} from "../model/release";
import { Engine } from "../release/engine";
import { newRunId } from "../release/journal/journal";
import type { Step } from "../release/machine";
import { canary, deploy, retire, trafficBack } from "../release/steps";
import { unfinished } from "../release/journal/unfinished";
import { terminalOperator } from "./operator";
import { checked, mustBeReady } from "./release";
import {
  environmentName,
  inSession,
  ledgerOf,
  mustKnow,
  type ReleaseFlags,
  type Session,
  told,
} from "./release-session";
import { EXIT } from "./release-words";
import { loadCatalog } from "./site";

/** A single step, by the operator's own decision: one edit of the entry, planned, guarded and applied. */
const single = (
  product: string,
  flags: ReleaseFlags,
  env: NodeJS.ProcessEnv,
  step: Step,
  purpose: string,
  edit: (before: ProductRelease, session: Session) => Promise<ProductRelease> | ProductRelease,
): Promise<number> =>
  inSession(product, flags, env, `${purpose} of ${product}`, async (session) => {
    const { site, report, journal, lock } = session;
    const before = site.release()[product];
    if (!before) {
      throw new ProblemsError([
        error(product, "not released", "a product with a live set", `twinset release ${product} <version>`),
      ]);
    }
    const to = await edit(before, session);
    const id = newRunId();
    const operator = terminalOperator(false, (text) => report({ kind: "line", level: "warning", text }));
    const engine = new Engine({
      ...{
        site,
        product,
        report,
        operator,
        lock,
        timings: { canarySeconds: 0, patienceSeconds: 0, keepSeconds: 0, everySeconds: 1 },
      },
      ledger: ledgerOf(journal, id, product),
      watcher: { look: () => Promise.resolve({ verdict: "wait", text: [] }) },
      allow: flags.allow ?? [],
    });
    try {
      const begin = performance.now();
      const { event } = await engine.single(step, before, to, `${purpose} of ${product}`);
      const open = unfinished(await journal.read(), product);
      if (step === "back" && event === "ok" && open) {
        // A run that died, or that another operator keeps watch of: with the traffic back it is over.
        await journal.append({ event: "ended", run: open.run, product, outcome: "went-back" });
      }
      const now = site.release()[product]!;
      const seconds = Math.round((performance.now() - begin) / 100) / 10;
      report({
        kind: "end",
        outcome: event === "ok" ? "done" : "failed",
        seconds,
        text: [`${now.live} ${now[now.live]?.version ?? ""} serves ${product}.`],
      });
      return event === "ok" ? EXIT.done : engine.refused ? EXIT.guarded : EXIT.failed;
    } finally {
      operator.close();
    }
  });

/** `twinset deploy <product> <version>`: to the idle set, without traffic. */
export const deployStep = (product: string, version: string, flags: ReleaseFlags, env: NodeJS.ProcessEnv) =>
  single(product, flags, env, "deploy", `deploy of ${version}`, async (before, session) => {
    const set: SetRelease = { version, ...mustBeReady(await checked(session, version, before)) };
    return deploy(before, set);
  });

/** `twinset canary <percent> <product>`. */
export const canaryStep = (text: string, product: string, flags: ReleaseFlags, env: NodeJS.ProcessEnv) =>
  single(product, flags, env, "canary", `canary of ${text} %`, (before) => {
    const percent = Number(text);
    if (!Number.isInteger(percent) || percent < 0 || percent > MAX_CANARY_PERCENT) {
      throw new ProblemsError([
        error("percent", text, `a whole number from 0 to ${MAX_CANARY_PERCENT}`, "beyond that, switch"),
      ]);
    }
    return canary(before, percent);
  });

/** `twinset switch <product> <colour>`. */
export const switchStep = (product: string, colour: string, flags: ReleaseFlags, env: NodeJS.ProcessEnv) =>
  single(product, flags, env, "cutover", `switch to ${colour}`, (before) => {
    if (!isColour(colour)) {
      throw new ProblemsError([error("colour", colour, "blue or green", "correct the colour")]);
    }
    if (before[colour] === null) {
      throw new ProblemsError([
        error(`${product}/${colour}`, "no version", "a set that runs", `twinset deploy ${product} <version>`),
      ]);
    }
    return trafficBack(before, colour);
  });

/** `twinset retire <product>`: the set without traffic goes. */
export const retireStep = (product: string, flags: ReleaseFlags, env: NodeJS.ProcessEnv) =>
  single(product, flags, env, "retire", "retirement of the idle set", (before) => {
    if (before.canary > 0) {
      const idle = otherColour(before.live);
      throw new ProblemsError([
        error(
          `${product}/${idle}`,
          `${before.canary} % of the traffic`,
          "a set without traffic",
          `twinset rollback ${product}`,
        ),
      ]);
    }
    return retire(before);
  });

/**
 * `twinset rollback <product> [version]`: all traffic to the other set, by one targeted apply. From a canary that is
 * canary 0. A version that runs no more is deployed again first; its images are still on the host.
 */
export const rollback = (
  product: string,
  version: string | undefined,
  flags: ReleaseFlags,
  env: NodeJS.ProcessEnv,
): Promise<number> => told(flags, () => rollbackTo(product, version, flags, env));

async function rollbackTo(
  product: string,
  version: string | undefined,
  flags: ReleaseFlags,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const { platform, releases } = loadCatalog(env);
  mustKnow(
    platform.products.map(({ name }) => name),
    product,
  );
  const before = releases[environmentName(flags.environment)].release[product];
  const idle = before && before[otherColour(before.live)];
  const back = (entry: ProductRelease): ProductRelease =>
    entry.canary > 0 ? { ...entry, canary: 0 } : trafficBack(entry, otherColour(entry.live));
  const running = before && (before.canary > 0 ? before[before.live] : idle);
  if (running && (version === undefined || running.version === version)) {
    return single(product, flags, env, "back", "rollback", back);
  }
  if (before && version === undefined) {
    throw new ProblemsError([
      error(
        `${product}/rollback`,
        `${before.live} runs alone: the other set was retired`,
        "a version to go back to",
        `name it: twinset rollback ${product} <version> (twinset status ${flags.environment} has the last ones)`,
      ),
    ]);
  }
  if (!before || version === undefined) return single(product, flags, env, "back", "rollback", back);
  // It has to run before it can have traffic. No canary, as it was live before.
  const code = await deployStep(product, version, flags, env);
  return code === EXIT.done ? switchStep(product, otherColour(before.live), flags, env) : code;
}

const isColour = (text: string): text is Colour => COLOURS.some((colour) => colour === text);
