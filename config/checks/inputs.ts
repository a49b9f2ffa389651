import { ENVIRONMENTS } from "../../model/environment-name";
import { inputUses } from "../../model/inputs";
import type { Platform } from "../../model/platform";
import { error, type Problem } from "../../model/problem";
import { inputsOf } from "../../model/values";
import { variablesOf } from "./catalog";

/** Inputs become Terraform variables: their names must be such, and one name means one thing. */
export function checkInputs(platform: Platform): Problem[] {
  const uses = ENVIRONMENTS.flatMap((name) => inputUses(platform, platform.environments[name]));
  const wrong = [...new Set(uses.map((u) => u.input.name))].filter((name) => !/^[a-z][a-z0-9_]*$/.test(name));
  const all = variablesOf(platform).flatMap(({ value }) => inputsOf(value));
  const unclear = [...new Set(all.map((i) => i.name))].filter(
    (name) => new Set(all.filter((i) => i.name === name).map((i) => i.secret)).size > 1,
  );
  return [
    ...wrong.map((name) =>
      error(`inputs/${name}`, name, "lower-case letters, digits and underscores", "rename the input"),
    ),
    ...unclear.map((name) =>
      error(`inputs/${name}`, "a secret in one place and a setting in another", "one of the two", "make both a secret"),
    ),
  ];
}
