/** `twinset with <stack> -- <command>`: runs a command with the values of a stack's files in its environment, and no others. */
import { spawn } from "node:child_process";
import { constants, platform as system } from "node:os";
import { DELIVERY, type StackName } from "../model/delivery";
import type { Platform } from "../model/platform";
import { error, list, type Problem, ProblemsError } from "../model/problem";
import {
  deliveryEnvironment,
  deliveryValues,
  type DeliveryValue,
  isTooShort,
  type ReadFile,
  type Values,
} from "./delivery-values";
import { envFile, inputStatus, isWrong } from "./inputs";

/** The longest text that Linux takes as one variable of a process (MAX_ARG_STRLEN), with its name. */
const LONGEST = 128 * 1024 - 1;
/** The provider takes these before what the stack says, and would work on somebody else's repository. */
const FOREIGN = ["GITHUB_OWNER", "GITHUB_ORGANIZATION"];

/**
 * The environment of a command that is about one stack.
 * @param env what the process itself has; the files' values go before it
 * @throws ProblemsError that names all that is missing
 */
export function environmentFor(platform: Platform, stack: StackName, read: ReadFile, env: Values): Values {
  if (stack !== DELIVERY) {
    const together = { ...env, ...given(read(stack)) };
    const wrong = inputStatus(platform, platform.environments[stack], together).filter(isWrong);
    throwIfAny(
      lacking(
        platform,
        wrong.map(({ name }) => ({ name, file: stack })),
      ),
    );
    return together;
  }
  const values = deliveryValues(platform, platform.delivery!, read, env);
  throwIfAny(deliveryProblems(platform, values));
  const own = deliveryEnvironment(values);
  throwIfAny(
    Object.entries(own).flatMap(([name, value]) => {
      const size = Buffer.byteLength(`${name}=${value}`);
      const expected = `at most ${LONGEST} bytes for all of an environment's secrets, or settings`;
      return size > LONGEST ? [error(name, `${size} bytes`, expected, "shorten the longest of its values")] : [];
    }),
  );
  const others = Object.entries(env).filter(([name]) => !FOREIGN.includes(name));
  return { ...Object.fromEntries(others), ...own };
}

/** A line without a value, as in a copied example, says nothing. */
const given = (file: Values): Values => Object.fromEntries(Object.entries(file).filter(([, value]) => value));

function throwIfAny(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new ProblemsError(problems);
}

/** One problem a file, as a new one lacks everything. */
function lacking(platform: Platform, wrong: readonly { readonly name: string; readonly file: string }[]): Problem[] {
  return [...new Set(wrong.map(({ file }) => file))].map((stack) => {
    const file = envFile(platform.name, stack);
    const names = wrong.filter((each) => each.file === stack).map(({ name }) => name);
    const fix = `write ${names.length === 1 ? "it" : "them"} into ${file}; .env.${platform.name}${stack === DELIVERY ? ".delivery" : ""}.example says where to get each`;
    return error(file, `missing or too short: ${list(names)}`, "a value for each", fix);
  });
}

/** Everything that speaks against the values of the delivery stack. Names, never values. */
export function deliveryProblems(platform: Platform, values: readonly DeliveryValue[]): Problem[] {
  const [reader] = values.filter(({ variable }) => variable?.name === "plan_secrets");
  const writers = values.filter(({ name }) => name === reader?.variable?.key);
  const same = writers.find(({ value }) => value && value === reader?.value);
  return [
    ...lacking(
      platform,
      values.filter((each) => (each.value ? isTooShort(each) : !each.optional)),
    ),
    ...(reader && same
      ? [
          error(
            `${envFile(platform.name, DELIVERY)}/${reader.name}`,
            `the token of ${envFile(platform.name, same.file)}`,
            "one that may only read: whoever opens a pull request can get at it",
            "make an R2 token that may only read objects of the bucket with the environments' states",
          ),
        ]
      : []),
  ];
}

/**
 * Runs it in this terminal and waits for its end. Ctrl-C reaches it by itself, and it decides what that means.
 * @returns its exit code; 128 and the signal's number when a signal ended it, as a shell has it
 */
export function runWith(command: readonly [string, ...string[]], env: Values): Promise<number> {
  const [program, ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: env as NodeJS.ProcessEnv,
      stdio: "inherit",
      shell: system() === "win32",
    });
    const ignore = (): void => undefined;
    const forward = (): void => void child.kill("SIGTERM");
    process.on("SIGINT", ignore);
    process.on("SIGTERM", forward);
    const done = (finish: () => void): void => {
      process.off("SIGINT", ignore);
      process.off("SIGTERM", forward);
      finish();
    };
    child.on("error", ({ message }) =>
      done(() => reject(new ProblemsError([error("command", message, "a program", "correct its name")]))),
    );
    child.on("close", (code, signal) => done(() => resolve(code ?? 128 + constants.signals[signal!])));
  });
}
