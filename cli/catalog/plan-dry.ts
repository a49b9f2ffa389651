/**
 * `npm run plan:dry`: a first plan of staging, production and the delivery stack from nothing, with dummy values and no credentials. It
 * reaches no cloud and no Docker engine, so every pull request can have one.
 */
import { Command } from "commander";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { DELIVERY, type StackName } from "../../model/delivery";
import { inputUses } from "../../model/inputs";
import { configurationOf } from "../../review/configuration";
import { checkPolicies } from "../../review/policies";
import type { Finding, Policy } from "../../review/policy";
import type { StackConfig } from "../../terraform/config";
import { dummyDeliveryValues, dummyValues } from "../../terraform/dummy-values";
import { diagnosticsIn } from "../../terraform/output";
import type { Plan } from "../../terraform/plan";
import {
  type CheckOptions,
  checkStacks,
  chosenStacks,
  EXIT,
  failed,
  init,
  passed,
  platformOf,
  type Stack,
  unreadable,
  type Verdict,
  verdictOf,
} from "./check-stacks";
import { waiversOf } from "../../review/refusals";

/** Development's containers are planned by asking this computer's Docker engine, so there is nothing dry about it. */
const PLANNED: readonly StackName[] = ["staging", "production", DELIVERY];

/**
 * Synthesizes a platform and plans its stacks. Passed means: no error, and every resource of the stack is to be created.
 * @returns 0: all pass, 1: one does not, 2: one could not be planned
 * @throws ProblemsError for mistakes in the catalog or the options
 */
export async function planDry(options: CheckOptions = {}): Promise<number> {
  const chosen = chosenStacks(options.environments, PLANNED);
  const planned = chosen.filter((name) => PLANNED.includes(name));
  const code = planned.length > 0 ? await checkStacks(options, planned, planStack) : EXIT.unchecked;
  if (!options.environments?.length || planned.length < chosen.length) {
    const write = options.write ?? console.log;
    write("development is not planned here: its plan needs a Docker engine (npm run validate checks it)");
  }
  // Asked for by name it is something that could not be checked.
  return code === EXIT.passed && planned.length < chosen.length ? EXIT.unchecked : code;
}

/** Go programs talk HTTP through this; nothing listens there, so not even a plugin that wanted to could reach out. */
const NOWHERE = "http://127.0.0.1:9";
const NO_NETWORK = {
  ...{ HTTP_PROXY: NOWHERE, HTTPS_PROXY: NOWHERE, NO_PROXY: "" },
  ...{ http_proxy: NOWHERE, https_proxy: NOWHERE, no_proxy: "" },
};

/**
 * GitHub's provider asks at its start whether the owner is an organization, and gives up without an answer. So it gets
 * one, from this computer: nothing is known here.
 * @param use is told the environment that leads the provider there
 */
async function withoutGithub<T>(use: (env: NodeJS.ProcessEnv) => Promise<T>): Promise<T> {
  const server = createServer((_, response) => {
    response.writeHead(404, { "content-type": "application/json" }).end('{"message":"Not Found"}');
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  try {
    return await use({ GITHUB_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const VALUES = "dummy.tfvars";
const PLAN = "dry.plan";

async function planStack(stack: Stack): Promise<Verdict> {
  const start = performance.now();
  const { directory, config } = stack;
  const unknown = undeclaredInputs(stack);
  if (unknown.length > 0) return failed(unknown);
  writeFileSync(join(directory, "twinset_override.tf.json"), localState(directory));
  writeFileSync(join(directory, VALUES), valuesOf(stack));

  const stopped = await init(stack);
  if (stopped) return stopped;
  const args = ["-json", "-input=false", "-refresh=false", "-lock=false", `-var-file=${VALUES}`, `-out=${PLAN}`];
  const run = await withoutGithub((github) => stack.run(["plan", ...args], { env: { ...NO_NETWORK, ...github } }));
  const wrong = verdictOf(diagnosticsIn(run.stdout));
  if (wrong) return wrong;
  if (run.code !== 0) return unreadable(stack, "plan", run);

  const shown = await stack.run(["show", "-json", PLAN], { env: NO_NETWORK });
  if (shown.code !== 0) return unreadable(stack, "show", shown);
  const plan = JSON.parse(shown.stdout) as Plan;
  const { broken, said } = policiesOf(stack, plan);
  const problems = [...planProblems(config, plan), ...broken];
  if (problems.length > 0) return failed(problems);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  return passed(`${plan.resource_changes.length} resources to add, ${seconds} s`, [byKind(plan), ...said]);
}

/** Lines about policies: places that break one, and what is to be known besides. */
interface Policies {
  readonly broken: readonly string[];
  readonly said: readonly string[];
}

/** What the catalog breaks by itself, before anybody changes anything. The delivery stack has nothing that runs. */
function policiesOf({ config, environment, loaded: { platform } }: Stack, plan: Plan): Policies {
  if (!environment) return { broken: [], said: [] };
  const { waivers } = waiversOf(platform);
  // As the catalog makes it: what is laid beside it here is the dry run's own.
  const configuration = configurationOf({ files: new Map([["cdk.tf.json", JSON.stringify(config)]]), providers: {} });
  const results = checkPolicies({ plan, platform, environment, configuration }, { waivers, now: new Date() });
  return {
    broken: results.flatMap(({ policy, broken }) =>
      broken.map(({ address, given, fix }) => `${address}: breaks ${policy.name}: ${given}; ${fix}`),
    ),
    said: results.flatMap(({ policy, waived, said }) => [
      ...waived.map(
        ({ address, given, waiver }) => `${address}: ${policy.name} is waived until ${waiver.until}: ${given}`,
      ),
      ...shortOf(policy, said),
    ]),
  };
}

/** A line for each thing to do about it. */
const shortOf = ({ name }: Policy, said: readonly Finding[]): string[] =>
  [...new Set(said.map(({ fix }) => fix))].map((fix) => {
    const addresses = said.filter((each) => each.fix === fix).map(({ address }) => address);
    const more = addresses.length > 3 ? ` and ${addresses.length - 3} more` : "";
    return `short of ${name}: ${addresses.slice(0, 3).join(", ")}${more}; ${fix}`;
  });

/** Written over the stack's own backend, whatever its kind: Terraform replaces the block as a whole. */
const localState = (directory: string): string =>
  JSON.stringify({ terraform: { backend: { local: { path: join(directory, "dry.tfstate") } } } });

const valuesOf = ({ config, loaded: { platform }, environment }: Stack): string =>
  environment ? dummyValues(config, platform, environment) : dummyDeliveryValues(platform, platform.delivery!);

/** Variables that Terraform would ask for and `npm run env` would not mention. */
function undeclaredInputs({ config, loaded: { platform }, environment }: Stack): string[] {
  const inputs = environment
    ? inputUses(platform, environment).map(({ input }) => input)
    : Object.values(platform.delivery!.inputs);
  const known = new Set(inputs.map(({ name }) => name));
  return Object.entries(config.variable ?? {})
    .filter(([name, variable]) => variable.default === undefined && !known.has(name))
    .map(([name]) => `variable.${name}: the stack needs it, but inputUses in model/platform.ts does not list it`);
}

/** How a first plan differs from what it has to be: every resource of the stack, once, to be created. */
export function planProblems(config: StackConfig, plan: Plan): string[] {
  const instances = new Map<string, number>();
  for (const { type, name } of plan.resource_changes) {
    instances.set(`${type}.${name}`, (instances.get(`${type}.${name}`) ?? 0) + 1);
  }
  const expected = expectedInstances(config, plan);
  return [
    ...plan.resource_changes
      .filter(({ change }) => change.actions.join() !== "create")
      .map(
        ({ address, change }) => `${address}: the plan says ${change.actions.join(" and ")}; a first plan only creates`,
      ),
    ...[...expected]
      .filter(([address, count]) => !count(instances.get(address) ?? 0))
      .map(([address]) => `${address}: in the stack, but the plan has ${instances.get(address) ?? 0} of it`),
    ...[...instances.keys()]
      .filter((address) => !expected.has(address))
      .map((address) => `${address}: in the plan, but not a resource of the stack`),
  ];
}

/** How many instances each resource must have: one, or as many as the dummy map or list that it is made for. */
function expectedInstances(config: StackConfig, plan: Plan): Map<string, (count: number) => boolean> {
  const resources = Object.entries(config.resource ?? {}).flatMap(([type, named]) =>
    Object.entries(named).map(([name, resource]) => ({ address: `${type}.${name}`, resource })),
  );
  return new Map(
    resources.map(({ address, resource }) => {
      if (resource.for_each === undefined && resource.count === undefined) return [address, (count) => count === 1];
      const variable = /^\$\{var\.(\w+)\}$/.exec(String(resource.for_each))?.[1];
      const value = variable === undefined ? undefined : plan.variables?.[variable]?.value;
      // What only Terraform can work out has to be there at all.
      if (typeof value !== "object" || value === null) return [address, (count) => count >= 1];
      return [address, (count) => count === Object.keys(value).length];
    }),
  );
}

/** "63 docker_container, 43 cloudflare_dns_record, …" */
function byKind({ resource_changes: changes }: Plan): string {
  const kinds = new Map<string, number>();
  for (const { type } of changes) kinds.set(type, (kinds.get(type) ?? 0) + 1);
  const sorted = [...kinds].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  const few = sorted.slice(0, 5).map(([kind, count]) => `${count} ${kind}`);
  const rest = sorted.slice(5).reduce((sum, [, count]) => sum + count, 0);
  return rest > 0 ? `${few.join(", ")}, ${rest} of other kinds` : few.join(", ");
}

export const command = new Command("plan-dry")
  .description("a first terraform plan of staging, production and delivery with dummy tokens, reaching nothing")
  .argument("[environments...]", "default: staging, production and delivery")
  .action(async (environments: string[]) => {
    process.exitCode = await planDry({ ...platformOf(process.env), environments });
  });
