/** Drills about releasing one product. */
import { commanded, ending, secondsOf } from "./commands";
import type { World } from "../world";
import { PROMISES } from "../promises";
import {
  type DeploymentDrill,
  idleColour,
  liveVersion,
  loadFigures,
  must,
  mustNotFail,
  ofVersion,
  rounded,
  version,
} from "./drill";

const CANARY_PERCENT = 10;
/** "within 2 points". */
const CANARY_TOLERANCE = 2;
const RELEASE_REQUESTS = 100_000;

export const releaseUnderLoad: DeploymentDrill = {
  number: 2,
  name: "release",
  title: "twinset release: a new version gets all traffic, under load",
  async run({ world, say }) {
    const good = liveVersion(world);
    const next = await version(world, "v2.0.0-rehearsal");
    const load = world.load([world.product], "before");
    await load.until("before", 2000);
    const began = new Map<string, number>();
    load.phase("idle");
    // The canary needs enough requests to tell its share from 12 %, which takes as long as its time is.
    const result = await commanded(
      world,
      say,
      ["release", world.product, next, "--yes", "--canary-for", "45s", "--keep-for", "5s"],
      0,
      {
        onEvent: (event) => {
          if (event.kind === "step" && event.state === "begins") began.set(event.step, Date.now());
          if (event.kind === "step" && event.step === "canary")
            load.phase(event.state === "done" ? "canary" : "to canary");
          if (event.kind === "step" && event.step === "cutover" && event.state === "begins") load.phase("to all");
          if (event.kind === "step" && event.step === "retire") load.phase(event.state === "done" ? "after" : "to one");
        },
      },
    );
    say("until 100,000 requests were sent");
    await load.untilTotal(RELEASE_REQUESTS);
    const seen = await load.stop();
    mustNotFail(seen);
    must(seen.requests >= RELEASE_REQUESTS, `only ${seen.requests} requests were sent`);
    must(seen.share("idle", next) === 0, `${seen.share("idle", next)} % reached the idle set before the canary`);
    const share = seen.share("canary", next);
    must(Math.abs(share - CANARY_PERCENT) <= CANARY_TOLERANCE, `the canary got ${share.toFixed(1)} % of the requests`);
    must(seen.share("after", next) === 100, "the old version still answered after the cutover");
    const forward = {
      "to canary": (seen.firstIn("to canary", next) ?? seen.firstIn("canary", next) ?? Infinity) - began.get("canary")!,
      "to all": (seen.lastSeen(good) ?? Infinity) - began.get("cutover")!,
    };
    must(digestsOf(world) > 0, "the release file names no digest");
    say("twinset status");
    const status = await world.command(["status", world.desired.environment.name, "--json"]);
    must(status.code === 0, `twinset status finds something wrong: ${status.text}`);
    const { products, drift } = JSON.parse(status.text) as Status;
    const [set, ...others] = products.find(({ product }) => product === world.product)?.sets ?? [];
    must(set?.version === next && set.weight === 100 && others.length === 0, `status says otherwise: ${status.text}`);
    must(drift?.length === 0, `drift after the release: ${drift?.join(", ")}`);
    return [
      { name: "deploy", value: secondsOf(result, "deploy"), unit: "s", promise: PROMISES.deploy },
      ...(["smoke", "canary", "watch", "cutover", "retire"] as const).map((step) => ({
        name: step,
        value: secondsOf(result, step),
        unit: "s",
      })),
      ...Object.entries(forward).map(([name, milliseconds]) => ({
        ...{ name: `${name}, for visitors`, value: rounded(milliseconds / 1000), unit: "s", promise: PROMISES.forward },
      })),
      ...loadFigures(seen),
      { name: "canary's share", value: rounded(share), unit: "%" },
    ];
  },
};

/** The part of `twinset status --json` that is read here. */
interface Status {
  readonly products: readonly {
    readonly product: string;
    readonly sets: readonly { readonly version: string; readonly weight: number }[];
  }[];
  readonly drift?: readonly string[];
}

/** Images of the live set that the release file pins. */
const digestsOf = (world: World): number => {
  const release = world.desired.release[world.product]!;
  return Object.keys(release[release.live]?.digests ?? {}).length;
};

export const neverHealthy: DeploymentDrill = {
  number: 3,
  name: "never-healthy",
  title: "twinset release: a version that never gets healthy gets no traffic",
  async run({ world, say }) {
    const sick = await version(world, "v2.1.0-sick", { failHealth: true });
    const load = world.load([world.product], "all");
    const result = await commanded(world, say, ["release", world.product, sick, "--yes"], 1);
    must(
      new RegExp(`${world.prefix}-${world.product}[\\w-]*-(blue|green)-0`).test(result.text),
      "the failing container is not named",
    );
    must(result.text.includes("cannot reach the payment provider"), "the container's log is not shown");
    must(ending(result).includes("No visitor has seen"), "it is not said that nobody has seen it");
    const seen = await load.stop();
    mustNotFail(seen);
    must(seen.lastSeen(sick) === undefined, "the sick version answered requests");
    await nothingLeft(world, sick);
    return [
      { name: "refused after", value: secondsOf(result, "deploy"), unit: "s" },
      { name: "cleaned up in", value: secondsOf(result, "clean-up"), unit: "s" },
      ...loadFigures(seen),
    ];
  },
};

/** After a version was refused: none of its containers is there, and the files say what is so. */
async function nothingLeft(world: World, name: string): Promise<void> {
  const left = await ofVersion(world, name);
  must(left.length === 0, `left behind: ${left.join(", ")}`);
  must((await world.pending()).length === 0, "the plan is not empty afterwards");
}

export const failedMigration: DeploymentDrill = {
  number: 4,
  name: "migration",
  title: "twinset release: a migration that exits 1 stops it",
  pointless: ({ name, migration }) => (migration ? undefined : `${name} has no migration`),
  async run({ world, say }) {
    const broken = await version(world, "v2.2.0-broken", { failMigration: true });
    const load = world.load([world.product], "all");
    const result = await commanded(world, say, ["release", world.product, broken, "--yes"], 1);
    must(result.text.includes("migration 0042 failed"), "the migration's own words are not shown");
    const seen = await load.stop();
    mustNotFail(seen);
    must(seen.lastSeen(broken) === undefined, "the version answered though its migration failed");
    await nothingLeft(world, broken);
    return [{ name: "stopped after", value: secondsOf(result, "deploy"), unit: "s" }, ...loadFigures(seen)];
  },
};

export const rollback: DeploymentDrill = {
  number: 5,
  name: "rollback",
  title: "twinset rollback: from the command to the last request served by the bad version",
  async run({ world, say }) {
    const good = liveVersion(world);
    const bad = await version(world, "v2.3.0-bad");
    say("release the bad version");
    await commanded(world, say, ["deploy", world.product, bad], 0);
    await commanded(world, say, ["switch", world.product, idleColour(world)], 0);
    const load = world.load([world.product], "all");
    await load.until("all", 1000);
    const command = Date.now();
    const result = await commanded(world, say, ["rollback", world.product], 0);
    load.phase("back");
    await load.until("back", 1000);
    const seen = await load.stop();
    mustNotFail(seen);
    must(seen.share("back", good) === 100, "the bad version still answered after the rollback");
    const seconds = rounded(((seen.lastSeen(bad) ?? command) - command) / 1000);
    say("once more: the good one has all traffic already");
    await commanded(world, say, ["rollback", world.product], 0);
    must(liveVersion(world) === good, `${liveVersion(world)} is live after the second rollback`);
    await commanded(world, say, ["rollback", world.product, bad], 2);
    say("a good version that runs no more: its images are still there");
    const newer = await version(world, "v2.3.1-rehearsal");
    await commanded(world, say, ["deploy", world.product, newer], 0);
    await commanded(world, say, ["switch", world.product, idleColour(world)], 0);
    await commanded(world, say, ["retire", world.product], 0);
    await commanded(world, say, ["rollback", world.product], 5);
    must(liveVersion(world) === newer, "a rollback that was to ask has changed something");
    await commanded(world, say, ["rollback", world.product, good], 0);
    must(liveVersion(world) === good, `${liveVersion(world)} is live after the rollback to ${good}`);
    return [
      { name: "traffic back", value: seconds, unit: "s", promise: PROMISES.trafficBack },
      { name: "command", value: result.seconds, unit: "s", promise: PROMISES.rollback },
      ...loadFigures(seen),
    ];
  },
};

export const foreignChange: DeploymentDrill = {
  number: 21,
  name: "foreign",
  title: "twinset release: a change that is not the product's is refused by name",
  async run({ world, say }) {
    const next = await version(world, "v2.11.0-rehearsal");
    const { prefix } = world;
    const foreign = `${prefix}-redis`;
    const other = (await world.docker.containers(prefix)).find(({ name }) => name === foreign);
    must(other !== undefined, `there is no ${foreign} to be changed`);
    say(`remove ${foreign} by hand`);
    await world.docker.run("rm", "--force", foreign);
    const refused = await commanded(world, say, ["release", world.product, next, "--yes"], 3);
    must(refused.text.includes("docker_container.redis"), "the foreign change is not named");
    must((await ofVersion(world, next)).length === 0, "the version was deployed all the same");
    say("the same, let through");
    const words = ["release", world.product, next, "--yes", "--until", "deploy"];
    await commanded(world, say, [...words, "--allow", "docker_container.redis"], 0);
    must(
      (await world.docker.containers(prefix)).some(({ name }) => name === foreign),
      "redis is not back",
    );
    await commanded(world, say, ["retire", world.product], 0);
    return [{ name: "refused after", value: refused.seconds, unit: "s" }];
  },
};

export const onlyItsOwn: DeploymentDrill = {
  number: 11,
  name: "only-its-own",
  title: "twinset: one product's release changes no other product's container",
  async run({ world, say }) {
    const others = async (): Promise<string[]> =>
      (await world.docker.containers(world.prefix))
        .filter(({ name }) => !name.startsWith(`${world.prefix}-${world.product}-`))
        .map(({ id, name }) => `${name} ${id}`)
        .sort();
    const before = await others();
    const next = await version(world, "v2.4.0-rehearsal");
    say("what it would do, and nothing else");
    const dry = await world.command([
      ...["release", world.product, next, "--dry-run", "--environment", world.desired.environment.name],
    ]);
    must(dry.code === 0 && dry.text.includes("Nothing was changed"), `the dry run says: ${dry.text}`);
    must(
      new RegExp(`docker_container.${world.product}_\\w+_\\S+ create`).test(dry.text),
      "it does not show what would come",
    );
    must((await others()).join() === before.join(), "the dry run changed something");
    must((await world.pending()).length === 0, "the dry run left something behind");
    await commanded(world, say, ["deploy", world.product, next], 0);
    await commanded(world, say, ["switch", world.product, idleColour(world)], 0);
    await commanded(world, say, ["retire", world.product], 0);
    const after = await others();
    const changed = after.filter((entry) => !before.includes(entry));
    must(changed.length === 0 && before.length === after.length, `changed: ${changed.join(", ")}`);
    return [{ name: "containers of others, unchanged", value: after.length }];
  },
};
