/** The program `twinset`: parses the command line, calls what does the work, prints. */
import { Command } from "commander";
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseEnv } from "node:util";
import colours from "picocolors";
import { loadPlatform } from "../config/load";
import type { HetznerPrices } from "../model/cost";
import { DELIVERY, type StackName, STACKS } from "../model/delivery";
import { stacksOf } from "../model/pipeline";
import { type Environment } from "../model/environment";
import { ENVIRONMENTS } from "../model/environment-name";
import type { Platform } from "../model/platform";
import { error, errorsOf, formatProblem, list, ProblemsError } from "../model/problem";
import type { StackConfig } from "../terraform/config";
import type { InputStatus } from "./inputs";
import type { ApplyFlags } from "./environment-commands";
import type { ReleaseFlags } from "./release-session";
import type { ReviewFlags } from "./review";
import type { WayInFlags } from "./way-in";

const ROOT = join(__dirname, "..");

const program = new Command("twinset")
  .description("Blue/green deployments on Hetzner servers from one typed catalog.")
  .showHelpAfterError();

program
  .command("synth")
  .description("check the catalog, write every environment's Terraform to cdktf.out/ and show what it is")
  .action(async () => {
    const { synthesize } = await import("../main");
    const { overview } = await import("./overview");
    const { resourceCount } = await import("../terraform/config");
    const outdir = process.env["CDKTF_OUTDIR"] ?? "cdktf.out";
    const { platform, development, releases, problems } = synthesize(process.env, outdir);
    const prices = await hetznerPrices();
    console.log(`${colours.bold(platform.title)}\n`);
    for (const name of ENVIRONMENTS) {
      const environment = platform.environments[name];
      const jsonPath = join(outdir, "stacks", name, "cdk.tf.json");
      console.log(
        overview({
          platform: environment.profiles ? development : platform,
          environment,
          release: releases[name].release,
          jsonPath: relative(process.cwd(), jsonPath),
          resources: resourceCount(JSON.parse(readFileSync(jsonPath, "utf8")) as StackConfig),
          prices,
        }),
      );
    }
    if (platform.delivery) {
      const { deliveryOverview } = await import("./overview");
      console.log(deliveryOverview(platform, relative(process.cwd(), join(outdir, "stacks", DELIVERY, "cdk.tf.json"))));
    }
    for (const problem of problems) console.error(formatProblem(problem));
  });

program
  .command("env")
  .description("list which inputs of an environment are set and which are missing, by name; or look at all .env files")
  .argument("[environment]", `${list([...STACKS])}; default: all, by their files`)
  .action(async (name: string | undefined) => {
    const { describeFile, describeInputs, inputStatus, isWrong } = await import("./inputs");
    const { platform: whole, development } = loadPlatform({
      platform: process.env["PLATFORM"],
      profiles: process.env["PROFILES"],
    });
    const read = await fileReader(whole);
    const status = (environment: Environment, env: NodeJS.ProcessEnv): InputStatus[] =>
      inputStatus(environment.profiles ? development : whole, environment, env, read(environment.name));
    const delivery = async (describe: "whole" | "file"): Promise<void> => {
      const { describeDelivery, describeDeliveryFile } = await import("./delivery-inputs");
      const { deliveryValues } = await import("./delivery-values");
      const { deliveryProblems } = await import("./with");
      const values = deliveryValues(whole, whole.delivery!, read, process.env);
      console.log((describe === "whole" ? describeDelivery : describeDeliveryFile)(whole, values));
      if (deliveryProblems(whole, values).length > 0) process.exitCode = 1;
    };
    if (name === DELIVERY && whole.delivery) return delivery("whole");
    if (name === undefined) {
      for (const environment of Object.values(whole.environments)) {
        const inputs = status(environment, {});
        console.log(describeFile(whole, environment, inputs));
        if (inputs.some(isWrong)) process.exitCode = 1;
      }
      // Without the file nobody means to have pipelines.
      if (whole.delivery && Object.keys(read(DELIVERY)).length > 0) await delivery("file");
      return;
    }
    const environment = environmentOf(whole, name);
    const inputs = status(environment, process.env);
    console.log(describeInputs(whole, environment, inputs));
    if (inputs.some((input) => isWrong(input) || input.state === "in file")) process.exitCode = 1;
  });

program
  .command("with")
  .description(
    "run a command with the values of .env.<platform>.<stack>: twinset with staging -- npx cdktf diff staging",
  )
  .argument("<stack>", list([...STACKS]))
  .argument("<command...>", "after --")
  .action(async (name: string, command: string[]) => {
    const { environmentFor, runWith } = await import("./with");
    const { platform } = loadPlatform({ platform: process.env["PLATFORM"] });
    const env = environmentFor(platform, stackOf(platform, name), await fileReader(platform), process.env);
    process.exitCode = await runWith(command as [string, ...string[]], env);
  });

program
  .command("generate")
  .description(
    "write the files that are made from the catalog: the examples of .env files and the release files' JSON Schema",
  )
  .action(async () => {
    const { writeGeneratedFiles } = await import("./generate");
    const changed = writeGeneratedFiles(ROOT);
    console.log(changed.length > 0 ? `wrote ${list(changed)}` : "everything is current");
  });

program
  .command("validate")
  .description("terraform init and validate of every stack, with the real provider plugins")
  .argument("[environments...]", "default: all")
  .action(async (environments: string[]) => {
    const { validate } = await import("./validate");
    process.exitCode = await validate(terraformOptions(environments));
  });

program
  .command("plan-dry")
  .description("a first terraform plan of staging, production and delivery with dummy tokens, reaching nothing")
  .argument("[environments...]", "default: staging, production and delivery")
  .action(async (environments: string[]) => {
    const { planDry } = await import("./plan-dry");
    process.exitCode = await planDry(terraformOptions(environments));
  });

program
  .command("rehearse")
  .description("the whole deployment for real on this computer: simulated clouds, real Docker, real Terraform")
  .option("--platform <name>", "default: PLATFORM, else manacore")
  .option("--environment <name>", "staging or production", "production")
  .option("--drill <name...>", "only these drills, by name or number")
  .option("--products <name...>", "only these products, for a small computer")
  .option("--product <name>", "the product that is released in drills (default: with a migration, most services)")
  .option("--restart-engine", "the Docker engine may be restarted, with everything that runs on it")
  .option("--if-possible", "what is missing on this computer is listed, and no failure")
  .option("--keep", "leave containers, volumes and images where they are")
  .option("--plans <folder>", "keep there the plans that drill 22 reviews, as the tests' golden ones are")
  .option("--report <file>", "where the report goes", "rehearsal-report.json")
  .action(async (given: RehearseFlags) => {
    const { EXIT, rehearse } = await import("../rehearsal/rehearse");
    const platform = given.platform ?? process.env["PLATFORM"];
    const { platform: whole } = loadPlatform({ platform });
    const code = await rehearse({
      ...given,
      platform,
      environment: environmentOf(whole, given.environment).name,
      drills: given.drill,
      env: process.env,
    });
    process.exitCode = given.ifPossible && code === EXIT.missing ? EXIT.passed : code;
  });

const ENVIRONMENT = ["-e, --environment <name>", "development, staging or production", "production"] as const;
const ALLOW = ["--allow <address...>", "addresses outside of the product that may change"] as const;
const UNLOCK = ["--unlock <id>", "take the lock of a run that is dead"] as const;
const JSON_LINES = ["--json", "one JSON object a line, for pipelines"] as const;

program
  .command("status")
  .description("per product: what is live and idle, traffic, health and age of each container, drift")
  .argument("[environment]", list([...ENVIRONMENTS]), "production")
  .option("--quick", "do not look for drift, which takes a whole plan")
  .option("--json", "for programs")
  .action(async (name: string, given: { quick?: boolean; json?: boolean }) => {
    const { status } = await import("./environment-commands");
    process.exitCode = await status(name, given, process.env);
  });

program
  .command("release")
  .description("the whole way of a version: deploy, smoke, canary, watch, cutover, keep, retire; or safely back")
  .argument("<product>")
  .argument("[version]", "not with --resume")
  .option(...ENVIRONMENT)
  .option("--until <step>", "end after this step: deploy, smoke, canary, watch, cutover or keep")
  .option("--resume", "go on with the run that has not ended, whichever computer it was on")
  .option("--dry-run", "only show each step's plan")
  .option("--yes", "ask nothing; Ctrl-C in the canary goes back")
  .option(...ALLOW)
  .option(...UNLOCK)
  .option("--canary-for <time>", "how long the canary has to do well, e.g. 10m (default: the product's)")
  .option("--patience <time>", "how long it then waits for enough requests (default: the product's)")
  .option("--keep-for <time>", "how long the old set stays, e.g. 1h (default: the product's)")
  .option(...JSON_LINES)
  .action(async (product: string, version: string | undefined, given: ReleaseFlags) => {
    const { release } = await import("./release");
    process.exitCode = await release(product, version, given, process.env);
  });

program
  .command("deploy")
  .description("a version to the idle set: migration, containers, healthy; no traffic")
  .argument("<product>")
  .argument("<version>")
  .option(...ENVIRONMENT)
  .option(...ALLOW)
  .option(...UNLOCK)
  .option(...JSON_LINES)
  .action(async (product: string, version: string, given: ReleaseFlags) => {
    const { deployStep } = await import("./release-steps");
    process.exitCode = await deployStep(product, version, given, process.env);
  });

program
  .command("canary")
  .description("give the idle set so many per cent of the traffic; 0 takes it back")
  .argument("<percent>")
  .argument("<product>")
  .option(...ENVIRONMENT)
  .option(...ALLOW)
  .option(...UNLOCK)
  .option(...JSON_LINES)
  .action(async (percent: string, product: string, given: ReleaseFlags) => {
    const { canaryStep } = await import("./release-steps");
    process.exitCode = await canaryStep(percent, product, given, process.env);
  });

program
  .command("switch")
  .description("all traffic to the set of this colour")
  .argument("<product>")
  .argument("<colour>", "blue or green")
  .option(...ENVIRONMENT)
  .option(...ALLOW)
  .option(...UNLOCK)
  .option(...JSON_LINES)
  .action(async (product: string, colour: string, given: ReleaseFlags) => {
    const { switchStep } = await import("./release-steps");
    process.exitCode = await switchStep(product, colour, given, process.env);
  });

program
  .command("rollback")
  .description(
    "all traffic back to the other set, by one targeted apply; a version that runs no more is deployed first",
  )
  .argument("<product>")
  .argument("[version]", "default: the one of the other set")
  .option(...ENVIRONMENT)
  .option(...ALLOW)
  .option(...UNLOCK)
  .option(...JSON_LINES)
  .action(async (product: string, version: string | undefined, given: ReleaseFlags) => {
    const { rollback } = await import("./release-steps");
    process.exitCode = await rollback(product, version, given, process.env);
  });

program
  .command("retire")
  .description("the set without traffic goes; its images stay on the host")
  .argument("<product>")
  .option(...ENVIRONMENT)
  .option(...ALLOW)
  .option(...UNLOCK)
  .option(...JSON_LINES)
  .action(async (product: string, given: ReleaseFlags) => {
    const { retireStep } = await import("./release-steps");
    process.exitCode = await retireStep(product, given, process.env);
  });

program
  .command("plan")
  .description("what an apply of the files would change; the plan is saved")
  .argument("<environment>", list([...ENVIRONMENTS]))
  .option(...ALLOW)
  .action(async (name: string, given: { allow?: string[] }) => {
    const { plan } = await import("./environment-commands");
    process.exitCode = await plan(name, given, process.env);
  });

program
  .command("review")
  .description("what a plan does to traffic and data, for a pull request; with a fingerprint to apply just that")
  .argument("<environment>", list([...ENVIRONMENTS]))
  .argument("[plan]", "a saved plan, or - for terraform show -json on standard input; default: it plans")
  .option("--no-refresh", "plan from the state alone: neither the host nor a cloud is asked")
  .option("--markdown <file>", "write it there as Markdown too, for a comment")
  .option("--record <file>", "write there what was reviewed, without secrets: for apply --reviewed")
  .option("--json", "for programs")
  .action(async (name: string, plan: string | undefined, given: ReviewFlags) => {
    const { review } = await import("./environment-commands");
    process.exitCode = await review(name, plan, given, process.env);
  });

program
  .command("apply")
  .description("apply the plan that was shown or reviewed, and no other; a stale one is refused")
  .argument("<environment>", list([...ENVIRONMENTS]))
  .option("--plan <id>", "as twinset plan has said it")
  .option("--reviewed <fingerprint>", "as the review has said it: plans again, and applies only the same")
  .option("--record <file>", "what was reviewed, to show in what this plan differs")
  .option(...ALLOW)
  .action(async (name: string, given: ApplyFlags) => {
    const { apply } = await import("./environment-commands");
    process.exitCode = await apply(name, given, process.env);
  });

program
  .command("recover")
  .description("after an apply that was killed: what is there that the state does not know; adopt it or remove it")
  .argument("<environment>", list([...ENVIRONMENTS]))
  .option("--yes", "do it, not only say it")
  .option("--unlock <id>", "first take the lock of a run that is dead")
  .action(async (name: string, given: { yes?: boolean; unlock?: string }) => {
    const { recoverEnvironment } = await import("./recover");
    const { platform } = loadPlatform({ platform: process.env["PLATFORM"] });
    process.exitCode = await recoverEnvironment({
      environment: environmentOf(platform, name).name,
      env: process.env,
      yes: given.yes ?? false,
      unlock: given.unlock,
    });
  });

program
  .command("way-in")
  .description("SSH past the firewall, for one address and for a while: open, close, sweep (past their time) or list")
  .argument("<action>", "open, close, sweep or list")
  .argument("<environment>", "staging or production")
  .option("--for <time>", "open: how long, e.g. 60m, at most 6h (default: 60m)")
  .option("--from <address>", "open: whose (default: this computer's, as 1.1.1.1 sees it)")
  .option("--run <id>", "open, close: whose it is (default: the workflow's run, or you)")
  .option("--no-wait", "open: do not wait until the server answers")
  .action(async (action: string, name: string, flags: WayInFlags) => {
    const { wayIn } = await import("./way-in");
    const { platform } = loadPlatform({ platform: process.env["PLATFORM"] });
    process.exitCode = await wayIn({
      action,
      environment: environmentOf(platform, name).name,
      flags,
      env: process.env,
    });
  });

program
  .command("drift")
  .description("is what runs what the files say?")
  .argument("<environment>", list([...ENVIRONMENTS]))
  .option("--issue", "open, update or close the issue about it at GitHub")
  .action(async (name: string, given: { issue?: boolean }) => {
    const { driftCommand } = await import("./drift");
    const { platform } = loadPlatform({ platform: process.env["PLATFORM"] });
    const environment = environmentOf(platform, name).name;
    process.exitCode = await driftCommand({ environment, env: process.env, issue: given.issue ?? false });
  });

program
  .command("environments")
  .description("for workflows: what pipelines deploy, as a matrix in JSON")
  .action(async () => {
    const { environmentsCommand } = await import("./pipeline");
    process.exitCode = environmentsCommand(process.env);
  });

program
  .command("changed")
  .description("for workflows: which environments' synthesized Terraform differs between two output directories")
  .requiredOption("--base <folder>", "CDKTF_OUTDIR of what is there")
  .requiredOption("--head <folder>", "CDKTF_OUTDIR of what it would come to")
  .option("--json", "as a matrix")
  .action(async (given: { base: string; head: string; json?: boolean }) => {
    const { changedCommand } = await import("./pipeline");
    process.exitCode = changedCommand(given, process.env);
  });

program
  .command("comment")
  .description("for workflows: the review as a pull request's comment, updated in place; without a file: it is over")
  .argument("<environment>", list([...ENVIRONMENTS]))
  .requiredOption("--pr <number>", "the pull request")
  .option("--file <file>", "the review as Markdown")
  .action(async (name: string, given: { pr: string; file?: string }) => {
    const { commentCommand } = await import("./pipeline");
    const { platform } = loadPlatform({ platform: process.env["PLATFORM"] });
    process.exitCode = await commentCommand(environmentOf(platform, name).name, given, process.env);
  });

program
  .command("compare")
  .description("for workflows: is a plan still the one that was reviewed? If not, in what it differs")
  .argument("<fingerprint>", "as the review has said it")
  .requiredOption("--now <file>", "the record of the plan made now")
  .option("--then <file>", "the record of what was reviewed, if it is still there")
  .action(async (fingerprint: string, given: { now: string; then?: string }) => {
    const { compareCommand } = await import("./pipeline");
    process.exitCode = compareCommand(fingerprint, given);
  });

program
  .command("settled")
  .description("for workflows: may the files be deployed, or would that undo a release?")
  .argument("<environment>", list([...ENVIRONMENTS]))
  .action(async (name: string) => {
    const { settledCommand } = await import("./pipeline");
    const { platform } = loadPlatform({ platform: process.env["PLATFORM"] });
    process.exitCode = await settledCommand(environmentOf(platform, name).name, process.env);
  });

program
  .command("doctor")
  .description("everything that a deploy needs, looked at before it: tools, tokens, state, images, server, names")
  .argument("<environment>", list([...ENVIRONMENTS]))
  .option("--json", "for programs")
  .action(async (name: string, given: { json?: boolean }) => {
    const { doctor } = await import("./doctor");
    const { platform } = loadPlatform({ platform: process.env["PLATFORM"] });
    process.exitCode = await doctor(environmentOf(platform, name).name, given, process.env);
  });

program
  .command("simulate")
  .description("a cloud's API on this computer, until Ctrl-C: hetzner, cloudflare, github, object-store or registry")
  .argument("<api>")
  .option("--port <number>", "default: a free one", Number)
  .option("--name <name>", "cloudflare: the zone; github: owner/repository; object-store: the bucket")
  .action(async (api: string, options: { port?: number; name?: string }) => {
    const { simulate } = await import("./simulate");
    const { simulator, lines } = await simulate(api, options);
    lines.forEach((line) => console.log(line));
    process.once("SIGINT", () => void simulator.stop());
    process.once("SIGTERM", () => void simulator.stop());
  });

interface RehearseFlags {
  readonly platform?: string;
  readonly environment: string;
  readonly drill?: string[];
  readonly products?: string[];
  readonly product?: string;
  readonly restartEngine?: boolean;
  readonly plans?: string;
  readonly ifPossible?: boolean;
  readonly keep?: boolean;
  readonly report: string;
}

function terraformOptions(environments: string[]): { platform?: string; environments: string[] } {
  const platform = process.env["PLATFORM"];
  return { ...(platform ? { platform } : {}), environments };
}

/** Reads `.env.<platform>.<stack>`; a file that is not there has nothing in it. */
async function fileReader(platform: Platform): Promise<(stack: string) => Record<string, string | undefined>> {
  const { envFile } = await import("./inputs");
  return (stack) => {
    const path = join(ROOT, envFile(platform.name, stack));
    return existsSync(path) ? (parseEnv(readFileSync(path, "utf8")) as Record<string, string>) : {};
  };
}

function stackOf(platform: Platform, name: string): StackName {
  const known = stacksOf(platform);
  const stack = known.find((each) => each === name);
  if (stack) return stack;
  throw new ProblemsError([error("stack", name, `one of ${list([...known])}`, "correct the name")]);
}

function environmentOf(platform: Platform, name: string): Environment {
  const environment = ENVIRONMENTS.find((known) => known === name);
  if (environment) return platform.environments[environment];
  throw new ProblemsError([
    error("environment", name, `one of ${list([...ENVIRONMENTS])}`, `correct the name, e.g. ${ENVIRONMENTS[1]}`),
  ]);
}

/** Hetzner's own prices where a token is given; without one, or when they cannot be had, the documents' are shown. */
async function hetznerPrices(): Promise<HetznerPrices | undefined> {
  const token = process.env["HCLOUD_TOKEN"] ?? process.env["TF_VAR_hcloud_token"];
  if (!token) return undefined;
  const { fetchHetznerPrices } = await import("../clients/hetzner/prices");
  try {
    return await fetchHetznerPrices(token, process.env["HCLOUD_ENDPOINT"]);
  } catch (reason) {
    console.error(`warning: ${(reason as Error).message}; showing the documents' prices\n`);
    return undefined;
  }
}

program.parseAsync().catch((mistake: unknown) => {
  if (!(mistake instanceof ProblemsError)) throw mistake;
  console.error(mistake.message);
  const count = errorsOf(mistake.problems).length;
  console.error(`\n${count === 1 ? "One error" : `${count} errors`}; nothing was written.`);
  process.exitCode = 1;
});
