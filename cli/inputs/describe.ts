/** How inputs are told to people: by name, never by value. */
import colours from "picocolors";
import { deliveryProblems } from "../../inputs/problems";
import { type DeliveryValue, weaknessOf } from "../../inputs/delivery-values";
import { envFile } from "../../inputs/env-file";
import { type InputState, type InputStatus, isWrong, WRONG } from "../../inputs/status";
import { DELIVERY } from "../../model/delivery";
import type { Environment } from "../../model/environment";
import { deployed } from "../../model/pipeline";
import { WEAKNESSES } from "../../model/made-up";
import type { Platform } from "../../model/platform";
import { formatProblem } from "../../model/problem";
import { plainTable } from "../shared/table";

/** A table of the inputs and a sentence that sums them up. */
export function describeInputs(platform: Platform, environment: Environment, inputs: readonly InputStatus[]): string {
  const paint: Record<InputState, (text: string) => string> = {
    set: colours.green,
    "in file": colours.yellow,
    default: colours.dim,
    missing: colours.red,
    "too short": colours.red,
    "too simple": colours.red,
  };
  const count = (state: InputState): number => inputs.filter((i) => i.state === state).length;
  const weak = WEAKNESSES.flatMap((state) => (count(state) > 0 ? [`, ${count(state)} ${state}`] : []));
  const unloaded = count("in file");
  const file = envFile(platform.name, environment.name);
  return [
    plainTable(
      ["variable", "state", "secret", "used by"],
      inputs.map(({ name, state, secret, usedBy }) => [
        name,
        paint[state](state),
        secret ? "yes" : "",
        shorten(usedBy),
      ]),
    ),
    "",
    `${environment.name}: ${inputs.length} variables, ${count("set")} set, ${count("default")} with a default, ${count("missing")} missing${weak.join("")}.`,
    ...inputs.flatMap(({ name, sameAs }) =>
      sameAs === undefined ? [] : [colours.yellow(`${name} has the same value as ${sameAs}: give each its own`)],
    ),
    ...(unloaded > 0 ? [`${unloaded} are in ${file} but not loaded; run: set -a; . ./${file}; set +a`] : []),
  ].join("\n");
}

/** A line on each environment's file: is it whole? For a look at all of them, whatever is loaded. */
export function describeFile(platform: Platform, environment: Environment, inputs: readonly InputStatus[]): string {
  const names = (state: InputState): string[] =>
    inputs.filter((input) => input.state === state).map(({ name }) => name);
  const problems = [
    ...WRONG.flatMap((state) =>
      names(state).length > 0 ? [colours.red(`  ${state}: ${names(state).join(", ")}`)] : [],
    ),
    ...inputs.flatMap(({ name, sameAs }) =>
      sameAs === undefined ? [] : [colours.yellow(`  the same value: ${name}, ${sameAs}`)],
    ),
  ];
  const word = inputs.some(isWrong) ? colours.red("incomplete") : colours.green("complete");
  return [`${envFile(platform.name, environment.name)}: ${word}`, ...problems].join("\n");
}

const shorten = (names: readonly string[]): string =>
  names.length > 3 ? `${names.slice(0, 2).join(", ")} and ${names.length - 2} more` : names.join(", ");

/** A table of the stack's own values, a line on each environment's, and all that is wrong. */
export function describeDelivery(platform: Platform, values: readonly DeliveryValue[]): string {
  const own = values.filter(({ file }) => file === DELIVERY);
  const problems = deliveryProblems(platform, values);
  return [
    plainTable(
      ["variable", "state", "secret", "file"],
      own.map((value) => [value.name, stateOf(value), value.secret ? "yes" : "", envFile(platform.name, DELIVERY)]),
    ),
    "",
    ...deployed(platform).map(({ name }) => {
      const all = values.filter(({ variable }) => variable?.name.startsWith(`${name}_`));
      const there = all.filter((each) => each.value && !weaknessOf(each));
      const needed = all.filter(({ optional, value }) => !optional || value);
      return `${name}: ${there.length} of ${needed.length} secrets and variables, from ${envFile(platform.name, name)} and ${envFile(platform.name, DELIVERY)}`;
    }),
    ...problems.map(formatProblem),
    problems.length > 0
      ? `${problems.length} ${problems.length === 1 ? "problem" : "problems"}.`
      : "complete; run: npx twinset with delivery -- npx cdktf deploy delivery",
  ].join("\n");
}

/** A line on the stack's file: is it whole, with those of the environments? */
export function describeDeliveryFile(platform: Platform, values: readonly DeliveryValue[]): string {
  const problems = deliveryProblems(platform, values);
  const word = problems.length > 0 ? colours.red("incomplete") : colours.green("complete");
  const found = problems.map(({ path, given }) => colours.red(`  ${path}: ${given}`));
  return [`${envFile(platform.name, DELIVERY)}: ${word}`, ...found].join("\n");
}

function stateOf(value: DeliveryValue): string {
  if (!value.value) return value.optional ? colours.dim("left out") : colours.red("missing");
  const weak = weaknessOf(value);
  return weak ? colours.red(weak) : colours.green("set");
}
