/**
 * GitHub, by Octokit: for a pipeline, with refusals that a person can act on and with who the token's own user is; and for
 * whoever only wants to know what a token is told, where a refusal is an answer too.
 */
import { Octokit } from "@octokit/rest";
import { error, type Problem, ProblemsError } from "../model/problem";
import { type Ask, NoAnswer } from "./http";

export interface GithubAccess {
  readonly token: string;
  /** "owner/name". */
  readonly repository: string;
  /** @default https://api.github.com */
  readonly baseUrl?: string;
}

/**
 * The access that a job has: GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL. GitHub sets the last two itself.
 * @throws ProblemsError naming all that is missing
 */
export function githubAccess(env: Readonly<Record<string, string | undefined>>): GithubAccess {
  const { GITHUB_TOKEN: token = "", GITHUB_REPOSITORY: repository = "", GITHUB_API_URL: baseUrl } = env;
  const problems: Problem[] = [
    ...(token === "" ? [error("GITHUB_TOKEN", "nothing", "a token", "pass ${{ github.token }} to the step")] : []),
    ...(/^[^/\s]+\/[^/\s]+$/.test(repository)
      ? []
      : [error("GITHUB_REPOSITORY", repository || "nothing", "owner/name", "set it, e.g. to manacore/platform")]),
  ];
  if (problems.length > 0) throw new ProblemsError(problems);
  return { token, repository, ...(baseUrl ? { baseUrl } : {}) };
}

/** Who writes with the token of a job (docs.github.com, "GITHUB_TOKEN"). */
export const ACTIONS_BOT = "github-actions[bot]";

export interface Comment {
  readonly id: number;
  readonly body: string;
  readonly author: string;
}

export interface Issue {
  readonly number: number;
  readonly title: string;
  readonly body: string;
  readonly author: string;
}

/** The few things that the pipeline does in one repository. */
export class Github {
  private readonly octokit: Octokit;
  private readonly at: { readonly owner: string; readonly repo: string };
  private login: string | undefined;

  constructor({ repository, ...access }: GithubAccess) {
    this.octokit = octokitFor(access, { timeout: 20_000 });
    const [owner, repo] = repository.split("/") as [string, string];
    this.at = { owner, repo };
  }

  /** The login of the token's own user. A job's token may not ask who it is: 403. */
  async self(): Promise<string> {
    this.login ??= await this.call("GET /user", async () => {
      try {
        return (await this.octokit.users.getAuthenticated()).data.login;
      } catch (reason) {
        if ((reason as { status?: number }).status === 403) return ACTIONS_BOT;
        throw reason;
      }
    });
    return this.login;
  }

  comments(issue: number): Promise<Comment[]> {
    return this.call(`comments of #${issue}`, async () => {
      const of = { ...this.at, issue_number: issue, per_page: 100 };
      const found = await this.octokit.paginate(this.octokit.issues.listComments, of);
      return found.map(({ id, body, user }) => ({ id, body: body ?? "", author: user?.login ?? "" }));
    });
  }

  createComment(issue: number, body: string): Promise<number> {
    return this.call(`a comment to #${issue}`, async () => {
      return (await this.octokit.issues.createComment({ ...this.at, issue_number: issue, body })).data.id;
    });
  }

  async updateComment(id: number, body: string): Promise<void> {
    await this.call("a changed comment", () => this.octokit.issues.updateComment({ ...this.at, comment_id: id, body }));
  }

  /** Makes the label unless it is there. */
  async ensureLabel(name: string, colour: string, description: string): Promise<void> {
    await this.call(`label ${name}`, async () => {
      try {
        await this.octokit.issues.createLabel({ ...this.at, name, color: colour, description });
      } catch (reason) {
        // It is there, or somebody else was faster.
        if ((reason as { status?: number }).status !== 422) throw reason;
      }
    });
  }

  /** Open issues with a label, oldest first; pull requests are none. */
  openIssues(label: string): Promise<Issue[]> {
    return this.call(`issues with ${label}`, async () => {
      const of = { ...this.at, labels: label, state: "open" as const, per_page: 100 };
      const found = await this.octokit.paginate(this.octokit.issues.listForRepo, of);
      return found
        .filter((issue) => issue.pull_request === undefined)
        .map(({ number, title, body, user }) => ({ number, title, body: body ?? "", author: user?.login ?? "" }))
        .sort((a, b) => a.number - b.number);
    });
  }

  createIssue(title: string, body: string, labels: string[]): Promise<number> {
    return this.call("a new issue", async () => {
      return (await this.octokit.issues.create({ ...this.at, title, body, labels })).data.number;
    });
  }

  async updateIssue(number: number, change: { readonly title?: string; readonly body?: string }): Promise<void> {
    await this.call(`issue #${number}`, () =>
      this.octokit.issues.update({ ...this.at, issue_number: number, ...change }),
    );
  }

  async closeIssue(number: number, reason: "completed" | "not_planned"): Promise<void> {
    await this.call(`issue #${number}`, () =>
      this.octokit.issues.update({ ...this.at, issue_number: number, state: "closed", state_reason: reason }),
    );
  }

  private async call<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (reason) {
      const { status, message } = reason as { status?: number; message: string };
      const given = status === undefined ? message : `${status}: ${message}`;
      throw new ProblemsError([error(`GitHub: ${what}`, given, "an answer", fixOf(status))]);
    }
  }
}

function fixOf(status: number | undefined): string {
  if (status === 401) return "pass a token that is still good";
  if (status === 403)
    return "give the job the permission (permissions: in the workflow), or wait when it is the rate limit";
  if (status === 404) return "see that repository and number are right, and that the token may see them";
  return status === 410 ? "turn issues on in the repository's settings" : "do the same again later; githubstatus.com";
}

type Login = Pick<GithubAccess, "token" | "baseUrl">;

function octokitFor({ token, baseUrl }: Login, request: object): Octokit {
  const quiet = () => undefined;
  return new Octokit({
    auth: token,
    ...(baseUrl ? { baseUrl: baseUrl.replace(/\/+$/, "") } : {}),
    // What goes wrong is said once, by whoever catches it.
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    request,
  });
}

/**
 * What GitHub tells a token, whatever that is.
 * @param path "/rate_limit"
 * @throws NoAnswer
 */
export async function githubReply(
  login: Login,
  path: string,
  ask: Ask,
): Promise<{ readonly status: number; readonly data: unknown }> {
  try {
    const { status, data } = await octokitFor(login, { fetch: fetchBy(ask) }).request(`GET ${path}`);
    return { status, data };
  } catch (reason) {
    const { response, message } = reason as { response?: { status: number; data: unknown }; message: string };
    // Octokit makes a refusal of whatever its fetch throws; only what was answered has a response.
    if (!response) throw new NoAnswer(message);
    return response;
  }
}

/** The fetch that Octokit takes, for questions without a body. */
const fetchBy =
  (ask: Ask) =>
  async (url: string, init: { method: string; headers: Record<string, string> }): Promise<Response> => {
    const { status, headers: told, text, json } = await ask(url, { method: init.method, headers: init.headers });
    const headers = new Headers(told);
    // Octokit reads as JSON only what is called that.
    if (json !== undefined && !headers.has("content-type")) headers.set("content-type", "application/json");
    return new Response(text === "" ? null : text, { status, headers });
  };
