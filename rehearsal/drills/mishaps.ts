/** Drills about Terraform and twinset being interrupted, and about hands that change things beside them. */
import { describe } from "../../terraform/output";
import { canary, cutover, deploy, retire } from "../../release/steps";
import { lockAmong } from "../../terraform/lock";
import type { ApplyEvent } from "../../terraform/working-directory";
import type { World } from "../world";
import {
  type DeploymentDrill,
  idleColour,
  liveVersion,
  loadFigures,
  must,
  mustNotFail,
  rounded,
  version,
  wantStep,
} from "./drill";
import { commanded } from "./commands";

/** Where in each step Terraform is killed: in the middle of the one thing that the step is about. */
const KILLS: readonly {
  readonly step: string;
  readonly edit: (version: string) => Parameters<typeof wantStep>[1];
  readonly at: (event: ApplyEvent, product: string, idle: string) => boolean;
  /** Seconds after that event. */
  readonly after: number;
}[] = [
  {
    step: "deploy",
    edit: (name) => (release) => deploy(release, { version: name }),
    at: ({ type, address, action }, product, idle) =>
      type === "apply_start" &&
      action === "create" &&
      address.startsWith(`docker_container.${product}_${idle}_`) &&
      !address.includes("migration"),
    after: 3,
  },
  {
    step: "canary",
    edit: () => (release) => canary(release, 10),
    at: ({ type, address, action }, product) =>
      type === "apply_start" && action === "create" && address === `docker_container.${product}_switch_job`,
    after: 0.3,
  },
  {
    step: "cutover",
    edit: () => cutover,
    at: ({ type, address, action }, product) =>
      type === "apply_start" && action === "create" && address === `docker_container.${product}_switch_job`,
    after: 1,
  },
  {
    step: "retire",
    edit: () => retire,
    at: ({ type, address, action }, product, idle) =>
      type === "apply_start" && action === "delete" && address.startsWith(`docker_container.${product}_${idle}_`),
    after: 0.2,
  },
];

export const killed: DeploymentDrill = {
  number: 6,
  name: "kill",
  title: "kill -9 of Terraform in the middle of each step",
  async run({ world, say }) {
    const next = await version(world, "v2.5.0-rehearsal");
    const load = world.load([world.product], "all", { maxSeconds: 3600, maxRequests: 2_000_000 });
    let leftovers = 0;
    for (const { step, edit, at, after } of KILLS) {
      const idle = idleColour(world);
      wantStep(world, edit(next));
      const abort = new AbortController();
      const applied = await world.attempt({
        killed: abort.signal,
        onEvent: (event) => {
          if (at(event, world.product, idle)) setTimeout(() => abort.abort(), after * 1000);
        },
      });
      must(applied.code === null, `${step}: Terraform ended before it was killed`);
      say(`${step}: killed after ${rounded(applied.seconds)} s; the next run`);
      await world.unlock();
      await world.recover();
      await world.apply();
      const pending = await world.pending();
      must(pending.length === 0, `${step}: the run after it still wants to change ${pending.join(", ")}`);
      leftovers += (await world.recover()).removed.length;
    }
    const result = await load.stop();
    mustNotFail(result);
    return [
      { name: "kills", value: KILLS.length },
      { name: "containers left over and removed", value: leftovers },
      ...loadFigures(result),
    ];
  },
};

export const crashes: DeploymentDrill = {
  number: 20,
  name: "crash",
  title: "twinset release: killed in each step, and gone on with from another computer",
  async run({ world, say }) {
    const next = await version(world, "v2.10.0-rehearsal");
    const load = world.load([world.product], "all", { maxSeconds: 3600, maxRequests: 2_000_000 });
    const words = ["release", world.product, next, "--yes", "--canary-for", "20s", "--keep-for", "5s"];
    let args = [...words];
    let lock: string | undefined;
    let elsewhere = false;
    for (const step of ["deploy", "smoke", "canary", "watch", "cutover", "keep", "retire"] as const) {
      const abort = new AbortController();
      const ended = await world.command(
        [...args, ...(lock ? ["--unlock", lock] : []), "--environment", world.desired.environment.name, "--json"],
        {
          elsewhere,
          killed: abort.signal,
          onEvent: (event) => {
            // In the middle of what the step does, where it does something.
            if (event.kind === "step" && event.step === step && event.state === "begins") {
              setTimeout(() => abort.abort(), step === "deploy" ? 12_000 : step === "smoke" ? 50 : 2500);
            }
          },
        },
      );
      must(
        ended.code === null,
        `${step}: the run ended with ${ended.code} before it was killed: ${ended.text.slice(-600)}`,
      );
      // While the old set is kept nothing is locked: whoever goes on then just does.
      lock = step === "keep" ? undefined : await lockOfTheDead(world, [...words, "--resume"], !elsewhere);
      say(`${step}: killed; ${lock ? "its lock is named" : "nothing is locked"}`);
      args = [...words, "--resume"];
      elsewhere = !elsewhere;
    }
    const last = await world.command(
      [...args, ...(lock ? ["--unlock", lock] : []), "--environment", world.desired.environment.name, "--json"],
      { elsewhere },
    );
    must(last.code === 0, `the last one ended with ${last.code}: ${last.text.slice(-800)}`);
    const seen = await load.stop();
    mustNotFail(seen);
    must(liveVersion(world) === next, `${liveVersion(world)} is live`);
    must((await world.pending()).length === 0, "the plan is not empty afterwards");
    return [{ name: "kills", value: 7 }, ...loadFigures(seen)];
  },
};

/** Whoever goes on without a word about the dead run's lock is refused, and told its id. */
async function lockOfTheDead(world: World, args: readonly string[], elsewhere: boolean): Promise<string> {
  const { name } = world.desired.environment;
  const refused = await world.command([...args, "--environment", name], { elsewhere });
  const lock = /--unlock (\S+)/.exec(refused.text)?.[1];
  must(refused.code === 6 && lock !== undefined, `the lock of the dead run is not named: ${refused.text}`);
  return lock;
}

export const twoOperators: DeploymentDrill = {
  number: 7,
  name: "lock",
  title: "two operators at once: the second is refused, with twinset and with Terraform",
  async run({ world, say }) {
    const next = await version(world, "v2.6.0-rehearsal");
    const words = ["release", world.product, next, "--yes", "--until", "deploy"];
    let started: () => void = () => undefined;
    const underWay = new Promise<void>((resolve) => (started = resolve));
    const first = commanded(world, say, words, 0, { onEvent: ({ kind }) => kind === "plan" && started() });
    await Promise.race([underWay, first]);
    say("the second operator releases, on another computer");
    const second = await world.twinsetElsewhere([...words, "--environment", world.desired.environment.name]);
    must(second.code === 6, `the second was let through, or failed otherwise (${second.code}): ${second.text}`);
    const who = /locked by (\S+)/.exec(second.text)?.[1];
    must(who !== undefined, `the refusal does not say who holds the lock: ${second.text}`);
    say("a third one applies with Terraform alone");
    const third = await world.terraform.apply();
    const said = third.errors.map(describe).join("\n");
    must(third.code !== 0, "the third was let through");
    const lock = lockAmong(third.errors);
    must(lock !== undefined, `the third was refused for another reason: ${said}`);
    must(lock.who === who, `Terraform names ${lock.who}, twinset ${who}`);
    await first;
    await commanded(world, say, ["retire", world.product], 0);
    return [
      { name: "refused after", value: second.seconds, unit: "s" },
      { name: "by Terraform after", value: rounded(third.seconds), unit: "s" },
      { name: "lock held by", value: lock.who.replace(/@.*/, "@…") },
    ];
  },
};

export const byHand: DeploymentDrill = {
  number: 8,
  name: "by-hand",
  title: "twinset plan and apply: a container removed or changed by hand comes back, and only that",
  async run({ world, say }) {
    const live = world.desired.release[world.product]!.live;
    const service = world.platform.products.find(({ name }) => name === world.product)!.services.at(-1)!;
    const address = `docker_container.${world.product}_${live}_${service.role}-0`;
    // Its name is new, so the switch has to write it.
    const allowed = [address, `docker_container.${world.product}_switch_job`];

    say("remove one");
    const removed = await find(world, address);
    await world.docker.run("rm", "--force", removed);
    const figures = [await mended(world, allowed, [address], "removed")];

    say("change one: its memory");
    const changed = await find(world, address);
    await world.docker.run("update", "--memory", "100m", "--memory-swap", "100m", changed);
    figures.push(await mended(world, [address], [address], "changed"));

    say("stop one");
    await world.docker.run("stop", await find(world, address));
    figures.push(await mended(world, allowed, [address], "stopped"));
    return figures;
  },
};

async function find(world: World, address: string): Promise<string> {
  const resource = (await world.terraform.state()).find((known) => known.address === address);
  must(resource !== undefined, `${address} is not in the state`);
  return String(resource.values["id"]);
}

async function mended(
  world: World,
  allowed: readonly string[],
  needed: readonly string[],
  what: string,
): Promise<{ name: string; value: number; unit: string }> {
  const ids = async (): Promise<string[]> => (await world.docker.containers(world.prefix)).map(({ id }) => id);
  const before = await ids();
  const { name: environment } = world.desired.environment;
  const planned = await world.command(["plan", environment]);
  const pending = [...planned.text.matchAll(/^[-+±~] (\S+)/gm)].map(([, address]) => address!);
  for (const address of needed) must(pending.includes(address), `${what}: the plan does not show ${address}`);
  const foreign = pending.filter((address) => !allowed.includes(address));
  must(foreign.length === 0, `${what}: the plan also changes ${foreign.join(", ")}`);
  const id = /--plan (\w+)/.exec(planned.text)?.[1];
  must(planned.code === 0 && id !== undefined, `${what}: no plan that may be applied: ${planned.text}`);
  const wrong = await world.command(["apply", environment, "--plan", "0123456789ab"]);
  must(wrong.code !== 0 && wrong.text.includes("0123456789ab"), `${what}: another plan's id was taken: ${wrong.text}`);
  const applied = await world.command(["apply", environment, "--plan", id]);
  must(applied.code === 0, `${what}: the plan that was shown was not applied: ${applied.text}`);
  const { seconds } = applied;
  const again = await world.command(["apply", environment, "--plan", id]);
  must(again.code !== 0, `${what}: a plan that is stale was applied once more`);
  const left = await world.pending();
  must(left.length === 0, `${what}: still to be changed after the apply: ${left.join(", ")}`);
  const after = await ids();
  const made = after.filter((id) => !before.includes(id));
  must(made.length <= allowed.length, `${what}: ${made.length} containers are new`);
  return { name: `${what}, mended in`, value: rounded(seconds), unit: "s" };
}
