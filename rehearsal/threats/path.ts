/** What a way of one person to production is, how it is tried, and how it is known that the try means something. */
import { Octokit } from "@octokit/rest";
import type { GithubSimulator } from "../../simulators/github";

/** A repository with the rules of the delivery stack, and who works there. */
export interface ThreatWorld {
  readonly github: GithubSimulator;
  readonly at: { readonly owner: string; readonly repo: string };
  /** Who set the repository up and owns all of its code by name; two who may write, of whom mallory is the one person; a workflow of hers. */
  readonly admin: Octokit;
  readonly mallory: Octokit;
  readonly grace: Octokit;
  readonly workflow: Octokit;
  /** A team that everybody is in, which owns the code. */
  readonly owners: string;
  /** Where programs are: bash, git, jq. */
  readonly path: string;
  /** A name that no branch has had. */
  readonly branch: () => string;
  /**
   * Terraform's refusal to plan the delivery stack with these values in place of its own; undefined: it plans.
   *
   * @default there is no Terraform, so paths that it keeps are not tried
   */
  readonly planned?: (values: Readonly<Record<string, unknown>>) => Promise<string | undefined>;
}

/** What refused it, in its own words; undefined: it went through. */
export type Refusal = string | undefined;

/** One row of docs/threat-model.md. */
export interface Path {
  /** What one person does, as the page says it. */
  readonly person: string;
  /** What must have refused it: anything else may be an accident. */
  readonly refused: RegExp;
  readonly attempt: (world: ThreatWorld) => Promise<Refusal>;
  /** What is taken away so that the same goes through. */
  readonly guard: string;
  readonly unguarded: (world: ThreatWorld) => Promise<Refusal>;
  /** @default false */
  readonly needsTerraform?: boolean;
}

export interface Tried {
  readonly person: string;
  /** The line of it that says why. */
  readonly refusal: string;
  readonly guard: string;
}

/**
 * Tries a path, and tries it again without its guard.
 * @returns what refused it, or why the path is open or the try worth nothing
 */
export async function tryPath(path: Path, world: ThreatWorld): Promise<Tried | { readonly wrong: string }> {
  const refusal = await path.attempt(world);
  if (refusal === undefined) return { wrong: `${path.person}: it went through` };
  if (!path.refused.test(refusal)) return { wrong: `${path.person}: refused for another reason: ${refusal}` };
  const still = await path.unguarded(world);
  if (still !== undefined) return { wrong: `${path.person}: refused also without its guard (${path.guard}): ${still}` };
  const lines = refusal.split("\n").filter((line) => line.trim() !== "");
  const why = lines.find((line) => path.refused.test(line)) ?? lines.join(" ");
  return { person: path.person, refusal: why.trim(), guard: path.guard };
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** One who speaks with the simulated GitHub. */
export const clientOf = (github: GithubSimulator, auth: string): Octokit =>
  new Octokit({ auth, baseUrl: github.baseUrl, log: silent });

/** Tokens of those who play a part. */
export const TOKENS = { mallory: "mallory", grace: "grace", workflow: "github-actions[bot]" } as const;
export const PEOPLE = ["ada", "mallory", "grace"] as const;
export const WORKFLOWS = ["production.yml", "own.yml"] as const;

/** @param token of the administrator, the first of the people */
export function threatWorld(
  github: GithubSimulator,
  token: string,
  given: Pick<ThreatWorld, "at" | "owners" | "path" | "planned">,
): ThreatWorld {
  let last = 0;
  return {
    ...given,
    github,
    admin: clientOf(github, token),
    mallory: clientOf(github, "mallory"),
    grace: clientOf(github, "grace"),
    workflow: clientOf(github, "workflow"),
    branch: () => `try-${(last += 1)}`,
  };
}

/** What GitHub said no with. @throws what is no answer of GitHub's */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  try {
    await call;
    return undefined;
  } catch (error) {
    const { status, response } = error as { status?: number; response?: { data?: { message?: string } } };
    if (status === undefined || status >= 500 || response === undefined) throw error;
    return `${status} ${response.data?.message ?? ""}`.trim();
  }
}
