/** What the delivery stack needs, for `.env.<platform>.delivery.example` and `npm run env -- delivery`: never a value. */
import colours from "picocolors";
import { type Delivery, DELIVERY } from "../model/delivery";
import { deployed, SSH_HOSTS, SSH_KEY, STATE_CREDENTIALS, STATE_ENDPOINT, variableName } from "../model/pipeline";
import type { Platform } from "../model/platform";
import { formatProblem, list } from "../model/problem";
import { type DeliveryValue, isTooShort, prefixed } from "./delivery-values";
import { envFile } from "./inputs";
import { plainTable } from "./table";
import { deliveryProblems } from "./with";

/** The text of `.env.<platform>.delivery.example`. */
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
      const there = all.filter((each) => each.value && !isTooShort(each));
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
  return isTooShort(value) ? colours.red("too short") : colours.green("set");
}
