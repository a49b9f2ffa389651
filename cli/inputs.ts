/** The inputs of a platform, for its `.env.<platform>.example` and `npm run env`: by name, never by value. */
import colours from "picocolors";
import { variableName } from "../model/pipeline";
import { type Environment } from "../model/environment";
import { ENVIRONMENTS, type EnvironmentName } from "../model/environment-name";
import { type Platform } from "../model/platform";
import { type InputUse, inputUses } from "../model/inputs";
import { plainTable } from "./table";

/** What the S3 backend reads itself; the state store's credentials are no Terraform variables. */
const STATE_STORE: readonly { readonly name: string; readonly description: string; readonly where: string }[] = [
  {
    name: "AWS_ENDPOINT_URL_S3",
    description:
      "Address of the R2 account that holds Terraform's state: https://<account id>.r2.cloudflarestorage.com",
    where: "Cloudflare → R2 → Overview",
  },
  {
    name: "AWS_ACCESS_KEY_ID",
    description: "Id of an R2 token that may read and write objects of that bucket",
    where: "Cloudflare → R2 → Manage API tokens",
  },
  { name: "AWS_SECRET_ACCESS_KEY", description: "Secret of that token", where: "shown once, with its id" },
];

/** The file with an environment's values, beside the project's own. */
export const envFile = (platform: string, environment: string): string => `.env.${platform}.${environment}`;

/** The text of `.env.<platform>.example`: every input of the platform, where it is used and where to get it. */
export function envExample(platform: Platform): string {
  return [
    "# Made by `npm run generate` from the catalog; a test keeps it current.",
    "#",
    `# Copy it to ${envFile(platform.name, "<environment>")} (git ignores those), fill in what that environment needs, and load`,
    "# it before cdktf:",
    `#   set -a; . ./${envFile(platform.name, "production")}; set +a`,
    "# `npm run env -- production` says what is still missing. Values with spaces or several lines go in single quotes.",
    "",
    ...section("Terraform's state (staging and production)"),
    ...STATE_STORE.flatMap(({ name, description, where }) => [
      `# ${description}.`,
      `# Get it: ${where}`,
      `${name}=`,
      "",
    ]),
    ...platformLines(platform),
  ].join("\n");
}

const section = (title: string): string[] => [`# ${"=".repeat(76)}`, `# ${title}`, `# ${"=".repeat(76)}`, ""];

function platformLines(platform: Platform): string[] {
  const uses = new Map<string, InputUse & { environments: EnvironmentName[] }>();
  for (const name of ENVIRONMENTS) {
    for (const use of inputUses(platform, platform.environments[name])) {
      const known = uses.get(use.input.name);
      uses.set(use.input.name, {
        input: use.input,
        usedBy: [...new Set([...(known?.usedBy ?? []), ...use.usedBy])].sort(),
        environments: [...(known?.environments ?? []), name],
      });
    }
  }
  const groups = new Map<string, string[]>();
  for (const { input, usedBy, environments } of [...uses.values()].sort((a, b) =>
    a.input.name < b.input.name ? -1 : 1,
  )) {
    const owners = new Set(usedBy.map((by) => by.split("/")[0]!));
    const group = owners.size === 1 ? [...owners][0]! : "several products";
    const lines = [
      `# ${input.description}${input.secret ? " (secret)" : ""}.`,
      `# Used by: ${usedBy.join(", ")}; in ${environments.length === ENVIRONMENTS.length ? "every environment" : environments.join(", ")}`,
      `# Get it: ${input.where}`,
      ...(input.developmentDefault === undefined
        ? []
        : [`# Development uses "${input.developmentDefault}" when it is not set.`]),
      ...(input.minLength === undefined ? [] : [`# At least ${input.minLength} characters.`]),
      ...(input.type ? [`# Form: ${input.example}`] : []),
      `${variableName(input.name)}=`,
      "",
    ];
    groups.set(group, [...(groups.get(group) ?? []), ...lines]);
  }
  const first = ["platform", "several products"];
  const order = [...first.filter((g) => groups.has(g)), ...[...groups.keys()].filter((g) => !first.includes(g)).sort()];
  return order.flatMap((group) => [
    ...section(`${platform.name}: ${group === "platform" ? "accounts, servers and images" : group}`),
    ...groups.get(group)!,
  ]);
}

export type InputState = "set" | "in file" | "default" | "missing" | "too short";

export interface InputStatus {
  /** Name of the environment variable. */
  readonly name: string;
  readonly state: InputState;
  readonly secret: boolean;
  readonly usedBy: readonly string[];
  /** Another secret that has the very same value. */
  readonly sameAs?: string;
}

/**
 * Which inputs of an environment are there.
 * @param env the process's environment: what Terraform will see
 * @param file what the environment's file holds, loaded or not
 */
export function inputStatus(
  platform: Platform,
  environment: Environment,
  env: Readonly<Record<string, string | undefined>>,
  file: Readonly<Record<string, string | undefined>> = {},
): InputStatus[] {
  const state = (name: string, hasDefault: boolean, minLength = 1): InputState => {
    const value = env[name] || file[name];
    if (value) return value.length < minLength ? "too short" : env[name] ? "set" : "in file";
    return hasDefault ? "default" : "missing";
  };
  const first = new Map<string, string>();
  const sameAs = (name: string): { sameAs?: string } => {
    const value = env[name] || file[name];
    if (!value) return {};
    const other = first.get(value);
    if (other === undefined) first.set(value, name);
    return other === undefined ? {} : { sameAs: other };
  };
  const store =
    environment.state.kind === "s3"
      ? STATE_STORE.map(({ name }) => ({
          name,
          state: state(name, false),
          secret: name !== "AWS_ENDPOINT_URL_S3",
          usedBy: ["state store"],
        }))
      : [];
  return [
    ...store,
    ...inputUses(platform, environment).map(({ input, usedBy }) => ({
      name: variableName(input.name),
      state: state(
        variableName(input.name),
        environment.host.kind === "local" && input.developmentDefault !== undefined,
        input.minLength,
      ),
      secret: input.secret,
      usedBy,
      ...(input.secret ? sameAs(variableName(input.name)) : {}),
    })),
  ];
}

/** A table of the inputs and a sentence that sums them up. */
export function describeInputs(platform: Platform, environment: Environment, inputs: readonly InputStatus[]): string {
  const paint: Record<InputState, (text: string) => string> = {
    set: colours.green,
    "in file": colours.yellow,
    default: colours.dim,
    missing: colours.red,
    "too short": colours.red,
  };
  const count = (state: InputState): number => inputs.filter((i) => i.state === state).length;
  const missing = count("missing");
  const short = count("too short");
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
    `${environment.name}: ${inputs.length} variables, ${count("set")} set, ${count("default")} with a default, ${missing} missing${short > 0 ? `, ${short} too short` : ""}.`,
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
    ...(["missing", "too short"] as const).flatMap((state) =>
      names(state).length > 0 ? [colours.red(`  ${state}: ${names(state).join(", ")}`)] : [],
    ),
    ...inputs.flatMap(({ name, sameAs }) =>
      sameAs === undefined ? [] : [colours.yellow(`  the same value: ${name}, ${sameAs}`)],
    ),
  ];
  const word = inputs.some(isWrong) ? colours.red("incomplete") : colours.green("complete");
  return [`${envFile(platform.name, environment.name)}: ${word}`, ...problems].join("\n");
}

/** Would Terraform refuse to plan? */
export const isWrong = ({ state }: InputStatus): boolean => state === "missing" || state === "too short";

const shorten = (names: readonly string[]): string =>
  names.length > 3 ? `${names.slice(0, 2).join(", ")} and ${names.length - 2} more` : names.join(", ");
