/** `npm start`: checks the catalog, writes every stack and shows what it is. */
import { Command } from "commander";
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import colours from "picocolors";
import { fetchHetznerPrices } from "../../clients/hetzner/prices";
import type { HetznerPrices } from "../../model/cost";
import { DELIVERY } from "../../model/delivery";
import { ENVIRONMENTS } from "../../model/environment-name";
import { formatProblem } from "../../model/problem";
import { resourceCount, type StackConfig } from "../../terraform/config";
import { outputDirectory } from "../../terraform/output-directory";
import { projectLock } from "../../terraform/project-lock";
import { deliveryOverview, overview } from "./overview";

/** @throws ProblemsError for mistakes in the catalog; then nothing is written */
export async function synth(env: NodeJS.ProcessEnv): Promise<void> {
  const outdir = outputDirectory(env);
  const { synthesize } = await import("../../main");
  const { platform, development, releases, problems } = synthesize(env, outdir);
  const prices = await hetznerPrices(env);
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
    console.log(deliveryOverview(platform, relative(process.cwd(), join(outdir, "stacks", DELIVERY, "cdk.tf.json"))));
  }
  const lock = projectLock(env);
  if ("absent" in lock)
    console.log(`${colours.yellow("Plugins are not checked")}: ${lock.absent}; npm run locks makes it.`);
  for (const problem of problems) console.error(formatProblem(problem));
}

/** Hetzner's own prices where a token is given; without one, or when they cannot be had, the documents' are shown. */
async function hetznerPrices(env: NodeJS.ProcessEnv): Promise<HetznerPrices | undefined> {
  const token = env["HCLOUD_TOKEN"] ?? env["TF_VAR_hcloud_token"];
  if (!token) return undefined;
  try {
    return await fetchHetznerPrices(token, env["HCLOUD_ENDPOINT"]);
  } catch (reason) {
    console.error(`warning: ${(reason as Error).message}; showing the documents' prices\n`);
    return undefined;
  }
}

export const command = new Command("synth")
  .description("check the catalog, write every environment's Terraform to cdktf.out/ and show what it is")
  .action(() => synth(process.env));
