/** `twinset doctor`: runs the checks and prints what they found. */
import { Command } from "commander";
import { existsSync } from "node:fs";
import { Resolver } from "node:dns/promises";
import { join } from "node:path";
import colours from "picocolors";
import type { LoadedPlatform } from "../../config/load";
import { DEPLOY_USER, FAILED_FILE, READY_FILE, REBOOT_FILE, SSHD_LIMITS, VOLUMES_PATH } from "../../model/server";
import { PROVIDER_VERSIONS, type ProviderName } from "../../constructs/provider-versions";
import {
  type Context,
  contextOf,
  type Diagnosis,
  type DoctorOptions,
  examine,
  type Finding,
  GROUPS,
  isReady,
  type Status,
} from "../../doctor";
import { stateFiles } from "../../clients/state-store/state-store";
import { Journal } from "../../release/journal/journal";
import type { ServedSplit } from "../../clients/edge-keeper";
import { canaryIn } from "../../release/at-edge";
import { allProblems } from "../../release/journal/whole";
import { servedLook, servedProblems, watchedInWords } from "../../release/served";
import { envFile, envFilesIn } from "../../inputs/env-file";
import { inputStatus } from "../../inputs/status";
import type { Environment } from "../../model/environment";
import { type EnvironmentName, ENVIRONMENTS } from "../../model/environment-name";
import { list } from "../../model/problem";
import { knownSecrets } from "../../model/redact";
import { EXIT } from "../shared/exit";
import { environmentNamed } from "../shared/names";
import { ROOT } from "../shared/root";
import { loadCatalog } from "../shared/catalog";
import { addressWithoutState, type ServerOf } from "../shared/server-address";
import { atHand, hidden, SecretsAtHand } from "../shared/secrets-at-hand";
import { keeperOf } from "../shared/site";

export interface DoctorFlags {
  readonly json?: boolean;
}

/** @returns 0: nothing failed, 1: something did */
export async function doctor(name: EnvironmentName, given: DoctorFlags, env: NodeJS.ProcessEnv): Promise<number> {
  const context = contextOf(doctorOptions(loadCatalog(env), name, env));
  const interrupted = (): void => void cleanUp(context).then(() => process.exit(130));
  process.once("SIGINT", interrupted);
  process.once("SIGTERM", interrupted);
  try {
    const diagnosis = await examine(context);
    const said = { ...diagnosis, findings: diagnosis.findings.map(withoutSecrets) };
    console.log(given.json ? asJson(context, said) : describeDiagnosis(context, said));
    return isReady(diagnosis.findings) ? EXIT.done : EXIT.failed;
  } finally {
    process.off("SIGINT", interrupted);
    process.off("SIGTERM", interrupted);
  }
}

/** What programs, clouds, a journal and the edge say; what was looked at is in words of ours. */
const withoutSecrets = (finding: Finding): Finding => ({
  ...finding,
  found: hidden(finding.found),
  ...(finding.fix === undefined ? {} : { fix: hidden(finding.fix) }),
});

/** What the checks are given: the catalog's, the stack's and the server's facts, which they know nothing of themselves. */
export function doctorOptions(loaded: LoadedPlatform, name: EnvironmentName, env: NodeJS.ProcessEnv): DoctorOptions {
  const environment = loaded.platform.environments[name];
  atHand(new SecretsAtHand(() => knownSecrets(loaded.platform, environment, env)));
  const platform = environment.profiles ? loaded.development : loaded.platform;
  const file = envFile(platform.name, name);
  const written = envFilesIn(ROOT, platform.name)(name);
  return {
    platform,
    environment,
    release: loaded.releases[name].release,
    problems: loaded.problems,
    journal: async () => {
      const files = stateFiles(platform.name, environment, { env, directory: ROOT });
      return allProblems(platform, await new Journal(files, { redact: hidden }).read(), name);
    },
    edge: () => edgeLook({ platform: platform.name, environment, env }),
    env,
    directory: ROOT,
    inputs: inputStatus(platform, environment, env, written),
    inputFile: { name: file, exists: existsSync(join(ROOT, file)) },
    host: {
      user: DEPLOY_USER,
      readyFile: READY_FILE,
      failedFile: FAILED_FILE,
      rebootFile: REBOOT_FILE,
      volumesPath: VOLUMES_PATH,
      sshd: lowerCased(SSHD_LIMITS),
    },
    providers: providersOf(environment),
    // Fewer and shorter attempts than by default: a resolver that does not answer should not hold the rest up.
    names: new Resolver({ timeout: 2000, tries: 2 }),
  };
}

/** By an address that need not come from the state. */
async function edgeLook(of: ServerOf): ReturnType<NonNullable<DoctorOptions["edge"]>> {
  const isLocal = of.environment.host.kind === "local";
  const address = isLocal ? undefined : await addressWithoutState(of).catch(() => undefined);
  if (!isLocal && address === undefined) return undefined;
  const { splits, unknown } = await servedLook({
    keeper: () => keeperOf(of, () => Promise.resolve(address!)),
    redact: hidden,
  });
  if (unknown !== undefined) return { differences: [], unknown };
  if (splits.size === 0) return undefined;
  return {
    differences: [...splits.values()].flatMap((split) =>
      [...servedProblems(split), ...onTrial(split)].map((line) => `${split.product}: ${line}`),
    ),
  };
}

/** A canary, with the time that it has left. */
const onTrial = (split: ServedSplit): string[] =>
  canaryIn(split) > 0 ? [`a canary is in force: ${watchedInWords(split)}`] : [];

/** sshd tells its settings in small letters. */
const lowerCased = (settings: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(settings).map(([key, value]) => [key.toLowerCase(), value]));

function providersOf({ host, dns }: Environment): DoctorOptions["providers"] {
  const names: ProviderName[] = [
    "docker",
    ...(host.kind === "hetzner" ? (["hcloud"] as const) : []),
    ...(dns.kind === "cloudflare" ? (["cloudflare"] as const) : []),
  ];
  return Object.fromEntries(names.map((name) => [name, PROVIDER_VERSIONS[name]]));
}

/** Ctrl-C in the middle leaves nothing behind. */
async function cleanUp({ cleanups }: Context): Promise<void> {
  await Promise.allSettled([...cleanups].map((clean) => clean()));
}

function asJson({ platform, environment }: Context, { findings, seconds }: Diagnosis): string {
  return JSON.stringify(
    {
      platform: platform.name,
      environment: environment.name,
      ready: isReady(findings),
      seconds: Math.round(seconds * 10) / 10,
      findings,
    },
    undefined,
    2,
  );
}

const PAINT: Readonly<Record<Status, (text: string) => string>> = {
  ok: colours.green,
  warning: colours.yellow,
  failure: colours.red,
  skipped: colours.dim,
};

/** Groups with a line for each finding, its fix below it, and at the end what to do first. */
export function describeDiagnosis({ platform, environment }: Context, { findings, seconds }: Diagnosis): string {
  const groups = GROUPS.map((group) => findings.filter((finding) => finding.group === group));
  // What was not looked at at all says so in a line: with nothing set yet, that is most of it.
  const isLooked = (own: readonly Finding[]): boolean => own.some(({ status }) => status !== "skipped");
  const looked = groups.filter(isLooked);
  const left = groups.filter((own) => !isLooked(own)).flat();
  const width = Math.max(0, ...looked.flat().map(({ what }) => what.length), ...left.map(({ group }) => group.length));
  return [
    colours.bold(`${platform.name} ${environment.name}`),
    ...looked.flatMap((own) => ["", colours.bold(own[0]!.group), ...own.flatMap((finding) => lines(finding, width))]),
    ...(left.length > 0 ? ["", colours.bold("not looked at")] : []),
    ...left.flatMap(({ group, what, status, found }) => line(status, group, width, `${what}: ${found}`)),
    "",
    ...summary(findings, seconds),
  ].join("\n");
}

const STATUS_WIDTH = "failure".length;

const lines = ({ what, status, found, fix }: Finding, width: number): string[] => [
  line(status, what, width, found),
  ...(fix === undefined ? [] : [`${" ".repeat(STATUS_WIDTH + width + 6)}${colours.cyan(`fix: ${fix}`)}`]),
];

const line = (status: Status, what: string, width: number, text: string): string =>
  `  ${PAINT[status](status.padEnd(STATUS_WIDTH))}  ${what.padEnd(width)}  ${status === "skipped" ? colours.dim(text) : text}`;

function summary(findings: readonly Finding[], seconds: number): string[] {
  const count = (status: Status): number => findings.filter((finding) => finding.status === status).length;
  const [failures, warnings, skipped] = [count("failure"), count("warning"), count("skipped")];
  const counts = [
    ...(failures > 0 ? [plural(failures, "failure")] : []),
    ...(warnings > 0 ? [plural(warnings, "warning")] : []),
    `${count("ok")} ok`,
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ].join(", ");
  const after = `${counts}, in ${seconds.toFixed(1)} s.`;
  const first = findings.find(({ status }) => status === "failure");
  if (first === undefined) return [`${colours.green("Nothing failed")}: ${after}`];
  return [
    `${colours.red("Not ready")}: ${after}`,
    ...(failures + skipped > 1 ? [`Begin with ${first.group} (${first.what}), then run this again.`] : []),
  ];
}

const plural = (number: number, word: string): string => `${number} ${word}${number === 1 ? "" : "s"}`;

export const command = new Command("doctor")
  .description("everything that a deploy needs, looked at before it: tools, tokens, state, images, server, names")
  .argument("<environment>", list([...ENVIRONMENTS]))
  .option("--json", "for programs")
  .action(async (name: string, given: DoctorFlags) => {
    process.exitCode = await doctor(environmentNamed(name, process.env), given, process.env);
  });
