/** Drills about changes to the live set itself, without another one beside it. */
import { inputsOf } from "../../model/values";
import { replaceLive } from "../../release/steps";
import type { World } from "../world";
import {
  type DeploymentDrill,
  type DrillRun,
  liveVersion,
  loadFigures,
  must,
  mustNotFail,
  ofVersion,
  rounded,
  since,
  version,
  wantStep,
} from "./drill";

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
    const stale = [...(await ofVersion(world, before)), ...(await ofVersion(world, sick))];
    must(stale.length === 0, `left behind: ${stale.join(", ")}`);
    must((await ofVersion(world, next)).length > 0, "no container has the new version's label");
    return [
      { name: "refused after", value: rounded(refused.seconds), unit: "s" },
      { name: "replaced in", value: seconds, unit: "s" },
      ...loadFigures(result),
    ];
  },
};
