/** The inputs of a platform, for `.env.example` and `npm run env`: by name, never by value. */
import colours from "picocolors";
import { ENVIRONMENTS, type Environment, type EnvironmentName } from "../model/environment";
import { type InputUse, inputUses, type Platform } from "../model/platform";
import { plainTable } from "./table";

/** How Terraform finds a variable in the environment. */
export const variableName = (input: string): string => `TF_VAR_${input}`;

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

/** The text of `.env.example`: every input of every platform, where it is used and where to get it. */
export function envExample(platforms: readonly Platform[]): string {
  return [
    "# Made by `npm run generate` from the catalog; a test keeps it current.",
    "#",
    "# Copy it to .env.<environment> (git ignores those), fill in what that environment needs, and load it before cdktf:",
    "#   set -a; . ./.env.production; set +a",
    "# `npm run env -- production` says what is still missing. Values with spaces or several lines go in single quotes.",
    "",
    ...section("Terraform's state (staging and production)"),
    ...STATE_STORE.flatMap(({ name, description, where }) => [
      `# ${description}.`,
      `# Get it: ${where}`,
      `${name}=`,
      "",
    ]),
    ...platforms.flatMap(platformLines),
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

export type InputState = "set" | "in file" | "default" | "missing";

export interface InputStatus {
  /** Name of the environment variable. */
  readonly name: string;
  readonly state: InputState;
  readonly secret: boolean;
  readonly usedBy: readonly string[];
}

/**
 * Which inputs of an environment are there.
 * @param env the process's environment: what Terraform will see
 * @param file what `.env.<environment>` holds, loaded or not
 */
export function inputStatus(
  platform: Platform,
  environment: Environment,
  env: Readonly<Record<string, string | undefined>>,
  file: Readonly<Record<string, string | undefined>> = {},
): InputStatus[] {
  const state = (name: string, hasDefault: boolean): InputState => {
    if (env[name]) return "set";
    if (file[name]) return "in file";
    return hasDefault ? "default" : "missing";
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
      ),
      secret: input.secret,
      usedBy,
    })),
  ];
}

/** A table of the inputs and a sentence that sums them up. */
export function describeInputs(environment: Environment, inputs: readonly InputStatus[]): string {
  const paint: Record<InputState, (text: string) => string> = {
    set: colours.green,
    "in file": colours.yellow,
    default: colours.dim,
    missing: colours.red,
  };
  const count = (state: InputState): number => inputs.filter((i) => i.state === state).length;
  const missing = count("missing");
  const unloaded = count("in file");
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
    `${environment.name}: ${inputs.length} variables, ${count("set")} set, ${count("default")} with a default, ${missing} missing.`,
    ...(unloaded > 0
      ? [
          `${unloaded} are in .env.${environment.name} but not loaded; run: set -a; . ./.env.${environment.name}; set +a`,
        ]
      : []),
  ].join("\n");
}

const shorten = (names: readonly string[]): string =>
  names.length > 3 ? `${names.slice(0, 2).join(", ")} and ${names.length - 2} more` : names.join(", ");
