/** A simulated GitHub with a client that others wrote, for the tests beside this file. */
import { Octokit } from "@octokit/rest";
import { type GithubOptions, type GithubSimulator, startGithub } from "../../simulators/github";

export const TOKEN = "a-good-token";
/** What nearly every call names. */
export const PLATFORM = { owner: "manacore", repo: "platform" } as const;

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export const clientOf = (github: GithubSimulator, auth: string = TOKEN): Octokit =>
  new Octokit({ auth, baseUrl: github.baseUrl, log: silent });

/** @param options over an organization "manacore" with one repository, two users and a team */
export async function startWithClient(options: Partial<GithubOptions> = {}) {
  const github = await startGithub({
    token: TOKEN,
    owner: { login: "manacore", type: "Organization" },
    repositories: ["platform"],
    users: ["ada", "grace"],
    teams: ["Platform Operators"],
    workflows: ["deploy.yml"],
    ...options,
  });
  return { github, octokit: clientOf(github) };
}

export interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly errors?: readonly unknown[];
  readonly headers: Readonly<Record<string, string>>;
}

/** What the API said no with. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  try {
    await call;
  } catch (error) {
    const { status, response } = error as { status: number; response?: { data: object; headers: object } };
    return { headers: response?.headers ?? {}, ...response?.data, status } as Refusal;
  }
  throw new Error("was not refused");
}
