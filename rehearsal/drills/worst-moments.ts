/** Drills about the moments in which nothing else works: traffic goes back at the edge, and a canary ends by itself. */
import { S3Files } from "../../clients/state-store/s3-files";
import { Bucket } from "../../clients/object-store";
import { isHeld, StateLock } from "../../clients/state-store/state-lock";
import { keeperName } from "../../model/edge-keeper";
import { canaryRules } from "../../model/canary";
import { GENEROUS, leaseOf, PROMISES } from "../promises";
import type { LoadResult } from "../load/load";
import { TOKENS } from "../workbench";
import type { World } from "../world";
import { commanded, ending } from "./commands";
import {
  type DeploymentDrill,
  type Figure,
  idleColour,
  liveVersion,
  loadFigures,
  must,
  mustNotFail,
  rounded,
  version,
} from "./drill";

export const edgeFirst: DeploymentDrill = {
  number: 23,
  name: "edge-first",
  title: "twinset rollback with the state's store down, the lock held, the registry gone: the edge moves all the same",
  async run({ world, say }) {
    const good = liveVersion(world);
    const bad = await version(world, "v2.12.0-bad");
    await commanded(world, say, ["deploy", world.product, bad], 0);
    const figures: Figure[] = [];
    const all: LoadResult[] = [];
    for (const [what, fails] of FAILING) {
      say(what);
      await commanded(world, say, ["switch", world.product, idleColour(world)], 0);
      const load = world.load([world.product], "bad");
      await load.until("bad", 1000);
      const { code, env = {}, mend } = await fails(world);
      const command = Date.now();
      const words = ["rollback", world.product, "--environment", world.desired.environment.name, "--json"];
      const result = await world.command([...words, "--record-for", "1s"], { env });
      load.phase("back");
      await load.until("back", 1000);
      await mend?.();
      const seen = await load.stop();
      all.push(seen);
      const ended = `${what}: rollback ended with ${result.code ?? "a signal"}, not ${code}: ${result.text}`;
      must(result.code === code, ended);
      must(code === 0 || result.text.includes("Terraform has not been told"), `${what}: not said: ${result.text}`);
      mustNotFail(seen);
      must(seen.share("back", good) === 100, `${what}: the bad version still answered after the rollback`);
      figures.push({
        name: `traffic back, ${what}`,
        value: rounded(((seen.lastSeen(bad) ?? command) - command) / 1000),
        unit: "s",
        promise: PROMISES.edgeFirst,
      });
      say("and then Terraform is told");
      await commanded(world, say, ["rollback", world.product], 0);
      must(liveVersion(world) === good, `${liveVersion(world)} is live after the rollback`);
    }
    await commanded(world, say, ["retire", world.product], 0);
    must((await world.pending()).length === 0, "the plan is not empty afterwards");
    return [...figures, { name: "requests", value: all.reduce((sum, { requests }) => sum + requests, 0) }];
  },
};

/** @returns the code that a rollback has to end with, and how all is well again */
type Failing = (world: World) => Promise<{
  readonly code: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly mend?: () => Promise<unknown>;
}>;

const storeDown: Failing = ({ clouds: { store } }) => {
  store.faults.inject({ fault: { kind: "error", status: 503 }, path: /./, times: 1_000_000 });
  return Promise.resolve({ code: 8, mend: () => Promise.resolve(store.faults.clear()) });
};

const lockHeld: Failing = async (world) => {
  const { state } = world.desired.environment;
  must(state.kind !== "local", "the environment has no state that others could lock");
  const secretAccessKey = "rehearsal-secret";
  const access = { endpoint: world.clouds.store.baseUrl, accessKeyId: TOKENS.accessKey, secretAccessKey };
  const { name } = world.desired.environment;
  const key = `${world.platform.name}/${name}/terraform.tfstate`;
  const lock = new StateLock(new S3Files(new Bucket(access, state.bucket, "a state"), key), "twinset", "other@drill");
  const held = await lock.acquire("release of another product");
  must(isHeld(held), "the lock could not be taken");
  return { code: 8, mend: () => held.release() };
};

/** It takes no login, so nothing could be fetched. */
const registryGone: Failing = () => Promise.resolve({ code: 0, env: { TF_VAR_registry_token: "no-longer-valid" } });

const FAILING = [
  ["store down", storeDown],
  ["lock held", lockHeld],
  ["registry gone", registryGone],
] as const;

export const lease: DeploymentDrill = {
  number: 24,
  name: "lease",
  title: "twinset release: killed in its canary, and nobody comes back: the canary ends by itself",
  async run({ world, say }) {
    const good = liveVersion(world);
    const next = await version(world, "v2.13.0-rehearsal");
    const load = world.load([world.product], "before");
    const kill = new AbortController();
    const words = ["release", world.product, next, "--yes", "--json", "--canary-for", "30m"];
    await world.command([...words, "--environment", world.desired.environment.name], {
      killed: kill.signal,
      onEvent: (event) => {
        if (event.kind === "watch") kill.abort();
      },
    });
    const killed = Date.now();
    say("killed while it watched");
    load.phase("unwatched");
    await load.until("unwatched", 1000);
    say("the keeper is started again meanwhile");
    await world.docker.run("restart", keeperName(world.prefix));
    const { lease: time } = canaryRules(world.platform.products.find(({ name }) => name === world.product)!.canary);
    const deadline = killed + GENEROUS * time.seconds * 1000;
    for (;;) {
      const status = await world.command(["status", world.desired.environment.name, "--quick"]);
      // What the keeper has put into force Traefik takes up a moment later, on a busy computer a second or two.
      const isOver = status.text.includes("nobody watched the canary");
      if (isOver && !status.text.includes("does not serve what it was given")) break;
      must(Date.now() < deadline, `the canary is still there after ${GENEROUS} times its lease: ${status.text}`);
      await new Promise((resolve) => setTimeout(resolve, 5000));
    }
    load.phase("after");
    await load.until("after", 1000);
    say("the run is gone on with: it sees that it is over");
    const again = ["release", world.product, "--resume", "--yes"];
    const locked = await commanded(world, say, again, 6);
    const id = /--unlock ([0-9a-f-]+)/.exec(locked.text)?.[1];
    must(id !== undefined, `the dead run's lock is not named: ${locked.text}`);
    const resumed = await commanded(world, say, [...again, "--unlock", id], 4);
    must(ending(resumed).includes("All traffic is back"), "it is not said that the traffic is back");
    const seen = await load.stop();
    mustNotFail(seen);
    must((seen.lastSeen(next) ?? 0) > killed, "the canary was over with its run already");
    const seconds = rounded(((seen.lastSeen(next) ?? killed) - killed) / 1000);
    const share = seen.share("after", good);
    must(share === 100, `after its lease the canary still answered ${rounded(100 - share)} % of the requests`);
    await commanded(world, say, ["retire", world.product], 0);
    must((await world.pending()).length === 0, "the plan is not empty afterwards");
    return [
      {
        name: "canary over after",
        value: seconds,
        unit: "s",
        promise: leaseOf(time.seconds),
      },
      ...loadFigures(seen),
    ];
  },
};
