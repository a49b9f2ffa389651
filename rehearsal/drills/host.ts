/** Drills about the whole environment: made, restarted, moved to another server, destroyed. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerFacts } from "../../clients/docker";
import { askEdge } from "../../clients/edge";
import { restartEngine } from "../engine";
import { GENEROUS, PROMISES } from "../promises";
import type { World } from "../world";
import { type DeploymentDrill, type Figure, loadFigures, must, rounded, since } from "./drill";

/** Seconds until every name has to answer after something was started or restarted. The slowest that was seen took 80. */
const PATIENCE = GENEROUS * 80;

const allProducts = (world: World): string[] =>
  world.platform.products.filter(({ name }) => world.desired.release[name]).map(({ name }) => name);

/** Waits until every name answers with 200. @returns the seconds that it took */
export async function allAnswer(world: World): Promise<number> {
  const start = performance.now();
  let waiting = [...world.targets(allProducts(world))];
  let last = "";
  while (waiting.length > 0) {
    const still: typeof waiting = [];
    for (const target of waiting) {
      try {
        const { status } = await askEdge(world.edge, target);
        if (status === 200) continue;
        last = `status ${status}`;
      } catch (reason) {
        last = (reason as Error).message;
      }
      still.push(target);
    }
    waiting = still;
    must(
      waiting.length === 0 || since(start) < PATIENCE,
      `${waiting.map(({ host }) => host).join(", ")} did not answer within ${PATIENCE} s: ${last}`,
    );
    if (waiting.length > 0) await sleep(500);
  }
  return since(start);
}

async function mustBeEmpty(world: World, when: string): Promise<void> {
  const pending = await world.pending();
  must(pending.length === 0, `${when} the plan still wants to change ${pending.join(", ")}`);
}

export const fromNothing: DeploymentDrill = {
  number: 1,
  name: "from-nothing",
  title: "everything in one apply; the second plan is empty",
  fromNothing: true,
  async run({ world, say }) {
    const { seconds } = await world.apply();
    say("every name answers over HTTPS");
    const answered = await allAnswer(world);
    say("the second plan");
    await mustBeEmpty(world, "after the first apply");
    const state = await world.terraform.state();
    return [
      { name: "apply", value: rounded(seconds), unit: "s", promise: PROMISES.deploy },
      { name: "resources", value: state.length },
      { name: "containers running", value: (await running(world)).length },
      { name: "names answering", value: world.targets(allProducts(world)).length },
      { name: "all answer, after the apply", value: answered, unit: "s" },
    ];
  },
};

const running = async (world: World): Promise<ContainerFacts[]> =>
  (await world.docker.containers(world.prefix)).filter((container) => container.running);

/** Of these, who does not run or is not healthy. */
async function notWell(world: World, names: readonly string[]): Promise<string[]> {
  const well = (await running(world)).filter(({ unwell }) => !unwell);
  const now = new Set(well.map(({ name }) => name));
  return names.filter((name) => !now.has(name));
}

export const restarts: DeploymentDrill = {
  number: 9,
  name: "restart",
  title: "the edge and the Docker engine are restarted",
  async run({ world, say, options }) {
    const figures: Figure[] = [];
    const under = async (what: string, restart: () => Promise<void>): Promise<void> => {
      const before = (await running(world)).map(({ name }) => name);
      const load = world.load(allProducts(world), "all", { ratePerSecond: 200 });
      await load.until("all", 500);
      const start = performance.now();
      await restart();
      await allAnswer(world);
      const answering = since(start);
      // Nothing that visitors see waits for the last store.
      let missing = await notWell(world, before);
      while (missing.length > 0 && since(start) < PATIENCE) {
        await sleep(500);
        missing = await notWell(world, before);
      }
      const runningAgain = since(start);
      const result = await load.stop();
      must(missing.length === 0, `${what}: did not come back: ${missing.join(", ")}`);
      figures.push(
        { name: `${what}: all answer again`, value: answering, unit: "s" },
        { name: `${what}: all ${before.length} containers healthy again`, value: runningAgain, unit: "s" },
        ...loadFigures(result)
          .filter(({ name }) => name !== "p95")
          .map((figure) => ({ ...figure, name: `${what}: ${figure.name}` })),
      );
    };
    say("restart the edge");
    await under("edge", async () => {
      await world.docker.run("restart", `${world.prefix}-edge`);
    });
    if (options.restartEngine) {
      say("restart the Docker engine");
      await under("engine", () => restartEngine(world.docker));
    } else {
      figures.push({ name: "engine", value: "not restarted: it may be in use; --restart-engine allows it" });
    }
    await mustBeEmpty(world, "after the restarts");
    return figures;
  },
};

export const replacedServer: DeploymentDrill = {
  number: 13,
  name: "server",
  title: "the server is replaced; everything comes back with its data",
  async run({ world, say }) {
    const { environment } = world.base;
    must(environment.host.kind === "hetzner", "this environment has no server");
    const mark = `mark-${Date.now()}`;
    await sql(world, `CREATE TABLE rehearsal (mark text); INSERT INTO rehearsal VALUES ('${mark}')`);
    const [before] = world.clouds.hetzner.state.servers;
    say("a maintenance window opens: the protection is lifted");
    world.want({ environment: { ...environment, host: { ...environment.host, maintenance: true } } });
    await world.apply();
    say("replace the server");
    const start = performance.now();
    const pending = await world.terraform.plan({ replace: ["hcloud_server.host_server"] });
    must(pending.length > 0, "the plan to replace the server is empty");
    const { seconds } = await world.apply({ replace: ["hcloud_server.host_server"] });
    await allAnswer(world);
    const back = since(start);
    say("the window closes");
    world.want({ environment });
    await world.apply();
    await mustBeEmpty(world, "after the window");
    const [after] = world.clouds.hetzner.state.servers;
    must(after !== undefined && after.id !== before?.id, "it is the same server as before");
    must(world.clouds.hetzner.state.servers.length === 1, "there are two servers now");
    const found = await sql(world, "SELECT mark FROM rehearsal");
    must(found.includes(mark), `the database came back without its data: ${found}`);
    await sql(world, "DROP TABLE rehearsal");
    return [
      { name: "apply", value: rounded(seconds), unit: "s" },
      { name: "all answer again after", value: back, unit: "s" },
      { name: "data of the volume", value: "there" },
    ];
  },
};

/** Runs a statement in the environment's own PostgreSQL, if it has one. */
async function sql(world: World, statement: string): Promise<string> {
  const store = world.platform.stores.find((each) => each.kind === "postgres");
  must(store !== undefined, "the platform has no PostgreSQL whose data could be looked at");
  return world.docker.run(
    ...["exec", `${world.prefix}-${store.name}`, "psql", "-h", "/var/run/postgresql"],
    ...["-U", store.user ?? "postgres", "-d", "postgres", "-qtA", "-c", statement],
  );
}

export const destroyed: DeploymentDrill = {
  number: 14,
  name: "destroy",
  title: "what is protected refuses; without protection nothing is left",
  async run({ world, say }) {
    const { environment } = world.base;
    const containers = (await running(world)).length;
    say("destroy with protection");
    const refused = await world.attempt({ destroy: true });
    const said = refused.errors.map(({ summary }) => summary).join(", ");
    must(refused.code !== 0, "destroy was let through");
    must(/cannot be destroyed/i.test(said), `destroy failed for another reason: ${said}`);
    must((await running(world)).length === containers, "destroy was refused, but took containers with it");
    say("lift the protection, destroy");
    const host = environment.host.kind === "hetzner" ? { ...environment.host, protected: false } : environment.host;
    world.want({ environment: { ...environment, host, protectData: false } });
    await world.apply();
    const { seconds } = await world.apply({ destroy: true });
    must((await world.terraform.state()).length === 0, "the state is not empty");
    const left = [
      ...(await world.docker.containers(world.prefix)).map(({ name }) => name),
      ...(await world.docker.networks(world.prefix)),
      ...(await world.docker.volumes(world.prefix)).filter((name) => name !== world.marker),
      ...world.leftInClouds(),
    ];
    must(left.length === 0, `left: ${left.join(", ")}`);
    return [
      { name: "protected, refused after", value: rounded(refused.seconds), unit: "s" },
      { name: "destroyed in", value: rounded(seconds), unit: "s" },
      { name: "left", value: 0 },
    ];
  },
};
