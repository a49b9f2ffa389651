/** `twinset environments`: what pipelines deploy. */
import { Command } from "commander";
import type { Environment } from "../../model/environment";
import { ENVIRONMENTS } from "../../model/environment-name";
import { deployed } from "../../model/pipeline";
import type { Platform } from "../../model/platform";
import { EXIT } from "../shared/exit";
import { loadCatalog } from "../shared/catalog";

/** The environments that pipelines deploy; those with a server, where a platform says nothing of pipelines. */
export const deployable = (platform: Platform): readonly Environment[] =>
  platform.delivery
    ? deployed(platform)
    : ENVIRONMENTS.map((name) => platform.environments[name]).filter(({ host }) => host.kind === "hetzner");

/** A workflow's matrix: one line of JSON. */
export function environmentsCommand(env: NodeJS.ProcessEnv, write: (line: string) => void = console.log): number {
  const { platform } = loadCatalog(env);
  const matrix = deployable(platform).map(({ name }) => ({
    ...{ platform: platform.name, environment: name },
    // May a job that nobody agrees to reach it?
    host: platform.delivery?.gates[name]?.hostWatched ?? false,
  }));
  write(JSON.stringify(matrix));
  return EXIT.done;
}

export const command = new Command("environments")
  .description("for workflows: what pipelines deploy, as a matrix in JSON")
  .action(() => {
    process.exitCode = environmentsCommand(process.env);
  });
