/** The environment that a command works on: its release file, cdktf's output directory, Terraform, the engine. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { LoadedPlatform } from "../../config/load";
import { checkPlatform } from "../../config/checks";
import { readReleaseFile, withEntry } from "../../config/release-file";
import { DEPLOY_USER, SSH_SETTINGS } from "../../model/server";
import type { EnvironmentName } from "../../model/environment-name";
import { environmentPrefix } from "../../model/names";
import { error, errorsOf, ProblemsError } from "../../model/problem";
import type { ProductRelease, Release } from "../../model/release";
import { Docker } from "../../clients/docker";
import type { EdgeAddress } from "../../clients/edge";
import { EdgeKeeper } from "../../clients/edge-keeper";
import { Journal } from "../../release/journal/journal";
import { knownSecrets, type Redact } from "../../model/redact";
import type { Site } from "../../release/site";
import { stateFiles } from "../../clients/state-store/state-store";
import { type StateFiles } from "../../clients/state-store/state-files";
import { inTime } from "../../release/in-time";
import { keepAppliedFacts } from "../../review/applied-facts";
import { outputDirectory } from "../../terraform/output-directory";
import { findTerraform, usable } from "../../terraform/program";
import { projectLock } from "../../terraform/project-lock";
import { planSource } from "../../terraform/plan-source";
import type { StateResource } from "../../terraform/state";
import { stateLeft } from "../../terraform/state-left";
import { WorkingDirectory } from "../../terraform/working-directory";
import { writeWhole } from "../../clients/files";
import { loadCatalog } from "./catalog";
import { removeUnshown } from "./kept-plan";
import { ROOT } from "./root";
import { atHand, hidden, SecretsAtHand } from "./secrets-at-hand";
import { addressInState, addressWithoutState, remembered, type ServerOf } from "./server-address";

export interface SiteOptions {
  readonly environment: EnvironmentName;
  readonly env: NodeJS.ProcessEnv;
  /** Do Terraform's commands lock the state themselves? @default true */
  readonly lock?: boolean;
  /** Is neither the engine nor a cloud to be asked? For plans from the state alone. @default false */
  readonly offline?: boolean;
  /** Is Terraform got ready only when it is asked? For who looks also where the state's store does not answer. @default false */
  readonly unready?: boolean;
  /** Aborted when nobody waits for the state's store and for Terraform any longer. @default they take what they take */
  readonly over?: AbortSignal | undefined;
  /** What `findTerraform` finds, where somebody has begun to look already. @default it is looked for */
  readonly terraform?: ReturnType<typeof findTerraform> | undefined;
}

/** A site whose Terraform is ready, and what of it only the command line knows. */
export interface OpenSite extends Site {
  readonly terraform: WorkingDirectory;
  docker(): Promise<Docker>;
  readonly loaded: LoadedPlatform;
  /** The release file, as a person types it. */
  readonly releasePath: string;
  /** The files beside the state. */
  readonly files: StateFiles;
  /** Of the environment's releases. */
  readonly journal: Journal;
}

/** cdktf takes longer to load than the rest of the program, and no help needs it. */
const synthesizer = () => import("../../main");

/** What `openSite` would look for first. */
export type GotReady = Pick<SiteOptions, "terraform">;

/**
 * Begins with what takes long while somebody else is waited for. Loading the synthesizer leaves this process no time for
 * anything else (0.1 s): what that one is asked by is to be on its way first.
 */
export function getReady(env: NodeJS.ProcessEnv): GotReady {
  const terraform = findTerraform(env);
  // What keeps it from being found is said where it is wanted.
  terraform.catch(() => undefined);
  setImmediate(() => void synthesizer());
  return { terraform };
}

/** @throws ProblemsError for mistakes in the catalog, a state's store that cannot be reached by what is set, and where there is no Terraform */
export async function openSite({
  environment: name,
  env,
  lock = true,
  offline = false,
  unready = false,
  over,
  terraform: found,
}: SiteOptions): Promise<OpenSite> {
  const loaded = loadCatalog(env);
  if (errorsOf(loaded.problems).length > 0) throw new ProblemsError(loaded.problems);
  const { platform } = loaded;
  const environment = platform.environments[name];
  // Terraform's own words for a bucket whose credentials are not loaded lead nowhere, so this comes before it.
  const files = stateFiles(platform.name, environment, { env, directory: ROOT, over });
  const [terraform, { writeStacks }] = await Promise.all([found ?? findTerraform(env), synthesizer()]);
  if (typeof terraform === "string") {
    throw new ProblemsError([
      error("terraform", "none", "Terraform 1.11 or newer", terraform.split("\n").slice(1).join(" ")),
    ]);
  }
  const outdir = outputDirectory(env);
  const plugins = projectLock(env);
  // Only where something has to be hidden is it asked for.
  const secrets = atHand(
    new SecretsAtHand(
      () => knownSecrets(platform, environment, env),
      () => readFileSync(directory.stackPath, "utf8"),
    ),
  );
  const readState = async (): Promise<string | undefined> => {
    const text = (await files.readState())?.text;
    secrets.stateIs(text);
    return text;
  };
  const directory: WorkingDirectory = new WorkingDirectory(
    terraform,
    join(outdir, "stacks", name),
    { ...usable(env), TF_INPUT: "0" },
    {
      ...{ lock, over, parallelism: PARALLELISM, stateFile: readState },
      ...{ hide: secrets.hide, read: secrets.plannedIs },
      applied: (planPath) => noteApplied(files, planPath, secrets.hideDistinct),
    },
  );
  removeUnshown(directory.path);
  const lost = stateLeft(directory.path);
  if (lost !== undefined) console.error(lost);
  const { file, path } = releaseFile(platform.name, name, env);
  const read = (): Release => readReleaseFile(file, path).release;
  const stack = directory.stackPath;
  // Another command may have written the stack meanwhile.
  let written: { readonly release: string; readonly text: string } | undefined;
  const render = (release: Release): void => {
    const wanted = JSON.stringify(release);
    if (written?.release === wanted && existsSync(stack) && readFileSync(stack, "utf8") === written.text) return;
    const releases = { ...loaded.releases, [name]: { release, path } };
    const problems = errorsOf(checkPlatform(platform, releases));
    if (problems.length > 0) throw new ProblemsError(problems);
    writeStacks({ ...loaded, releases }, outdir, { names: [name], lock: plugins });
    if (offline) directory.silence();
    written = { release: wanted, text: readFileSync(stack, "utf8") };
  };
  render(read());
  if (!unready) await directory.prepared();
  const redact = secrets.hide;
  const server: ServerOf = { platform: platform.name, environment, env };
  // Neither the server nor its address changes while a command runs.
  let state: readonly StateResource[] | undefined;
  const knownState = async (): Promise<readonly StateResource[]> => (state ??= await directory.state());
  // A store that does not answer keeps nobody from looking: the server's address is known elsewhere as well.
  const address = async (): Promise<string> => {
    try {
      await knownState();
    } catch (reason) {
      if (!(reason instanceof ProblemsError)) throw reason;
      return addressWithoutState(server).catch(() => Promise.reject(reason));
    }
    return addressInState(await knownState(), server);
  };
  return {
    loaded,
    releasePath: path,
    platform,
    environment,
    terraform: directory,
    release: read,
    save: (product, entry) => saveEntry(file, product, entry),
    render,
    docker: async () => engineOf(server, address),
    // The state takes a second to be read, and the address outlives servers.
    keeper: () =>
      keeperOf(server, async () => (state ? addressInState(state, server) : (remembered(server) ?? (await address())))),
    edge: async () => edgeOf(server, await knownState()),
    redact,
    files,
    journal: new Journal(files, { redact }),
    credentials: {
      registryUsername: env[`TF_VAR_${platform.inputs.registryUsername.name}`],
      registryToken: env[`TF_VAR_${platform.inputs.registryToken.name}`],
      smokeKey:
        env[`TF_VAR_${platform.inputs.smokeKey.name}`] ??
        (environment.host.kind === "local" ? platform.inputs.smokeKey.developmentDefault : undefined),
    },
  };
}

/** So long an apply that is over waits for the store to take a note of it. */
const NOTE_MS = 5000;

/** The next review compares with it. What keeps it from being written is no reason to call the apply a failure. */
async function noteApplied(files: StateFiles, planPath: string, hide: Redact): Promise<void> {
  const noted = async (): Promise<string> => {
    try {
      await keepAppliedFacts(files, planSource(readFileSync(planPath)), hide);
      return "";
    } catch (reason) {
      return hidden((reason as Error).message);
    }
  };
  const wrong = await inTime(noted(), NOTE_MS);
  if (wrong === "") return;
  const why = wrong ?? `the store has not taken it within ${NOTE_MS / 1000} s`;
  console.error(
    `What was applied besides the plan is not noted, and the next review compares with the apply before: ${why}`,
  );
}

/** Resources at a time: the server's sshd takes a hundred connections (cloud-init). */
const PARALLELISM = 40;

/** Where an environment's release file lies, and how a person types it. */
export function releaseFile(
  platform: string,
  environment: EnvironmentName,
  env: NodeJS.ProcessEnv,
): { file: string; path: string } {
  const directory = env["TWINSET_RELEASES"] ?? join(ROOT, "config", "releases");
  return {
    file: join(directory, platform, `${environment}.json`),
    path: join("config", "releases", platform, `${environment}.json`),
  };
}

/** Written beside and renamed, so that no half of it is ever read. */
function saveEntry(file: string, product: string, entry: ProductRelease): void {
  const text = withEntry(readFileSync(file, "utf8"), product, entry);
  writeWhole(file, text, { open: true });
}

/** This computer's engine, or the server's by SSH once it has an address. @throws ProblemsError before that */
async function engineOf(of: ServerOf, address: () => Promise<string>): Promise<Docker> {
  if (of.environment.host.kind === "local") return new Docker(of.env);
  return new Docker({ ...of.env, DOCKER_HOST: `ssh://${DEPLOY_USER}@${await address()}` });
}

/** The keeper beside the edge, by an address that need not come from the state. */
export async function keeperOf(of: ServerOf, address: (of: ServerOf) => Promise<string>): Promise<EdgeKeeper> {
  const { platform, environment, env } = of;
  const prefix = environmentPrefix(platform, environment.name);
  if (environment.host.kind === "local") return new EdgeKeeper({ prefix, env });
  return new EdgeKeeper({ prefix, env, destination: `${DEPLOY_USER}@${await address(of)}`, settings: SSH_SETTINGS });
}

function edgeOf(of: ServerOf, state: readonly StateResource[]): EdgeAddress {
  const { host, tls } = of.environment;
  const { env } = of;
  const address = host.kind === "local" ? "127.0.0.1" : (host.publishOn ?? addressInState(state, of));
  const ca = env["NODE_EXTRA_CA_CERTS"];
  return {
    address,
    port: tls.kind === "none" ? 80 : 443,
    tls: tls.kind !== "none",
    ...(ca && existsSync(ca) ? { ca: readFileSync(ca, "utf8") } : {}),
  };
}
