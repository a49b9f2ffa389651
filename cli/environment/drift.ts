/** `twinset drift`: is what runs what the files say? Told in words and, for the nightly workflow, as one issue. */
import { Command } from "commander";
import { Github, githubAccess } from "../../clients/github";
import { Hetzner } from "../../clients/hetzner/hetzner";
import { type Reported, reportDrift } from "../../delivery/drift-issue";
import { firewallProblem } from "../../delivery/way-in";
import { type EnvironmentName, ENVIRONMENTS } from "../../model/environment-name";
import { formatProblem, list } from "../../model/problem";
import { openReleases } from "../../release/journal/open-releases";
import { unfinished } from "../../release/journal/unfinished";
import { allProblems, inWords } from "../../release/journal/whole";
import { isNotKnown, servedLook, watchedInWords } from "../../release/served";
import { markdown, MOST_CHARACTERS } from "../../review/markdown";
import { accessOf } from "../shared/access";
import { EXIT } from "../shared/exit";
import { environmentNamed } from "../shared/names";
import { openSite, type OpenSite } from "../shared/site";
import { told } from "../shared/told";
import { reviewSite } from "./review";

/** Room for what is said beside the review, in an issue that may be as long as a comment. */
const BESIDE = 2000;

/** Plans, asking host and clouds. @returns what differs, as Markdown; undefined: nothing does */
export async function drift(site: OpenSite, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { review, redact } = await reviewSite(site, env, (reviewed) => reviewed);
  const { hetzner } = accessOf(env);
  const { name } = site.environment;
  const open =
    hetzner && site.environment.host.kind === "hetzner"
      ? await firewallProblem(new Hetzner(hetzner), { platform: site.platform.name, environment: name })
      : undefined;
  const parts = [
    ...(open ? ["**The server is not behind its firewall.**", "```", formatProblem(open), "```"] : []),
    ...(!review.edge.every(isNotKnown) && review.changes === 0
      ? ["**The edge is not as Terraform was told.**", ...review.edge.map((line) => `- ${redact(line)}`)]
      : []),
    ...(review.changes > 0
      ? [
          `An apply of ${name} would change what runs, as below: apply it, or bring the files to what is so.`,
          "",
          markdown(review, { redact, most: MOST_CHARACTERS - BESIDE }),
        ]
      : []),
  ];
  return parts.length > 0 ? parts.join("\n") : undefined;
}

export interface DriftOptions {
  readonly environment: EnvironmentName;
  readonly env: NodeJS.ProcessEnv;
  /** Open, update or close the issue? */
  readonly issue: boolean;
  readonly write?: (line: string) => void;
}

/** @returns 0: nothing differs, 1: something does, 2: a mistake, 6: somebody is at work, so nothing can be said */
export function driftCommand({ environment, env, issue, write = console.log }: DriftOptions): Promise<number> {
  const work = async (): Promise<number> => {
    // Before the plan, which takes minutes: without a token nobody would hear of it.
    const github = issue ? new Github(githubAccess(env)) : undefined;
    const site = await openSite({ environment, env });
    if ((await site.terraform.state()).length === 0) {
      write(`${environment}: not deployed yet, so there is nothing to drift.`);
      return EXIT.done;
    }
    const known = await site.journal.read();
    allProblems(site.platform, known, environment).forEach((problem) => write(`${environment}: ${inWords(problem)}.`));
    const releasing = openReleases(site.platform, known);
    if (releasing.length > 0) {
      write(`${environment}: a release of ${list(releasing)} has not ended, so nothing is said of drift.`);
      const { splits } = await servedLook(site);
      for (const name of releasing) {
        const served = splits.get(name);
        const watched = served && watchedInWords(served, unfinished(known, name)?.who);
        if (watched) write(`${environment}: ${name}: ${watched} (twinset release ${name} --resume).`);
      }
      return EXIT.locked;
    }
    const body = await drift(site, env);
    write(body ?? `${environment}: what runs is what the files say.`);
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
  .action(async (name: string, given: { issue?: boolean }) => {
    const environment = environmentNamed(name, process.env);
    process.exitCode = await driftCommand({ environment, env: process.env, issue: given.issue ?? false });
  });
