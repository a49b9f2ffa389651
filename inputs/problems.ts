/** What speaks against the values of a stack. Names, never values. */
import { DELIVERY } from "../model/delivery";
import type { Platform } from "../model/platform";
import { error, list, type Problem } from "../model/problem";
import { type DeliveryValue, weaknessOf } from "./delivery-values";
import { envFile, exampleFile } from "./env-file";

/** One problem a file, as a new one lacks everything. */
export function lacking(
  platform: Platform,
  wrong: readonly { readonly name: string; readonly file: string }[],
): Problem[] {
  return [...new Set(wrong.map(({ file }) => file))].map((stack) => {
    const file = envFile(platform.name, stack);
    const names = wrong.filter((each) => each.file === stack).map(({ name }) => name);
    const fix = `write ${names.length === 1 ? "it" : "them"} into ${file}; ${exampleFile(platform.name, stack)} says where to get each, and what it must have`;
    return error(file, `missing, too short or too simple: ${list(names)}`, "a value for each", fix);
  });
}

/** Everything that speaks against the values of the delivery stack. */
export function deliveryProblems(platform: Platform, values: readonly DeliveryValue[]): Problem[] {
  const [reader] = values.filter(({ variable }) => variable?.name === "plan_secrets");
  const writers = values.filter(({ name }) => name === reader?.variable?.key);
  const same = writers.find(({ value }) => value && value === reader?.value);
  const watching = values.flatMap((given) => {
    const [, whose] = /^(.+)_watch_secrets$/.exec(given.variable?.name ?? "") ?? [];
    const own = values.find(
      ({ variable }) => variable?.name === `${whose}_secrets` && variable.key === given.variable?.key,
    );
    return own?.value && own.value === given.value ? [{ given, own }] : [];
  });
  return [
    ...lacking(
      platform,
      values.filter((each) => (each.value ? weaknessOf(each) !== undefined : !each.optional)),
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
    ...watching.map(({ given, own }) =>
      error(
        `${envFile(platform.name, DELIVERY)}/${given.name}`,
        `the token of ${envFile(platform.name, own.file)}`,
        "one that may only read: jobs that nobody agrees to have it",
        "make a token that may only read the same project or zone",
      ),
    ),
  ];
}
