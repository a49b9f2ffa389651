/** What moves are made of, each part by itself and without load. */
import { join } from "node:path";
import { EdgeKeeper, type ServedSplit } from "../../clients/edge-keeper";
import { DEPLOY_USER, SSH_SETTINGS } from "../../model/server";
import { otherColour, type Weights } from "../../model/release";
import { switchAddress } from "../../release/guard";
import { canary, change } from "../../release/steps";
import type { World } from "../../rehearsal/world";
import type { StackConfig } from "../../terraform/config";
import { SERVER_ADDRESS } from "../../rehearsal/clouds";
import { plainTable } from "../../cli/shared/table";
import { summary } from "./figures";
import type { Opened } from "./open-site";
import { milliseconds, pluginTimes } from "./plugins";
import { takeUp } from "./take-up";

/** Name → milliseconds, in the order in which they are to be shown. */
type Times = Map<string, number[]>;

/** How often each is measured. */
const RUNS = 5;
/** Of what takes seconds. */
const FEW = 3;

/** The environment is afterwards as it was. @returns a table */
export async function measureParts(
  world: World,
  required: NonNullable<StackConfig["terraform"]["required_providers"]>,
  say: (line: string) => void,
): Promise<string> {
  const times: Times = new Map();
  say("the program's start, the site, the state's store");
  await programParts(world, times);
  say("each plugin");
  for (const { name, handshake, validate } of await pluginTimes(world, required, RUNS)) {
    if (handshake.length > 0) times.set(`plugin ${name}: process → handshake`, [...handshake]);
    times.set(`terraform validate, ${name === "none" ? "no plugin" : `only ${name}`}`, [...validate]);
  }
  say("Terraform's commands");
  await terraformParts(world, times);
  say("the keeper and the edge");
  const seen = await keeperParts(world, times);
  await world.command(["canary", "0", world.product, "--environment", world.options.environment.name, "--json"]);
  const { recorded } = await mustServe(seen, world.product);
  say(
    `moved there and back at the edge alone, and after the next command the edge ${recorded ? "knows" : "still does not know"} that Terraform agrees`,
  );
  const rows = [...times].map(([name, all]) => [name, String(all.length), summary(all)]);
  return plainTable(["part, without load", "runs", "ms"], rows, ["left", "right", "right"]);
}

const add = (times: Times, name: string, value: number): void =>
  void times.set(name, [...(times.get(name) ?? []), value]);

async function programParts(world: World, times: Times): Promise<void> {
  const { environment } = world.options;
  const program = join(__dirname, "open-site.cjs");
  // The first one bundles.
  await world.command([environment.name], { program });
  for (let i = 0; i < RUNS; i++) {
    const help = await world.command(["rollback", "--help"]);
    add(times, "program start (twinset rollback --help)", help.ended - help.began);
  }
  for (let i = 0; i < RUNS; i++) {
    const { code, text } = await world.command([environment.name], { program });
    if (code !== 0) throw new Error(`the site does not open: ${text}`);
    const opened = JSON.parse(text.split("\n").at(-1)!) as Opened;
    for (const [name, value] of Object.entries(opened)) add(times, name, value);
  }
}

async function terraformParts(world: World, times: Times): Promise<void> {
  const { directory, environment } = world.options;
  const path = join(directory, "cdktf.out", "stacks", environment.name);
  const terraform = world.anotherDirectory(path, world.access(), { lock: false });
  const plan = ["-json", "-input=false", "-out=tfplan", "-lock=false", "-parallelism=40"];
  const target = `-target=${switchAddress(world.product)}`;
  const timed = async (name: string, command: string, args: readonly string[]): Promise<void> =>
    add(times, name, await milliseconds(() => terraform.must(command, args)));
  const stateFile = async (): Promise<string> => (await terraform.must("state", ["pull"])).stdout;
  const previewed = async (): Promise<number> => {
    const state = await stateFile();
    const previewing = world.anotherDirectory(path, world.access(), { stateFile: () => Promise.resolve(state) });
    return milliseconds(async () => {
      if (!(await previewing.preview(switchAddress(world.product))))
        throw new Error("the switch has no part of its own");
    });
  };
  const before = world.desired.release;
  world.write();
  for (let i = 0; i < RUNS; i++) await timed("terraform version", "version", []);
  for (let i = 0; i < RUNS; i++) await timed("terraform init, done before", "init", ["-input=false"]);
  for (let i = 0; i < FEW; i++) await timed("terraform plan, all", "plan", plan);
  for (let i = 0; i < FEW; i++) await timed("terraform plan -refresh=false", "plan", [...plan, "-refresh=false"]);
  for (let i = 0; i < FEW; i++) await timed("terraform plan -target (the switch)", "plan", [...plan, target]);
  for (const percent of [10, 0, 10, 0]) {
    world.want({ release: change(before, world.product, (release) => canary(release, percent)) });
    world.write();
    add(times, "plan and show, of the part that the switch needs", await previewed());
    await timed("terraform plan -target -refresh=false", "plan", [...plan, target, "-refresh=false"]);
    await timed("terraform show, of that plan", "show", ["-json", "tfplan"]);
    await timed("terraform apply, of that plan", "apply", ["-json", "-input=false", "-lock=false", "tfplan"]);
  }
  for (let i = 0; i < FEW; i++) await timed("terraform show, of the state", "show", ["-json"]);
  for (let i = 0; i < FEW; i++) await timed("terraform state pull", "state", ["pull"]);
}

/** @returns a keeper, to be asked further */
async function keeperParts(world: World, times: Times): Promise<EdgeKeeper> {
  const env = { ...world.childEnv, ...world.access() };
  const { prefix, product } = world;
  const destination = `${DEPLOY_USER}@${SERVER_ADDRESS}`;
  const keepers = {
    "by SSH": new EdgeKeeper({ prefix, env, destination, settings: SSH_SETTINGS }),
    "on this computer": new EdgeKeeper({ prefix, env }),
  };
  for (const [how, keeper] of Object.entries(keepers)) {
    await keeper.facts(product);
    for (let i = 0; i < RUNS; i++)
      add(times, `keeper's facts, ${how}`, await milliseconds(() => keeper.facts(product)));
    for (let i = 0; i < FEW; i++) {
      const served = await mustServe(keeper, product);
      const share: Weights = { [served.live]: 90, [otherColour(served.live)]: 10 };
      for (const weights of [share, served.weights]) {
        const { revision, live } = await mustServe(keeper, product);
        const move = { product, revision, weights, live, by: "person", who: "bench", why: "measured" } as const;
        add(times, `keeper's move, ${how}`, await milliseconds(() => keeper.move(move)));
      }
    }
  }
  const { revision } = await mustServe(keepers["on this computer"], product);
  const { alone, following, question } = await takeUp({ prefix, product, env }, revision, RUNS);
  times.set("one question to the edge", [...question]);
  times.set("the edge takes up a file", [...alone]);
  times.set("and another one right after it", [...following]);
  return keepers["on this computer"];
}

async function mustServe(keeper: EdgeKeeper, product: string): Promise<ServedSplit> {
  const served = await keeper.served(product);
  if (!served) throw new Error(`the edge knows nothing of ${product}`);
  return served;
}
