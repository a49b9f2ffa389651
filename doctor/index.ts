/** `twinset doctor`: everything that a deploy of an environment needs, looked at before it. docs/doctor.md has each check. */
import { ProblemsError } from "../model/problem";
import { knownSecrets, redactor } from "../model/redact";
import { certificates } from "./certificates";
import { clock } from "./clock";
import { cloudflareToken, edgeToken } from "./cloudflare";
import { Context, type DoctorOptions } from "./context";
import { dns } from "./dns";
import { edge } from "./edge";
import { engine } from "./engine";
import { type Finding, Findings, type Group, GROUPS } from "./finding";
import { github } from "./github";
import { hetznerFirewall, hetznerToken } from "./hetzner";
import { host } from "./host";
import { images } from "./images";
import { ownImages } from "./own-images";
import { catalog, inputs } from "./inputs";
import { stateStore } from "./state";
import { tools } from "./tools";

export { Context, type DoctorOptions, type HostFacts, type InputState, type Names } from "./context";
export { type Finding, type Group, GROUPS, type Status } from "./finding";

/** Looks at one thing or at a few that belong together. Throws only what is a mistake of its own. */
export type Check = (context: Context) => Promise<readonly Finding[]>;

/** All at once; `clock` comes after them, by what they heard. */
const CHECKS: readonly (readonly [group: Group, check: Check])[] = [
  ["tools", tools],
  ["engine", engine],
  ["catalog", catalog],
  ["inputs", inputs],
  ["state", stateStore],
  ["Hetzner", hetznerToken],
  ["Hetzner", hetznerFirewall],
  ["Cloudflare", cloudflareToken],
  ["Cloudflare", edgeToken],
  ["GitHub", github],
  ["images", images],
  ["images", ownImages],
  ["host", host],
  ["host", edge],
  ["DNS", dns],
  ["certificates", certificates],
];

/** Seconds for one check. Each of its questions has a limit of its own, which is told in its own words. */
const LIMIT_SECONDS = 30;

export interface Diagnosis {
  /** By group, in the order of `GROUPS`. */
  readonly findings: readonly Finding[];
  readonly seconds: number;
}

/**
 * Runs every check; none of them ends the others.
 * @param limitSeconds for each check
 */
export async function examine(context: Context, limitSeconds = LIMIT_SECONDS, checks = CHECKS): Promise<Diagnosis> {
  const start = performance.now();
  const found = await Promise.all(checks.map(([group, check]) => bounded(group, check, context, limitSeconds)));
  const time = await bounded("clock", clock, context, limitSeconds);
  const { platform, environment, env } = context;
  const redact = redactor([...knownSecrets(platform, environment, env), env["GITHUB_TOKEN"] ?? ""]);
  const all = [...found.flat(), ...context.notes, ...time].map((finding) => printable(finding, redact));
  return {
    findings: GROUPS.flatMap((group) => all.filter((finding) => finding.group === group)),
    seconds: (performance.now() - start) / 1000,
  };
}

async function bounded(group: Group, check: Check, context: Context, seconds: number): Promise<readonly Finding[]> {
  const findings = new Findings(group);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly Finding[]>((resolve) => {
    const finding = findings.failure(
      "in time",
      `no end within ${seconds} s`,
      "look at the network, and run this again",
    );
    timer = setTimeout(() => resolve([finding]), seconds * 1000);
  });
  try {
    return await Promise.race([check(context), late]);
  } catch (reason) {
    if (reason instanceof ProblemsError) {
      return reason.problems.map(({ path, given, fix }) => findings.failure(path, given, fix));
    }
    // A mistake in one check must not keep what the others have found from who needs it.
    const { stack, message } = reason as Error;
    return [
      findings.failure("check", `it broke: ${stack ?? message}`, "tell who keeps this program; the others still hold"),
    ];
  } finally {
    clearTimeout(timer);
  }
}

/** What others have said is in there: no secret, one line, and nothing that a terminal would obey. */
function printable(finding: Finding, redact: (text: string) => string): Finding {
  const clean = (text: string): string =>
    redact(text)
      .replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ")
      .trim()
      .slice(0, 600);
  return {
    ...finding,
    found: clean(finding.found),
    ...(finding.fix === undefined ? {} : { fix: clean(finding.fix) }),
  };
}

/** May the environment be deployed, as far as anybody can tell? */
export const isReady = (findings: readonly Finding[]): boolean => findings.every(({ status }) => status !== "failure");

export const contextOf = (options: DoctorOptions): Context => new Context(options);
