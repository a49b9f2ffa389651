/** `npm run validate`: does Terraform accept every stack, with the real provider plugins? */
import { Command } from "commander";
import { STACKS } from "../../model/delivery";
import { resourceCount } from "../../terraform/config";
import type { Diagnostic } from "../../terraform/output";
import {
  type CheckOptions,
  checkStacks,
  chosenStacks,
  init,
  passed,
  platformOf,
  type Stack,
  unreadable,
  type Verdict,
  verdictOf,
} from "./check-stacks";

/**
 * Synthesizes a platform and runs `terraform validate` on each stack. Needs neither state store nor credentials.
 * @returns 0: all are valid, 1: one is invalid, 2: one could not be checked
 * @throws ProblemsError for mistakes in the catalog or the options
 */
export async function validate(options: CheckOptions = {}): Promise<number> {
  return checkStacks(options, chosenStacks(options.environments, STACKS), validateStack);
}

async function validateStack(stack: Stack): Promise<Verdict> {
  const stopped = await init(stack, "-backend=false");
  if (stopped) return stopped;
  const result = await stack.run(["validate", "-json"]);
  const answer = parse(result.stdout);
  if (!answer) return unreadable(stack, "validate", result);
  const wrong = verdictOf(answer.diagnostics);
  if (wrong) return wrong;
  // An answer without errors that still is not "valid" is nothing to rely on.
  if (!answer.valid || result.code !== 0) return unreadable(stack, "validate", result);
  return passed(`valid, ${resourceCount(stack.config)} resources`);
}

interface Answer {
  readonly valid: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

function parse(text: string): Answer | undefined {
  try {
    const answer = JSON.parse(text) as Partial<Answer>;
    return typeof answer.valid === "boolean"
      ? { valid: answer.valid, diagnostics: answer.diagnostics ?? [] }
      : undefined;
  } catch {
    return undefined;
  }
}

export const command = new Command("validate")
  .description("terraform init and validate of every stack, with the real provider plugins")
  .argument("[environments...]", "default: all")
  .action(async (environments: string[]) => {
    process.exitCode = await validate({ ...platformOf(process.env), environments });
  });
