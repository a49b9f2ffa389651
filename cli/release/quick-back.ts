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
import { environmentName, mustKnow } from "../shared/names";
import { ROOT } from "../shared/root";
import { loadCatalog } from "../shared/catalog";
import { keeperOf } from "../shared/site";
import { addressWithoutState, type ServerOf } from "../shared/server-address";
import type { ReleaseFlags } from "./session";

/** Milliseconds that the journal gets beside the question to the edge: a store that is well takes about half of it. */
const RECORD_MS = 400;

/**
 * @param version only to this one. @default to whichever is known to be good
 * @param only to the set of this colour
 * @returns whether all traffic is on a version that is known to be good, by this
 */
export async function quickBack(
  product: string,
  version: string | undefined,
  flags: ReleaseFlags,
  env: NodeJS.ProcessEnv,
  report: Reporter,
  only?: Colour,
): Promise<boolean> {
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
  if (environment.host.kind !== "local" && address === undefined) return false;
  const keeper = await keeperOf(of, () => Promise.resolve(address!));
  const docker = new Docker(address === undefined ? env : { ...env, DOCKER_HOST: `ssh://${DEPLOY_USER}@${address}` });
  const edge = new AtEdge({ product, report, by: "person", keeper: () => Promise.resolve(keeper) });
  const record = inTime(recordIn(of, product), RECORD_MS);
  const containers = docker.containers(prefix).catch(() => []);
  const served = await edge.served();
  if (!served) return false;
  const now = entryAtEdge(served);
  // The record does not know of a way back that was not told yet, and would lead away again. A step forward is none.
  if (!served.recorded && served.by !== "forward") return isBack(served, now, { version, only, say });
  const known = await record;
  // Nor does it know of a way back whose last word was never written down.
  const back = wentBack(served);
  if (back && known?.held[0]?.set.version !== back.to && isBack(served, now, { version, only, say })) return true;
  // That a canary ends on the set that is live is plain, also where that is named.
  const isPlain = version === undefined || (now.canary > 0 && version === now[now.live]?.version);
  const way = known ? wayBack(known, now, version) : isPlain ? wayBackAtEdge(served) : undefined;
  if (way?.kind !== "move") return false;
  // Not to what was just left: the record is told of that first.
  if (way.version === back?.left && known?.held[0]?.set.version !== back.to) return false;
  const live = "live" in way ? way.live : way.colour;
  if (only !== undefined && live !== only) return false;
  const names = platform.products
    .find(({ name }) => name === product)!
    .services.flatMap((service) =>
      Array.from({ length: replicasOf(environment, service) }, (_, i) => containerName(prefix, service.name, live, i)),
    );
  // To where most of the visitors are already, or to a set that is whole.
  if (live !== served.live && !areWell(names, await containers)) return false;
  if (!(await edge.back(trafficBack(now, live), "rollback", served))) return false;
  const seconds = Math.round((performance.now() - begin) / 100) / 10;
  say(
    `${live} ${way.version} has all traffic of ${product} at the edge, after ${seconds} s${known ? "" : " (the record did not come in time: by what the edge remembers)"}.`,
  );
  return true;
}

/** Was it moved there before, past Terraform, to where it is to go? */
function isBack(
  served: ServedSplit,
  now: ProductRelease,
  wanted: { readonly version: string | undefined; readonly only: Colour | undefined; say(text: string): void },
): boolean {
  const version = now[now.live]?.version;
  const fits = wanted.version === undefined ? (wanted.only ?? now.live) === now.live : wanted.version === version;
  if (!fits || now.canary > 0 || !served.inForce) return false;
  wanted.say(`${now.live} ${version ?? ""} has all traffic at the edge: ${servedInWords(served)}.`);
  return true;
}

async function recordIn(
  { platform, environment, env }: ServerOf,
  product: string,
): Promise<ReturnType<typeof recordOf>> {
  const files = stateFiles(platform, environment, { env, directory: ROOT });
  return recordOf(await new Journal(files, { redact: (text) => text }).read(), product);
}

/** Is there one container of each name, whatever its changing end, that serves? Where there are two, one is about to go. */
const areWell = (names: readonly string[], found: readonly ContainerFacts[]): boolean =>
  names.every((wanted) => {
    const own = found.filter(({ name }) => name.startsWith(`${wanted}-`));
    return own.length === 1 && own.every(({ running, unwell }) => running && !unwell);
  });
