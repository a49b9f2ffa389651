/** `twinset changed`: which environments a change is about. */
import { Command } from "commander";
import { changedEnvironments } from "../../delivery/changed";
import { EXIT } from "../shared/exit";
import { loadCatalog } from "../shared/catalog";
import { deployable } from "./environments";

/** @param given cdktf's output directories of both sides, made with the same PLATFORM */
export function changedCommand(
  given: { readonly base: string; readonly head: string; readonly json?: boolean },
  env: NodeJS.ProcessEnv,
  write: (line: string) => void = console.log,
): number {
  const { platform } = loadCatalog(env);
  const changes = changedEnvironments({
    platform: platform.name,
    environments: deployable(platform).map(({ name }) => name),
    base: given.base,
    head: given.head,
  });
  if (given.json) write(JSON.stringify(changes));
  else if (changes.length === 0) write(`${platform.name}: no environment is changed.`);
  else for (const { platform: name, environment, change } of changes) write(`${name} ${environment} is ${change}.`);
  return EXIT.done;
}

export const command = new Command("changed")
  .description("for workflows: which environments' synthesized Terraform differs between two output directories")
  .requiredOption("--base <folder>", "CDKTF_OUTDIR of what is there")
  .requiredOption("--head <folder>", "CDKTF_OUTDIR of what it would come to")
  .option("--json", "as a matrix")
  .action((given: { base: string; head: string; json?: boolean }) => {
    process.exitCode = changedCommand(given, process.env);
  });
