/** The examples of `.env` files, for people to copy: every input, where it is used and where to get it. */
import { type Delivery, DELIVERY } from "../model/delivery";
import { ENVIRONMENTS, type EnvironmentName } from "../model/environment-name";
import { type InputUse, inputUses } from "../model/inputs";
import { demandsOf, inWords } from "../model/made-up";
import {
  deployed,
  SSH_HOSTS,
  SSH_KEY,
  STATE_CREDENTIALS,
  STATE_ENDPOINT,
  variableName,
  watchSecrets,
} from "../model/pipeline";
import type { Platform } from "../model/platform";
import { list } from "../model/problem";
import { prefixed } from "./delivery-values";
import { envFile } from "./env-file";
import type { Input } from "../model/values";
import { STATE_STORE } from "./state-store";

/** The text of `examples/<platform>.env`: every input of the platform, where it is used and where to get it. */
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
      ...demanded(input),
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

/** What a value must have, in words. */
function demanded(input: Input): string[] {
  const demands = demandsOf(input, true);
  if (demands.minLength === 1) return [];
  return [`# It has ${inWords(demands)}${input.madeUp ? ", in staging and production" : ""}.`];
}

/** The text of `examples/<platform>.delivery.env`. */
export function deliveryExample(platform: Platform, delivery: Delivery): string {
  const environments = deployed(platform).map(({ name }) => name);
  const file = envFile(platform.name, DELIVERY);
  const states = [...new Set(environments.flatMap((name) => bucketOf(platform.environments[name].state)))];
  const [id, key] = STATE_CREDENTIALS;
  const entry = (name: string, description: string, where: string): string[] => [
    `# ${description}.`,
    `# Get it: ${where}`,
    `${name}=`,
    "",
  ];
  return [
    "# Made by `npm run generate` from the catalog; a test keeps it current.",
    "#",
    `# Copy it to ${file} (git ignores that) and fill it in. Everything else that GitHub is given comes from`,
    `# ${list(environments.map((name) => envFile(platform.name, name)))}. A pipeline may have another value than`,
    `# people: a line here that begins with the environment's name goes before, e.g. ${prefixed(environments[0]!, variableName("hcloud_token"))}=…`,
    "#   npm run env -- delivery",
    "#   npx twinset with delivery -- npx cdktf deploy delivery",
    "# Values with spaces or several lines go in single quotes.",
    "",
    ...Object.values(delivery.inputs).flatMap((input) => [
      `# ${input.description}${input.secret ? " (secret)" : ""}.`,
      `# Get it: ${input.where}`,
      ...(input.example ? [`# Form: ${input.example}`] : []),
      `${variableName(input.name)}=`,
      "",
    ]),
    ...bucketOf(delivery.state).flatMap((bucket) => [
      ...entry(id, `Id of an R2 token that may read and write objects of ${bucket}, this stack's own state`, R2),
      ...entry(key, "Secret of that token (secret)", "shown once, with its id"),
      ...entry(
        STATE_ENDPOINT,
        `Address of its account, where that is not ${environments.at(-1)}'s`,
        "Cloudflare → R2 → Overview",
      ),
    ]),
    ...entry(
      prefixed("plan", id),
      `Id of an R2 token that may only read objects of ${list(states)}: for pull requests`,
      R2,
    ),
    ...entry(prefixed("plan", key), "Secret of that token (secret)", "shown once, with its id"),
    ...environments.flatMap((name) => [
      ...watchSecrets(platform, platform.environments[name], delivery.gates[name]!).watching.flatMap((key) =>
        entry(
          prefixed(`${name}_watch`, key),
          `As ${key}, but one that may only read: for the jobs that look at ${name} (secret)`,
          key === variableName(platform.inputs.hcloudToken.name)
            ? "Hetzner Cloud → the project → Security → API tokens → Read"
            : "Cloudflare → My Profile → API Tokens: read the zone, its DNS, settings and page rules, and R2",
        ),
      ),
      ...entry(
        prefixed(name, SSH_KEY),
        `Private key with which pipelines reach ${name}'s server; its public half is in ${variableName(platform.inputs.sshPublicKeys.name)} (secret)`,
        `ssh-keygen -t ed25519 -N "" -C ${platform.name}-${name}-pipeline`,
      ),
      ...entry(
        prefixed(name, SSH_HOSTS),
        `How pipelines know ${name}'s server; may be empty, then they trust whoever answers first`,
        "ssh-keyscan <address>, compared with what the server says of itself",
      ),
    ]),
  ].join("\n");
}

const R2 = "Cloudflare → R2 → Manage API tokens";

const bucketOf = (state: Delivery["state"]): string[] => (state.kind === "s3" ? [state.bucket] : []);
