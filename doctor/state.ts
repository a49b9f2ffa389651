/** Terraform's state: can it be reached, is it safe there, does anybody work on it? */
import { randomUUID } from "node:crypto";
import { basename, posix } from "node:path";
import { z } from "zod";
import { resultIn } from "../clients/cloudflare";
import { stateKey } from "../model/environment";
import { ProblemsError } from "../model/problem";
import { StateLock } from "../clients/state-store/state-lock";
import { stateFiles } from "../clients/state-store/state-store";
import { type StateFiles } from "../clients/state-store/state-files";
import { type Absent, type Context, isAbsent } from "./context";
import { count, type Finding, Findings, some } from "./finding";
import { NoAnswer } from "../clients/http";

const findings = new Findings("state");

/** What is known of a state without Terraform. */
export interface KnownState {
  readonly serial: number;
  /** Terraform's, that wrote it. */
  readonly version: string;
  readonly resources: number;
  /** The server's id at Hetzner. */
  readonly serverId: string | undefined;
}

const stateSchema = z.object({
  serial: z.number(),
  terraform_version: z.string(),
  resources: z.array(
    z.object({
      type: z.string(),
      name: z.string(),
      instances: z
        .array(z.object({ attributes: z.object({ id: z.coerce.string().optional() }).nullish() }))
        .default([]),
    }),
  ),
});

/**
 * The environment's state, read once. @returns undefined: there is none yet
 * @throws ProblemsError when the store refuses, or it is no state
 */
export function stateOf(context: Context): Promise<KnownState | Absent | undefined> {
  return context.once("state", async () => {
    const missing = await unreachable(context);
    if (missing) return missing;
    const files = filesOf(context);
    const file = await files.readState();
    if (!file) return undefined;
    const parsed = stateSchema.safeParse(jsonIn(file.text));
    // Its text may hold secrets: nothing of it is repeated.
    if (!parsed.success)
      return {
        absent: `${files.kind === "s3" ? files.place(basename(files.state)) : files.state} is no state of Terraform`,
        fix: RESTORE,
      };
    const { serial, terraform_version: version, resources } = parsed.data;
    const server = resources.find(({ type, name }) => type === "hcloud_server" && name === "host_server");
    return {
      serial,
      version,
      resources: resources.filter(({ instances }) => instances.length > 0).length,
      serverId: server?.instances[0]?.attributes?.id,
    };
  });
}

const RESTORE = "look at what lies there; docs/recovery.md says how a state comes back";

const filesOf = (context: Context): StateFiles =>
  stateFiles(context.platform.name, context.environment, { env: context.env, directory: context.options.directory });

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const ACCESS = ["AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

/** Asks the bucket's host before anybody signs for it: one attempt, and the address is looked at. */
async function unreachable(context: Context): Promise<Absent | undefined> {
  const { state } = context.environment;
  if (state.kind === "local") return undefined;
  const missing = ACCESS.filter((name) => !context.env[name]);
  if (missing.length > 0) return { absent: `needs ${missing.join(", ")}` };
  const endpoint = context.env["AWS_ENDPOINT_URL_S3"]!;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const local = url !== undefined && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  const safe = url?.protocol === "https:" || (url?.protocol === "http:" && local);
  // The bucket's name is put behind it (path style).
  const bare = url?.pathname === "/" && !url.hostname.startsWith(`${state.bucket}.`);
  if (!url || !safe || !bare || `${url.username}${url.password}${url.search}${url.hash}` !== "") {
    return {
      absent: "AWS_ENDPOINT_URL_S3 is not the address of an account alone, by https and without a bucket",
      fix: "set it to https://<account id>.r2.cloudflarestorage.com",
    };
  }
  try {
    await context.ask(url.href);
    return undefined;
  } catch (reason) {
    if (!(reason instanceof NoAnswer)) throw reason;
    return { absent: reason.message, fix: "correct AWS_ENDPOINT_URL_S3, or look at this computer's network" };
  }
}

/** The state itself, its store, and who has its lock. */
export async function stateStore(context: Context): Promise<Finding[]> {
  const { environment } = context;
  let state: KnownState | Absent | undefined;
  try {
    state = await stateOf(context);
  } catch (reason) {
    if (!(reason instanceof ProblemsError)) throw reason;
    return reason.problems.map(({ path, given, fix }) => findings.failure("store", `${path}: ${given}`, fix));
  }
  if (state && isAbsent(state)) {
    return [
      state.fix === undefined
        ? findings.skipped("store, lock", state.absent)
        : findings.failure("store", state.absent, state.fix),
    ];
  }
  const files = filesOf(context);
  const described = state
    ? `serial ${state.serial}, ${count(state.resources, "resource")}, by Terraform ${state.version}`
    : "none yet, the first deploy makes it";
  const [probed, lock, journal] = await Promise.all([
    environment.state.kind === "s3" ? probe(context, files, environment.state.bucket) : [],
    lockOn(context, files),
    journalOf(context),
  ]);
  const place = environment.state.kind === "s3" ? `bucket ${environment.state.bucket}` : "a file on this computer";
  return [findings.ok("state", `${place}: ${described}`), ...probed, lock, ...journal];
}

/** Can it be read whole? Releases refuse where it cannot; a deploy by the files goes through. */
async function journalOf({ options }: Context): Promise<Finding[]> {
  const what = "journal";
  try {
    const problems = (await options.journal?.()) ?? [];
    return problems.map(({ path, given, fix }) => findings.warning(what, `${path}: ${given}`, fix));
  } catch (reason) {
    if (!(reason instanceof ProblemsError)) throw reason;
    return reason.problems.map(({ path, given, fix }) => findings.warning(what, `${path}: ${given}`, fix));
  }
}

/** Terraform's lock is a conditional write: a store that passes over the condition gives it to two at a time. */
async function probe(context: Context, files: StateFiles, bucket: string): Promise<Finding[]> {
  // Unique, so that two who look at the same time do not meet.
  const name = `twinset-doctor-${randomUUID()}.json`;
  const remove = async (): Promise<boolean> => {
    const left = await files.read(name);
    return left === undefined || files.remove(name, { ifVersion: left.version });
  };
  const looked = (async () => [await conditions(files, name), ...(await openness(context, name, bucket))])();
  // Whoever ends the program waits for a write that is under way: it would come after the removal.
  let removal: Promise<boolean> | undefined;
  const clean = (): Promise<boolean> => (removal ??= looked.then(remove, remove));
  context.cleanups.add(clean);
  try {
    return await looked;
  } catch (reason) {
    if (!(reason instanceof ProblemsError)) throw reason;
    return reason.problems.map(({ given, fix }) => findings.failure("writes", given, fix));
  } finally {
    // A store that has just failed may fail again: then the file's name is told.
    const removed = await clean().catch(() => false);
    context.cleanups.delete(clean);
    if (!removed) context.notes.push(findings.warning("probe", `${files.place(name)} was left`, "remove it by hand"));
  }
}

async function conditions(files: StateFiles, name: string): Promise<Finding> {
  const what = "conditional writes";
  const fix =
    "keep the state where If-None-Match and If-Match of a PUT are obeyed, as in Cloudflare R2 and AWS S3: without it two deploys may run at once";
  const wrong: string[] = [];
  const first = await files.write(name, '{"probe":1}', { ifVersion: "absent" });
  // A name that nobody else has: whoever refuses the first write knows no conditions, or refuses every write with one.
  if (!first) wrong.push("the first write with If-None-Match was refused");
  if (await files.write(name, '{"probe":2}', { ifVersion: "absent" })) {
    wrong.push("a second write with If-None-Match went through");
  }
  if (await files.write(name, '{"probe":3}', { ifVersion: '"00000000000000000000000000000000"' })) {
    wrong.push("a write with If-Match of another version went through");
  }
  return wrong.length > 0
    ? findings.failure(what, wrong.join("; "), fix)
    : findings.ok(what, "the second of two was refused, and so was one over another version");
}

/** Can others read it? R2 opens a bucket at an address of its own, which only Cloudflare's API tells. */
async function openness(context: Context, name: string, bucket: string): Promise<Finding[]> {
  const what = "private";
  const endpoint = context.env["AWS_ENDPOINT_URL_S3"]!.replace(/\/+$/, "");
  const key = posix.join(posix.dirname(stateKey(context.platform.name, context.environment.name)), name);
  const { status } = await context.ask(`${endpoint}/${bucket}/${key}`).catch(() => ({ status: 0 }));
  const close = `make ${bucket} private, then rotate every secret: the state holds them all`;
  if (status === 200) return [findings.failure(what, "an object was read without credentials", close)];
  const open = await openAddresses(context, endpoint, bucket);
  if (typeof open === "string") {
    return [findings.skipped(what, `nobody reads it by its S3 address; for r2.dev and host names: ${open}`)];
  }
  if (open.length > 0) return [findings.failure(what, `${bucket} is open to everyone at ${some(open)}`, close)];
  return [findings.ok(what, "no credentials, no answer; no r2.dev address, no host name")];
}

const domainSchema = z.object({ domain: z.string(), enabled: z.boolean() });

/** @returns the addresses where everyone reads the bucket, or why they cannot be told */
async function openAddresses(context: Context, endpoint: string, bucket: string): Promise<string[] | string> {
  const { cloudflareApiToken, cloudflareAccountId } = context.platform.inputs;
  const token = context.input(cloudflareApiToken);
  if (token === undefined) return `needs TF_VAR_${cloudflareApiToken.name}`;
  const [, inHost, jurisdiction] =
    /^([0-9a-f]{32})\.(?:(\w+)\.)?r2\.cloudflarestorage\.com$/.exec(new URL(endpoint).hostname) ?? [];
  const account = inHost ?? context.input(cloudflareAccountId);
  if (account === undefined) return "the store is not Cloudflare R2";
  const headers: Record<string, string> = jurisdiction ? { "cf-r2-jurisdiction": jurisdiction } : {};
  const api = context.cloudflare(token);
  const domains = `/accounts/${account}/r2/buckets/${bucket}/domains`;
  try {
    const [managed, custom] = await Promise.all([
      api.ask(`${domains}/managed`, { headers }),
      api.ask(`${domains}/custom`, { headers }),
    ]);
    const shown = resultIn(managed, domainSchema);
    const hosts = resultIn(custom, z.object({ domains: z.array(domainSchema) }));
    if (!shown || !hosts) return `the Cloudflare token may not see the bucket (${managed.status})`;
    return [shown, ...hosts.domains].flatMap(({ domain, enabled }) => (enabled ? [domain] : []));
  } catch (reason) {
    if (reason instanceof NoAnswer) return reason.message;
    throw reason;
  }
}

const HOUR = 3600;

async function lockOn(context: Context, files: StateFiles): Promise<Finding> {
  const what = "lock";
  const { name } = context.environment;
  try {
    // Nothing is locked, so it does not matter who we are.
    const holder = await new StateLock(files, "").holder();
    if (!holder) return findings.ok(what, "nobody has it");
    const age = (context.now() - Date.parse(holder.since)) / 1000;
    const since = Number.isNaN(age) ? "at a time that it does not say" : `${forPeople(age)} ago`;
    const found = `${holder.who} has it, taken ${since}: ${holder.info}`;
    const unlock = `if that run is dead: npx twinset recover ${name} --unlock ${holder.id || "<id>"}`;
    if (holder.seemsDead) return findings.failure(what, `${found}; that process is gone`, unlock);
    return age > HOUR || Number.isNaN(age)
      ? findings.warning(what, found, `ask them; ${unlock}`)
      : findings.warning(what, found, "wait until it is given back");
  } catch (reason) {
    if (!(reason instanceof ProblemsError)) throw reason;
    return findings.failure(what, reason.problems[0]!.given, reason.problems[0]!.fix);
  }
}

function forPeople(seconds: number): string {
  if (seconds < 2 * 60) return `${Math.max(0, Math.round(seconds))} s`;
  return seconds < 2 * HOUR ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / HOUR)} h`;
}
