/**
 * The way back in a second: the edge is asked whom it serves, and moved, before Terraform is even looked for. Whom it leads
 * to is the record's word where that comes in time, else what the edge remembers; whatever is not plain to it is left to
 * the rollback that has the lock and the state.
 */
import { type ContainerFacts, Docker } from "../../clients/docker";
import type { ServedSplit } from "../../clients/edge-keeper";
import { stateFiles } from "../../clients/state-store/state-store";
import { containerName, environmentPrefix } from "../../model/names";
import { replicasOf } from "../../model/platform";
import type { Colour, ProductRelease } from "../../model/release";
import { DEPLOY_USER } from "../../model/server";
import { AtEdge, entryAtEdge, servedInWords, wayBackAtEdge, wentBack } from "../../release/at-edge";
import { inTime } from "../../release/in-time";
import { Journal } from "../../release/journal/journal";
import { recordOf } from "../../release/journal/record";
import { trafficBack } from "../../release/steps";
import type { Reporter } from "../../release/report";
import { wayBack } from "../../release/way-back";
import { ProblemsError } from "../../model/problem";
import { environmentName, mustKnow } from "../shared/names";
import { ROOT } from "../shared/root";
import { loadCatalog } from "../shared/catalog";
import { hidden } from "../shared/secrets-at-hand";
import { keeperOf } from "../shared/site";
import { addressWithoutState, type ServerOf } from "../shared/server-address";
import type { ReleaseFlags } from "./session";

/** Milliseconds that the journal gets beside the question to the edge: a store that is well takes about half of it. */
const RECORD_MS = 400;
/** And in all, where the edge alone does not know whom to go back to: without it everything waits for the lock. */
const PATIENCE_MS = 5000;

/** Whom the way back is to lead to. */
export interface Asked {
  /** @default whichever version is known to be good */
  readonly version?: string | undefined;
  /** The set of this colour, or the one that is live, which ends a canary. @default either */
  readonly only?: Colour | "live";
}

/**
 * @returns the version that has all traffic now and is known to be good; undefined: that is left to what has the lock
 */
export async function quickBack(
  product: string,
  { version, only }: Asked,
  flags: ReleaseFlags,
  env: NodeJS.ProcessEnv,
  report: Reporter,
): Promise<string | undefined> {
  const { platform } = loadCatalog(env);
  const environment = platform.environments[environmentName(flags.environment)];
  mustKnow(
    platform.products.map((each) => each.name),
    product,
  );
  const of: ServerOf = { platform: platform.name, environment, env };
  const prefix = environmentPrefix(platform.name, environment.name);
  const begin = performance.now();
  const say = (text: string): void => report({ kind: "line", level: "info", text });
  // What cannot be asked leaves it to the rollback that follows, which says why.
  const address = environment.host.kind === "local" ? undefined : await addressWithoutState(of).catch(() => undefined);
  if (environment.host.kind !== "local" && address === undefined) return undefined;
  const keeper = await keeperOf(of, () => Promise.resolve(address!));
  const docker = new Docker(address === undefined ? env : { ...env, DOCKER_HOST: `ssh://${DEPLOY_USER}@${address}` });
  const edge = new AtEdge({ product, report, by: "person", keeper: () => Promise.resolve(keeper) });
  const asked = record(of, product);
  const containers = docker.containers(prefix).catch(() => []);
  const served = await edge.served();
  if (!served) return undefined;
  const now = entryAtEdge(served);
  const set = only === "live" ? served.live : only;
  // The record does not know of a way back that was not told yet, and would lead away again. A step forward is none.
  if (!served.recorded && served.by !== "forward") return backAlready(served, now, { version, only: set, say });
  let { known, why } = (await inTime(asked, RECORD_MS)) ?? lateBy(RECORD_MS);
  // That a canary ends on the set that is live is plain, also where that is named.
  const isPlain = version === undefined || (now.canary > 0 && version === now[now.live]?.version);
  const wayNow = () => (known ? wayBack(known, now, version) : isPlain ? wayBackAtEdge(served) : undefined);
  if (wayNow()?.kind !== "move" && !known) ({ known, why } = (await inTime(asked, PATIENCE_MS)) ?? lateBy(PATIENCE_MS));
  // Nor does it know of a way back whose last word was never written down.
  const back = wentBack(served);
  const isUnknown = back !== undefined && known?.held[0]?.set.version !== back.to;
  const already = isUnknown ? backAlready(served, now, { version, only: set, say }) : undefined;
  if (already !== undefined) return already;
  const way = wayNow();
  if (way?.kind !== "move") return undefined;
  // Not to what was just left: the record is told of that first.
  if (isUnknown && way.version === back.left) return undefined;
  const live = "live" in way ? way.live : way.colour;
  if (set !== undefined && live !== set) return undefined;
  const names = platform.products
    .find(({ name }) => name === product)!
    .services.flatMap((service) =>
      Array.from({ length: replicasOf(environment, service) }, (_, i) => containerName(prefix, service.name, live, i)),
    );
  // To where most of the visitors are already, or to a set that is whole.
  if (live !== served.live && !areWell(names, await containers)) return undefined;
  const command = only === "live" ? "canary 0" : "rollback";
  if (!(await edge.back(trafficBack(now, live), command, served))) return undefined;
  const seconds = Math.round((performance.now() - begin) / 100) / 10;
  const by = known ? "" : ` (${why}: by what the edge remembers)`;
  say(`${live} ${way.version} has all traffic of ${product} at the edge, after ${seconds} s${by}.`);
  return way.version;
}

/** The version that it was moved to before, past Terraform, if that is where it is to go. */
function backAlready(
  served: ServedSplit,
  now: ProductRelease,
  wanted: { readonly version: string | undefined; readonly only: Colour | undefined; say(text: string): void },
): string | undefined {
  const version = now[now.live]?.version;
  const fits = wanted.version === undefined ? (wanted.only ?? now.live) === now.live : wanted.version === version;
  if (!fits || now.canary > 0 || !served.inForce) return undefined;
  wanted.say(`${now.live} ${version ?? ""} has all traffic at the edge: ${servedInWords(served)}.`);
  return version;
}

interface KnownRecord {
  readonly known: ReturnType<typeof recordOf> | undefined;
  /** Why it is not known. */
  readonly why: string;
}

const lateBy = (milliseconds: number): KnownRecord => ({
  known: undefined,
  why: `the record did not come within ${milliseconds / 1000} s`,
});

/** The record, asked for while the edge is; the store has one attempt, as there is time for no second one. */
async function record({ platform, environment, env }: ServerOf, product: string): Promise<KnownRecord> {
  const over = AbortSignal.abort();
  try {
    const files = stateFiles(platform, environment, { env, directory: ROOT, over });
    const known = recordOf(await new Journal(files, { redact: hidden }).read(), product);
    return { known, why: "" };
  } catch (reason) {
    if (!(reason instanceof ProblemsError)) throw reason;
    return { known: undefined, why: `the store does not give the record, ${reason.problems[0]!.given}` };
  }
}

/** Is there one container of each name, whatever its changing end, that serves? Where there are two, one is about to go. */
const areWell = (names: readonly string[], found: readonly ContainerFacts[]): boolean =>
  names.every((wanted) => {
    const own = found.filter(({ name }) => name.startsWith(`${wanted}-`));
    return own.length === 1 && own.every(({ running, unwell }) => running && !unwell);
  });
