/** A drill about the plan's review: it says what a plan does, and what was reviewed is applied or nothing. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { canary, cutover, deploy, retire } from "../../release/steps";
import { fingerprint } from "../../review/fingerprint";
import { markdown } from "../../review/markdown";
import { parsePlan } from "../../review/plan-file";
import { readRecord } from "../../review/record";
import { type Review, reviewPlan } from "../../review/review";
import { planRedactor } from "../../review/secrets";
import { type PlanSource, planSource } from "../../terraform/plan-source";
import type { ApplyOptions } from "../../terraform/working-directory";
import { TOKENS } from "../workbench";
import type { World } from "../world";
import { tampered } from "./tampered";
import { type DeploymentDrill, type DrillRun, loadFigures, must, mustNotFail, since, version, wantStep } from "./drill";

/** So many plans of one and the same change must have one fingerprint. */
const REPEATS = 20;

export const reviewed: DeploymentDrill = {
  number: 22,
  name: "reviewed",
  title: "twinset review says what a plan does; apply --reviewed does that or nothing",
  fromNothing: true,
  async run({ world, say, options }) {
    const { product } = world;
    const keep = keeper(world, options.plans);
    if ((await world.terraform.state()).length === 0) {
      must(/^first deploy of /.test((await keep("first-deploy")).verdict), "a first deploy is not said to be one");
      await world.apply();
    } else {
      await world.settle();
    }

    say("a new version: reviewed, with the host and without it");
    const next = await version(world, "v1.6.0");
    wantStep(world, (release) => deploy(release, { version: next }));
    const arrival = await keep("release");
    must(
      arrival.verdict.startsWith(`${product}: `) && arrival.verdict.includes(`${next} arrives, traffic stays on`),
      `the review of a deploy says: ${arrival.verdict}`,
    );
    must(arrival.losses.length + arrival.drift.length === 0, "a deploy is said to destroy or to have found something");
    const record = join(world.options.directory, "review.json");
    const environment = world.desired.environment.name;
    const said = await world.command(["review", environment, "--record", record]);
    must(
      said.code === 0 && said.text.includes(arrival.verdict),
      `twinset review ended with ${said.code}: ${said.text}`,
    );
    const { fingerprint: mark } = readRecord(record);
    must(mark === arrival.fingerprint, "two plans of one change have two fingerprints");
    // Where the rehearsal's own ssh is not found, nothing leads to the host.
    const blind = { env: { PATH: world.options.means.path } };
    const offline = await world.command(["review", environment, "--no-refresh"], blind);
    must(offline.code === 0, `without the host twinset review ended with ${offline.code}: ${offline.text}`);
    must(offline.text.includes(mark), `without the host the fingerprint is another one: ${offline.text}`);
    must(/from the state, which is \d+ \w+ old/.test(offline.text), `the state's age is not said: ${offline.text}`);

    say(`${REPEATS} plans of it`);
    world.write();
    const start = performance.now();
    for (let i = 0; i < REPEATS; i++) {
      await world.terraform.plan({ refresh: i % 2 === 0 });
      const found = fingerprint(await planned(world), sourceOf(world));
      must(found === mark, `plan ${i + 1} of the same change has the fingerprint ${found}, not ${mark}`);
    }
    const repeated = since(start);

    say("another secret than the reviewed one: refused");
    const before = await running(world);
    const { secrets } = world.desired;
    const [secret] = world.secretsOf(product);
    must(secret !== undefined, `${product} has no secret that could change`);
    world.want({ secrets: { ...secrets, [secret]: "another-value-than-was-reviewed" } });
    const refused = await world.command(["apply", environment, "--reviewed", mark, "--record", record]);
    must(refused.code === 3, `another plan was not refused: ${refused.code}, ${refused.text}`);
    must(refused.text.includes("docker_container."), `it is not said what differs: ${refused.text}`);
    must(!refused.text.includes("another-value"), "a secret is in what twinset says");
    must((await running(world)) === before, "a refused apply has changed containers");
    world.want({ secrets });

    say("a stack with something beside it that was not reviewed: refused");
    const kinds = await tampered(world, mark);
    must((await running(world)) === before, "a refused apply has changed containers");

    say("what was reviewed, under load");
    const load = world.load([product], "all", { ratePerSecond: 200 });
    await applied({ world, say }, mark, record);
    const canaryReview = await stepReviewed({ world, say }, keep, "canary", (release) => canary(release, 10));
    must(/gets 10 % of the traffic/.test(canaryReview), `the review of a canary says: ${canaryReview}`);
    const cutoverReview = await stepReviewed({ world, say }, keep, "cutover", cutover);
    must(cutoverReview.includes("all traffic goes"), `the review of a cutover says: ${cutoverReview}`);
    const rollback = await stepReviewed({ world, say }, keep, "rollback", cutover);
    must(rollback.includes("all traffic goes"), `the review of a rollback says: ${rollback}`);
    await stepReviewed({ world, say }, keep, "retire", retire);
    const seen = await load.stop();
    mustNotFail(seen);

    say("drift: a container is gone, the firewall is open");
    await strayed(world);
    const drift = await keep("drift");
    must(drift.drift.length === 2, `the review finds ${drift.drift.length} things that drifted: ${drift.verdict}`);
    must(
      drift.drift.every(({ mended }) => mended),
      "what drifted is not put right by the plan",
    );
    must(/drift: outside of Terraform/.test(drift.verdict), `the review of drift says: ${drift.verdict}`);
    await world.apply();

    say("the end of everything: refused by policy");
    const { host } = world.base.environment;
    const open = host.kind === "hetzner" ? { ...host, protected: false } : host;
    world.want({ environment: { ...world.base.environment, host: open, protectData: false } });
    await world.apply();
    const destroy = await keep("destroy", { destroy: true });
    must(/^everything in \w+ is destroyed: \d+ volumes?, .*1 server/.test(destroy.verdict), destroy.verdict);
    const keepData = destroy.policies.find(({ policy }) => policy.name === "keep-data");
    must(
      keepData?.pointless !== undefined || keepData?.broken.length === destroy.losses.length,
      "what is lost is not all refused by the policy",
    );
    await world.settle();
    return [
      { name: `${REPEATS} plans, one fingerprint`, value: repeated, unit: "s" },
      { name: "refused after", value: refused.seconds, unit: "s" },
      { name: "tampered stacks, each refused", value: kinds, unit: "kinds" },
      ...loadFigures(seen),
    ];
  },
};

type Keep = (name: string, options?: ApplyOptions) => Promise<Review>;

/** Plans what is wanted and reviews it; keeps the plan for tests where a folder is given. It has no real secrets. */
const keeper = (world: World, folder: string | undefined): Keep => {
  return async (name, options = {}) => {
    world.write();
    await world.terraform.plan(options);
    const plan = await planned(world);
    if (folder !== undefined) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${name}.json.gz`), gzipSync(JSON.stringify(plan), { level: 9 }));
    }
    const { environment } = world.desired;
    const made = { refreshed: true, at: new Date() };
    const review = reviewPlan(plan, { platform: world.platform, environment, made, source: sourceOf(world) });
    must(
      markdown(review, { redact: planRedactor(plan) }).includes(review.fingerprint),
      "the comment has no fingerprint",
    );
    return review;
  };
};

const planned = async (world: World): Promise<ReturnType<typeof parsePlan>> =>
  parsePlan(await world.terraform.plannedJson(), "the rehearsal's plan");

const sourceOf = (world: World): PlanSource => planSource(readFileSync(world.terraform.planPath));

/** Reviews a step and applies just that. @returns the verdict */
async function stepReviewed(
  run: Pick<DrillRun, "world" | "say">,
  keep: Keep,
  name: string,
  step: Parameters<typeof wantStep>[1],
): Promise<string> {
  wantStep(run.world, step);
  const { fingerprint, verdict } = await keep(name);
  await applied(run, fingerprint);
  return verdict;
}

async function applied({ world, say }: Pick<DrillRun, "world" | "say">, mark: string, record?: string): Promise<void> {
  const more = record === undefined ? [] : ["--record", record];
  const { name } = world.desired.environment;
  const result = await world.command(["apply", name, "--reviewed", mark, ...more]);
  must(result.code === 0, `apply --reviewed ended with ${result.code}: ${result.text}`);
  say(result.text.split("\n").at(-1)!);
}

/** Names of the containers that run, in one text. */
const running = async (world: World): Promise<string> =>
  (await world.docker.containers(world.prefix))
    .map(({ name }) => name)
    .sort()
    .join();

/** What people do at night: a container of the live set is removed, and SSH is opened for everybody. */
async function strayed(world: World): Promise<void> {
  const { live } = world.desired.release[world.product]!;
  const own = new RegExp(`^${world.prefix}-${world.product}-[\\w-]+-${live}-0-[0-9a-f]{8}$`);
  const victim = (await world.docker.containers(world.prefix)).find(({ name }) => own.test(name));
  must(victim !== undefined, `${world.product} has no container of ${live}`);
  await world.docker.run("rm", "--force", victim.name);
  const { hetzner } = world.clouds;
  const [firewall] = hetzner.state.firewalls;
  const rules = [{ direction: "in", protocol: "tcp", port: "22", source_ips: ["0.0.0.0/0"] }];
  const answer = await fetch(`${hetzner.baseUrl}/firewalls/${firewall?.id}/actions/set_rules`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKENS.hcloud}`, "content-type": "application/json" },
    body: JSON.stringify({ rules }),
  });
  must(answer.status === 201, `the firewall was not changed: ${answer.status}`);
}
