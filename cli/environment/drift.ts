/** `twinset drift`: is what runs what the files say? Told in words and, for the nightly workflow, as one issue. */
import { Command } from "commander";
import { readFileSync } from "node:fs";
import type { ServedSplit } from "../../clients/edge-keeper";
import { Github, githubAccess } from "../../clients/github";
import { Hetzner } from "../../clients/hetzner/hetzner";
import { StateLock } from "../../clients/state-store/state-lock";
import { type Reported, reportDrift } from "../../delivery/drift-issue";
import { firewallProblem } from "../../delivery/way-in";
import { type EnvironmentName, ENVIRONMENTS } from "../../model/environment-name";
import { codeBlock, escape } from "../../model/markdown-text";
import { error, formatProblem, list, ProblemsError } from "../../model/problem";
import { plainPage } from "../../model/safe-text";
import { openReleases } from "../../release/journal/open-releases";
import { unfinished } from "../../release/journal/unfinished";
import { allProblems, inWords } from "../../release/journal/whole";
import { isNotKnown, servedLook, watchedInWords } from "../../release/served";
import { markdown, MOST_CHARACTERS } from "../../review/markdown";
import type { StackConfig } from "../../terraform/config";
import { accessOf } from "../shared/access";
import { loadCatalog } from "../shared/catalog";
import { EXIT } from "../shared/exit";
import { environmentNamed } from "../shared/names";
import { openSite, type OpenSite } from "../shared/site";
import { told } from "../shared/told";
import { reviewSite } from "./review";

/** Room for what is said beside the review, in an issue that may be as long as a comment. */
const BESIDE = 2000;

/** Kinds of resources that are in clouds: to ask for them takes no host. */
const IN_CLOUDS = /^(hcloud|cloudflare)_/;

/**
 * What of an environment can be looked at without its host: of the stack, and of the state what the stack has no more.
 * @throws ProblemsError where there is nothing: Terraform would plan the whole then
 */
export async function withoutHost({ terraform, environment: { name } }: OpenSite): Promise<string[]> {
  const { resource } = JSON.parse(readFileSync(terraform.stackPath, "utf8")) as StackConfig;
  const inStack = Object.entries(resource ?? {}).flatMap(([type, named]) =>
    Object.keys(named).map((id) => ({ type, address: `${type}.${id}` })),
  );
  const found = [...inStack, ...(await terraform.state())].filter(({ type }) => IN_CLOUDS.test(type));
  const addresses = [...new Set(found.map(({ address }) => address.replace(/\[.*\]$/, "")))];
  if (addresses.length > 0) return addresses;
  throw new ProblemsError([
    error("--no-host", `${name}, which has nothing in a cloud`, "an environment with a server", "leave --no-host out"),
  ]);
}

/** Plans, asking host and clouds, or the clouds alone. @returns what differs, as Markdown; undefined: nothing does */
export async function drift(site: OpenSite, env: NodeJS.ProcessEnv, host = true): Promise<string | undefined> {
  const only = host ? undefined : await withoutHost(site);
  const { review, redact } = await reviewSite(site, env, (reviewed) => reviewed, { only });
  const { hetzner } = accessOf(env);
  const { name } = site.environment;
  const open =
    hetzner && site.environment.host.kind === "hetzner"
      ? await firewallProblem(new Hetzner(hetzner), { platform: site.platform.name, environment: name })
      : undefined;
  const parts = [
    ...(open ? ["**The server is not behind its firewall.**", codeBlock(redact(formatProblem(open)))] : []),
    ...(!review.edge.every(isNotKnown) && review.changes === 0
      ? [
          "**The edge is not as Terraform was told.**",
          review.edge.map((line) => `- ${escape(redact(line))}`).join("\n"),
        ]
      : []),
    ...(review.changes > 0
      ? [
          `An apply of ${name} would change what runs, as below: apply it, or bring the files to what is so.`,
          markdown(review, { redact, most: MOST_CHARACTERS - BESIDE }),
        ]
      : []),
  ];
  if (parts.length > 0 && !host) parts.push(NOT_ASKED);
  return parts.length > 0 ? parts.join("\n\n") : undefined;
}

const NOT_ASKED = "The host was not asked: what runs on it may differ besides (`npx twinset drift` does ask).";

export interface DriftOptions {
  /** Ask the host too? @default true */
  readonly host?: boolean;
  readonly environment: EnvironmentName;
  readonly env: NodeJS.ProcessEnv;
  /** Open, update or close the issue? */
  readonly issue: boolean;
  readonly write?: (line: string) => void;
}

/** @returns 0: nothing differs, 1: something does, 2: a mistake, 6: somebody is at work, so nothing can be said */
export function driftCommand({
  environment,
  env,
  issue,
  host = true,
  write = console.log,
}: DriftOptions): Promise<number> {
  const work = async (): Promise<number> => {
    // Before the plan, which takes minutes: without a token nobody would hear of it.
    const github = issue ? new Github(githubAccess(env)) : undefined;
    // Who only looks may have a token that only reads, and cannot lock; it asks who has the lock.
    const reads = loadCatalog(env).platform.environments[environment].state.kind === "s3";
    const site = await openSite({ environment, env, lock: !reads });
    const held = async (): Promise<boolean> => {
      const holder = reads ? await new StateLock(site.files, "twinset").holder() : undefined;
      if (holder) write(`${environment}: ${holder.who} is at work (${holder.info}), so nothing is said of drift.`);
      return holder !== undefined;
    };
    if (await held()) return EXIT.locked;
    if ((await site.terraform.state()).length === 0) {
      write(`${environment}: not deployed yet, so there is nothing to drift.`);
      return EXIT.done;
    }
    const known = await site.journal.read();
    allProblems(site.platform, known, environment).forEach((problem) => write(`${environment}: ${inWords(problem)}.`));
    const releasing = openReleases(site.platform, known);
    if (releasing.length > 0) {
      write(`${environment}: a release of ${list(releasing)} has not ended, so nothing is said of drift.`);
      const { splits } = host ? await servedLook(site) : { splits: new Map<string, ServedSplit>() };
      for (const name of releasing) {
        const served = splits.get(name);
        const watched = served && watchedInWords(served, unfinished(known, name)?.who);
        if (watched) write(`${environment}: ${name}: ${watched} (twinset release ${name} --resume).`);
      }
      return EXIT.locked;
    }
    const body = await drift(site, env, host);
    // Somebody who has begun meanwhile may be seen half-way.
    if (body !== undefined && (await held())) return EXIT.locked;
    write(body === undefined ? `${environment}: what runs is what the files say.` : plainPage(body));
    if (!host && body === undefined) write(NOT_ASKED.replaceAll("`", ""));
    if (github) {
      const reported = await reportDrift(github, { platform: site.platform.name, environment, body });
      if (reported.did !== "nothing") write(sentence(reported));
    }
    return body === undefined ? EXIT.done : EXIT.failed;
  };
  // 1 says that something differs.
  return told(environment, work, { write, refused: EXIT.mistake });
}

const sentence = ({ did, issue }: Exclude<Reported, { did: "nothing" }>): string =>
  did === "kept" ? `Issue #${issue} says so already.` : `Issue #${issue} was ${did}.`;

export const command = new Command("drift")
  .description("is what runs what the files say?")
  .argument("<environment>", list([...ENVIRONMENTS]))
  .option("--issue", "open, update or close the issue about it at GitHub")
  .option("--no-host", "ask the clouds alone: for who has no way to the host")
  .action(async (name: string, given: { issue?: boolean; host: boolean }) => {
    const environment = environmentNamed(name, process.env);
    process.exitCode = await driftCommand({
      environment,
      env: process.env,
      issue: given.issue ?? false,
      host: given.host,
    });
  });
