/** The catalog and the inputs: are they all set, loaded and of their form? Names only, never a value. */
import { list } from "../model/problem";
import type { Context, InputState } from "./context";
import { count, type Finding, Findings, some } from "./finding";
import { malformedInputs } from "./values";

const findings = new Findings("inputs");
const ofCatalog = new Findings("catalog");

/** What speaks against the catalog and its release files: with an error there, nothing is synthesized. */
export async function catalog({ options }: Context): Promise<Finding[]> {
  return options.problems.map(({ severity, path, given, fix }) =>
    severity === "error" ? ofCatalog.failure(path, given, fix) : ofCatalog.warning(path, given, fix),
  );
}

export async function inputs(context: Context): Promise<Finding[]> {
  const { platform, environment, options, env } = context;
  const { name: file, exists } = options.inputFile;
  const of = (state: InputState["state"]): string[] =>
    options.inputs.filter((input) => input.state === state).map(({ name }) => name);
  const [missing, short, simple] = [of("missing"), of("too short"), of("too simple")];
  const unloaded = of("in file");
  const load = `set -a; . ./${file}; set +a`;
  const found: Finding[] = [];
  if (unloaded.length > 0) {
    found.push(findings.failure("loaded", `${count(unloaded.length, "input")} of ${file} are not`, load));
  }
  if (missing.length > 0) {
    const lists = `${platformPrefix(context)}npm run env -- ${environment.name} lists them`;
    found.push(
      findings.failure(
        "set",
        `${missing.length} of ${options.inputs.length} are not: ${some(missing)}`,
        exists
          ? `fill them in in ${file}, then ${load}; ${lists}`
          : `cp examples/${platform.name}.env ${file}, fill it in, then ${load}; ${lists}`,
      ),
    );
  }
  for (const [name, weak] of [["long enough", short] as const, ["hard to guess", simple] as const]) {
    if (weak.length > 0)
      found.push(findings.failure(name, `not ${list(weak)}`, `the comment in ${file} says what it takes`));
  }
  const malformed = malformedInputs(platform, env);
  found.push(
    ...malformed.map(({ name, expected }) =>
      findings.failure("form", `${name} is not of its form`, `give it ${expected}`),
    ),
  );
  for (const { name, sameAs } of options.inputs) {
    if (sameAs !== undefined) {
      found.push(findings.warning("apart", `${name} has the same value as ${sameAs}`, "give each a value of its own"));
    }
  }
  if (found.some(({ status }) => status === "failure")) return found;
  const [set, defaults] = [of("set").length, of("default").length];
  return [findings.ok("set", `${set} of their form${defaults > 0 ? `, ${defaults} with a default` : ""}`), ...found];
}

const platformPrefix = ({ env }: Context): string => (env["PLATFORM"] ? `PLATFORM=${env["PLATFORM"]} ` : "");
