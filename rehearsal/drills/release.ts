/** Drills about releasing one product. */
import { canary, cutover, deploy, replaceLive, retire } from "../../release/steps";
import { otherColour } from "../../model/release";
import { imageRepository } from "../../model/platform";
import { inputsOf } from "../../model/values";
import type { World } from "../world";
import {
  type DeploymentDrill,
  type DrillRun,
  type Figure,
  loadFigures,
  must,
  mustNotFail,
  PROMISES,
  rounded,
  since,
  version,
  wantStep,
} from "./drill";

const CANARY_PERCENT = 10;
/** "within 2 points". */
const CANARY_TOLERANCE = 2;
const CANARY_REQUESTS = 20_000;
const RELEASE_REQUESTS = 100_000;

/** Takes one step of the product's release. */
async function step(world: World, edit: Parameters<typeof wantStep>[1]): Promise<number> {
  wantStep(world, edit);
  return rounded((await world.apply()).seconds);
}

const liveVersion = (world: World): string => {
  const release = world.desired.release[world.product]!;
  return release[release.live]!.version;
};

export const releaseUnderLoad: DeploymentDrill = {
  number: 2,
  name: "release",
  title: "a new version gets all traffic, under load",
  async run({ world, say }) {
    const next = await version(world, "v2.0.0-rehearsal");
    const load = world.load([world.product], "before");
    await load.until("before", 2000);
    const figures: Figure[] = [];
    say("deploy to the idle set");
    const deploySeconds = await step(world, (release) => deploy(release, { version: next }));
    load.phase("idle");
    await load.until("idle", 2000);
    say("canary");
    load.phase("to canary");
    const canarySeconds = await step(world, (release) => canary(release, CANARY_PERCENT));
    load.phase("canary");
    await load.until("canary", CANARY_REQUESTS);
    load.phase("to all");
    say("cutover");
    const cutoverSeconds = await step(world, cutover);
    load.phase("all");
    await load.until("all", 2000);
    load.phase("to one");
    say("retire");
    const retireSeconds = await step(world, retire);
    load.phase("after");
    say("until 100,000 requests were sent");
    await load.untilTotal(RELEASE_REQUESTS);
    const result = await load.stop();
    figures.push(
      { name: "deploy", value: deploySeconds, unit: "s", promise: PROMISES.deploy },
      { name: "canary", value: canarySeconds, unit: "s" },
      { name: "cutover", value: cutoverSeconds, unit: "s" },
      { name: "retire", value: retireSeconds, unit: "s" },
      ...loadFigures(result),
    );
    mustNotFail(result);
    must(result.requests >= RELEASE_REQUESTS, `only ${result.requests} requests were sent`);
    must(result.share("idle", next) === 0, `${result.share("idle", next)} % reached the idle set before the canary`);
    const share = result.share("canary", next);
    figures.push({ name: "canary's share", value: rounded(share), unit: "%" });
    must(Math.abs(share - CANARY_PERCENT) <= CANARY_TOLERANCE, `the canary got ${share.toFixed(1)} % of the requests`);
    must(result.share("after", next) === 100, "the old version still answered after the cutover");
    return figures;
  },
};

export const neverHealthy: DeploymentDrill = {
  number: 3,
  name: "never-healthy",
  title: "a version that never gets healthy gets no traffic",
  async run({ world, say }) {
    const sick = await version(world, "v2.1.0-sick", { failHealth: true });
    const load = world.load([world.product], "all");
    say("deploy it to the idle set and wait for it");
    wantStep(world, (release) => deploy(release, { version: sick }));
    const applied = await world.attempt();
    must(applied.code !== 0, "the apply succeeded with a version that is never healthy");
    const explained = await world.explain(applied);
    explained.slice(0, 6).forEach((line) => say(line));
    const text = explained.join("\n");
    must(
      new RegExp(`${world.prefix}-${world.product}-\\w+-(blue|green)-0`).test(text),
      "the failing container is not named",
    );
    must(text.includes("cannot reach the payment provider"), "the container's log is not shown");
    say("next apply, back to what it was");
    await world.settle();
    const result = await load.stop();
    mustNotFail(result);
    must(result.lastSeen(sick) === undefined, "the sick version answered requests");
    const left = (await world.docker.containers(world.prefix)).filter(({ image }) => image.endsWith(`:${sick}`));
    must(left.length === 0, `left behind: ${left.map(({ name }) => name).join(", ")}`);
    return [{ name: "refused after", value: rounded(applied.seconds), unit: "s" }, ...loadFigures(result)];
  },
};

export const failedMigration: DeploymentDrill = {
  number: 4,
  name: "migration",
  title: "a migration that exits 1 stops the release",
  pointless: ({ name, migration }) => (migration ? undefined : `${name} has no migration`),
  async run({ world, say }) {
    const broken = await version(world, "v2.2.0-broken", { failMigration: true });
    const load = world.load([world.product], "all");
    wantStep(world, (release) => cutover(deploy(release, { version: broken })));
    say("deploy with cutover in one apply");
    const applied = await world.attempt();
    must(applied.code !== 0, "the apply succeeded though the migration failed");
    const explained = await world.explain(applied);
    explained.slice(0, 5).forEach((line) => say(line));
    must(explained.join("\n").includes("migration 0042 failed"), "the migration's own words are not shown");
    say("next apply, back to what it was");
    await world.settle();
    const result = await load.stop();
    mustNotFail(result);
    must(result.lastSeen(broken) === undefined, "the version answered though its migration failed");
    return [{ name: "stopped after", value: rounded(applied.seconds), unit: "s" }, ...loadFigures(result)];
  },
};

export const rollback: DeploymentDrill = {
  number: 5,
  name: "rollback",
  title: "from the command to the last request served by the bad version",
  async run({ world, say }) {
    const good = liveVersion(world);
    const bad = await version(world, "v2.3.0-bad");
    say("release the bad version");
    await step(world, (release) => deploy(release, { version: bad }));
    await step(world, cutover);
    const load = world.load([world.product], "all");
    await load.until("all", 1000);
    say("roll back: one resource, from the state as it is");
    wantStep(world, cutover);
    world.write();
    const command = Date.now();
    const applied = await world.apply({ targets: [`docker_container.${world.product}_switch_job`], refresh: false });
    load.phase("back");
    await load.until("back", 1000);
    const result = await load.stop();
    mustNotFail(result);
    must(result.share("back", good) === 100, "the bad version still answered after the rollback");
    const seconds = rounded(((result.lastSeen(bad) ?? command) - command) / 1000);
    must(seconds <= PROMISES.trafficBack.atMost, `the traffic was back after ${seconds} s only`);
    return [
      { name: "traffic back", value: seconds, unit: "s", promise: PROMISES.trafficBack },
      { name: "command", value: rounded(applied.seconds), unit: "s", promise: PROMISES.rollback },
      ...loadFigures(result),
    ];
  },
};

export const onlyItsOwn: DeploymentDrill = {
  number: 11,
  name: "only-its-own",
  title: "one product's release changes no other product's container",
  async run({ world }) {
    const others = async (): Promise<string[]> =>
      (await world.docker.containers(world.prefix))
        .filter(({ name }) => !name.startsWith(`${world.prefix}-${world.product}-`))
        .map(({ id, name }) => `${name} ${id}`)
        .sort();
    const before = await others();
    const next = await version(world, "v2.4.0-rehearsal");
    await step(world, (release) => deploy(release, { version: next }));
    await step(world, cutover);
    await step(world, retire);
    const after = await others();
    const changed = after.filter((entry) => !before.includes(entry));
    must(changed.length === 0 && before.length === after.length, `changed: ${changed.join(", ")}`);
    return [{ name: "containers of others, unchanged", value: after.length }];
  },
};

export const rotatedSecret: DeploymentDrill = {
  number: 12,
  name: "secret",
  title: "a secret of the live set is rotated under load",
  pointless: ({ name, services }) =>
    services.some(({ env }) => Object.values(env).some((value) => inputsOf(value).some(({ secret }) => secret)))
      ? undefined
      : `${name} has no secret`,
  async run({ world, say }: DrillRun) {
    const ids = async (): Promise<Set<string>> =>
      new Set((await world.docker.containers(world.prefix)).map(({ id }) => id));
    const before = await ids();
    const load = world.load([world.product], "all");
    await load.until("all", 1000);
    const secret = secretOf(world);
    say(`rotate ${secret}`);
    const start = performance.now();
    world.want({ secrets: { [secret]: `rotated-at-${Date.now()}` } });
    await world.apply();
    const seconds = since(start);
    load.phase("rotated");
    await load.until("rotated", 2000);
    const result = await load.stop();
    mustNotFail(result);
    const made = [...(await ids())].filter((id) => !before.has(id));
    must(made.length > 0, "no container was replaced: the new secret has reached nobody");
    return [
      { name: "rotated in", value: seconds, unit: "s" },
      { name: "containers replaced", value: made.length },
      ...loadFigures(result),
    ];
  },
};

/** A secret that only the product's own services have. */
function secretOf(world: World): string {
  const uses = world.secretsOf(world.product);
  must(uses.length > 0, `${world.product} has no secret of its own`);
  return uses[0]!;
}

export const rolling: DeploymentDrill = {
  number: 16,
  name: "rolling",
  title: "the live set itself gets another version: rolling replacement under load",
  async run({ world, say }) {
    const before = liveVersion(world);
    const sick = await version(world, "v2.6.0-sick", { failHealth: true });
    const next = await version(world, "v2.7.0-rehearsal");
    const load = world.load([world.product], "all");
    await load.until("all", 1000);
    say("a version that never gets healthy, in place of the live one");
    wantStep(world, (release) => replaceLive(release, sick));
    const refused = await world.attempt();
    must(refused.code !== 0, "the apply succeeded with a version that is never healthy");
    load.phase("refused");
    await load.until("refused", 1000);
    load.phase("replacing");
    say("a good one");
    const start = performance.now();
    wantStep(world, (release) => replaceLive(release, next));
    await world.apply();
    const seconds = since(start);
    load.phase("replaced");
    await load.until("replaced", 2000);
    const result = await load.stop();
    mustNotFail(result);
    must(result.lastSeen(sick) === undefined, "the sick version answered requests");
    must(result.share("refused", before) === 100, "the old version did not go on answering");
    must(result.share("replaced", next) === 100, "the old version still answered after the replacement");
    const stale = (await world.docker.containers(world.prefix)).filter(
      ({ image }) =>
        [before, sick].some((tag) => image.endsWith(`:${tag}`)) && imagesOf(world).some((own) => image.startsWith(own)),
    );
    must(stale.length === 0, `left behind: ${stale.map(({ name }) => name).join(", ")}`);
    return [
      { name: "refused after", value: rounded(refused.seconds), unit: "s" },
      { name: "replaced in", value: seconds, unit: "s" },
      ...loadFigures(result),
    ];
  },
};

/** The repositories of the product's images. */
const imagesOf = (world: World): string[] =>
  world.platform.products
    .find(({ name }) => name === world.product)!
    .services.map((service) => `${imageRepository(world.platform, service)}:`);

export const idleColour = (world: World): "blue" | "green" => otherColour(world.desired.release[world.product]!.live);
