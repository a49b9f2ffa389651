/** `twinset rollback <product> [version]`: all traffic to the last version that is known to be good. */
import { Command } from "commander";
import { environmentPrefix } from "../../model/names";
import { error, list, ProblemsError } from "../../model/problem";
import { otherColour, type ProductRelease, weights } from "../../model/release";
import { waitTimeout } from "../../model/health";
import { isSameSplit, servedInWords } from "../../release/at-edge";
import { type ProductRecord, recordOf } from "../../release/journal/record";
import { lackingIn } from "../../release/live";
import { productOf } from "../../release/site";
import { smoke } from "../../release/smoke";
import { deploy, trafficBack } from "../../release/steps";
import { wayBack } from "../../release/way-back";
import { EXIT } from "../shared/exit";
import { ALLOW, ENVIRONMENT, JSON_LINES, RECORD_FOR, UNLOCK } from "../shared/options";
import { endOpenRun } from "./open-run";
import { imagesOf } from "./ready";
import { edgeFirst } from "./edge-first";
import { edgeOf, inSession, type ReleaseFlags, type Session, type Within } from "./session";
import { settled, upToDate } from "./settle";
import { entryOf, lookedAt } from "./single";
import { taken, takenOnTheWay } from "./taken";
import { servesInWords } from "./words";

/**
 * Traffic goes back at the edge first, and Terraform is told then; what is not plain to the edge is done by the record and
 * the state, under the lock. Whom it leads to is the same on every computer, whatever release file that has. A version
 * whose set is gone is brought back only when it is named.
 */
export const rollback = (
  product: string,
  version: string | undefined,
  flags: ReleaseFlags,
  env: NodeJS.ProcessEnv,
): Promise<number> =>
  edgeFirst(
    {
      product,
      asked: { version },
      // Where it went is decided. Asked once more, now that it has gone there, the record may lead further back.
      byPlan: (back) => (own, within) => byRecord(product, back ?? version, own, env, within),
    },
    flags,
    env,
  );

/** By the record and the state, under the lock. */
const byRecord = (
  product: string,
  version: string | undefined,
  flags: ReleaseFlags,
  env: NodeJS.ProcessEnv,
  within: Within,
): Promise<number> =>
  inSession(
    product,
    flags,
    env,
    `rollback of ${product}`,
    async (session) => {
      const begin = performance.now();
      await session.lock.hold();
      const code = await settled(session);
      if (code !== undefined) return code;
      const { site, journal } = session;
      const known = await journal.read();
      lookedAt(session, known, true);
      const record = recordOf(known, product);
      const now = (await upToDate(session)) ?? entryOf(session);
      const way = wayBack(record, now, version);
      switch (way.kind) {
        case "there": {
          const edge = edgeOf(session);
          const served = await edge.served();
          const isElsewhere = served !== undefined && !isSameSplit(served.weights, weights(now));
          // The state alone does not say whom visitors get: what the edge has may be newer.
          if (edge.isSilent || isElsewhere) {
            const why = served ? `the edge has ${servedInWords(served)}` : "the edge does not answer";
            said(session, "error", `Terraform was told that ${now.live} ${way.version} has all traffic; ${why}.`);
            said(
              session,
              "info",
              `Nothing was moved. Do the same again: twinset rollback ${product} --environment ${flags.environment}`,
            );
            return EXIT.failed;
          }
          said(session, "info", `${now.live} ${way.version} has all traffic of ${product} already: ${way.why}.`);
          furtherBack(session, record, way.version);
          await endOpenRun(session, way.version);
          session.report({
            kind: "end",
            outcome: "done",
            seconds: Math.round((performance.now() - begin) / 100) / 10,
            text: [servesInWords(now, product)],
          });
          return EXIT.done;
        }
        case "move": {
          if (version === undefined) await mustBeKnown(session, record, now, way.version);
          const missing = await lackingIn(site, product, way.colour, now[way.colour]!);
          if (missing.length > 0) return broughtBack(session, record, now, way.version, version, list(missing));
          return taken(session, "back", "rollback", now, trafficBack(now, way.colour));
        }
        case "gone":
          return broughtBack(session, record, now, way.version, version, "its set was retired");
        case "refused":
          throw new ProblemsError([
            error(
              `${product}/rollback`,
              `${way.version}, which ${way.why}`,
              "a version that held all traffic and that nothing bad was said of",
              `name another one, or release it anew: twinset release ${product} ${way.version} --environment ${site.environment.name}`,
            ),
          ]);
        case "unknown":
          throw new ProblemsError([
            error(
              `${product}/rollback`,
              way.why,
              "a version that is known to be good",
              `see what runs (twinset status ${site.environment.name}) and decide: twinset switch ${product} <colour>, or twinset rollback ${product} <version>`,
            ),
          ]);
      }
    },
    within,
  );

/**
 * The live version may have got its traffic by a way back that nobody could write down: the edge knows. Where it does not
 * answer, and the record knows of no attempt with that version either, only a person can say what is to be left.
 * @throws ProblemsError
 */
async function mustBeKnown(
  session: Session,
  { held, attempt }: ProductRecord,
  now: ProductRelease,
  to: string,
): Promise<void> {
  const live = now[now.live]?.version;
  if (live === to || live === held[0]?.set.version || live === attempt?.version) return;
  const edge = edgeOf(session);
  await edge.served();
  if (!edge.isSilent) return;
  const { product, flags } = session;
  throw new ProblemsError([
    error(
      `${product}/rollback`,
      `${live ?? "nothing"} has all traffic, the record does not say how it got that, and the edge does not answer`,
      "a version that is known to be good",
      `see what runs (twinset status ${flags.environment}), and name it: twinset rollback ${product} ${to} --environment ${flags.environment}`,
    ),
  ]);
}

/** A version whose set is gone: on request it is deployed again, tried, and then gets the traffic. */
async function broughtBack(
  session: Session,
  record: ProductRecord,
  now: ProductRelease,
  version: string,
  named: string | undefined,
  why: string,
): Promise<number> {
  const { site, product, flags } = session;
  if (named === undefined) {
    said(session, "warning", `${version} is the last version that is known to be good, but ${why}.`);
    said(session, "warning", `Bringing it back takes ${howLong(session, record, version)}. Nothing was changed.`);
    said(session, "info", `To do it: twinset rollback ${product} ${version} --environment ${flags.environment}`);
    return EXIT.undecided;
  }
  // As it ran here before: its images are still on the host, and no registry is needed.
  const known = record.held.find(({ set }) => set.version === version)?.set;
  const set = known ?? { version, ...(await imagesOf(session, version)) };
  if (now.canary > 0) {
    const code = await takenOnTheWay(session, "back", "end of the canary", now, trafficBack(now, now.live));
    if (code !== EXIT.done) return code;
  }
  const before = { ...now, canary: 0 };
  const to = deploy(before, set);
  const deployed = await takenOnTheWay(session, "deploy", `return of ${version}`, before, to);
  if (deployed !== EXIT.done) return deployed;
  const colour = otherColour(now.live);
  const results = await smoke(site, product, colour);
  const bad = results.filter(({ ok }) => !ok);
  if (bad.length > 0) {
    said(session, "error", bad.map(({ request, said: what }) => `${request} ${what}`).join("\n"));
    said(session, "error", `${colour} ${version} runs, and got no traffic: its smoke tests failed.`);
    return EXIT.failed;
  }
  return taken(session, "back", `rollback to ${version}`, to, trafficBack(to, colour));
}

/** In words: what it took last time, or what it may take at most. */
function howLong({ site, product }: Session, { deploySeconds }: ProductRecord, version: string): string {
  const last = deploySeconds.get(version);
  if (last !== undefined) return `about ${Math.max(1, Math.round(last))} s, as its last deploy did`;
  const longest = Math.max(...productOf(site, product).services.map(({ health }) => waitTimeout(health).seconds));
  return `at most about ${longest} s for its containers to get healthy, and its migration before that`;
}

/** For who means an even earlier one. */
function furtherBack(session: Session, { held, bad }: ProductRecord, version: string): void {
  const earlier = held.find(({ set }) => set.version !== version && !bad.has(set.version));
  if (!earlier) return;
  const { site, product } = session;
  const command = `twinset rollback ${product} ${earlier.set.version} --environment ${site.environment.name}`;
  said(
    session,
    "info",
    `Before it ${environmentPrefix(site.platform.name, site.environment.name)} had ${earlier.set.version}: ${command}`,
  );
}

const said = ({ report }: Session, level: "info" | "warning" | "error", text: string): void =>
  report({ kind: "line", level, text });

export const command = new Command("rollback")
  .description("all traffic back to the last version that is known to be good: at the edge first, then by Terraform")
  .argument("<product>")
  .argument("[version]", "another one, which is brought back where its set is gone (default: by the record)")
  .option(...ENVIRONMENT)
  .option(...ALLOW)
  .option(...UNLOCK)
  .option(...RECORD_FOR)
  .option(...JSON_LINES)
  .action(async (product: string, version: string | undefined, given: ReleaseFlags) => {
    process.exitCode = await rollback(product, version, given, process.env);
  });
