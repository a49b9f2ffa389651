/** What a command about one stack is started with. */
import { DELIVERY, type StackName } from "../model/delivery";
import type { Platform } from "../model/platform";
import { error, type Problem, ProblemsError } from "../model/problem";
import { deliveryEnvironment, deliveryValues } from "./delivery-values";
import type { ReadFile, Values } from "./env-file";
import { deliveryProblems, lacking } from "./problems";
import { inputStatus, isWrong } from "./status";

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
