/** GitHub, where a token is given: for the delivery stack and for what a pipeline does there. */
import { z } from "zod";
import { githubReply } from "../clients/github";
import { NoAnswer } from "../clients/http";
import { type Context, LOOK_AT_NETWORK } from "./context";
import { type Finding, Findings } from "./finding";

const findings = new Findings("GitHub");

const repositorySchema = z.object({
  full_name: z.string(),
  permissions: z.object({ admin: z.boolean() }).optional(),
});

export async function github(context: Context): Promise<Finding[]> {
  const { env } = context;
  const token = env["GITHUB_TOKEN"];
  if (!token) return [findings.skipped("token", "no GITHUB_TOKEN; only the delivery stack and pipelines need one")];
  const baseUrl = env["GITHUB_API_URL"];
  const ask = (path: string) => githubReply({ token, ...(baseUrl ? { baseUrl } : {}) }, path, context.ask);
  try {
    // Every kind of token may ask this, and it costs nothing ("Rate limit").
    const limit = await ask("/rate_limit");
    if (limit.status !== 200) {
      return [findings.failure("token", `refused (${limit.status})`, "make a token, and set it as GITHUB_TOKEN")];
    }
    const name = env["GITHUB_REPOSITORY"];
    if (!name) return [findings.ok("token", "valid; no GITHUB_REPOSITORY says what it should reach")];
    return [findings.ok("token", "valid"), repository(name, await ask(`/repos/${name}`))];
  } catch (reason) {
    if (reason instanceof NoAnswer) return [findings.failure("token", reason.message, LOOK_AT_NETWORK)];
    throw reason;
  }
}

function repository(name: string, { status, data }: { status: number; data: unknown }): Finding {
  const what = "repository";
  const parsed = repositorySchema.safeParse(data);
  if (status !== 200 || !parsed.success) {
    return findings.failure(
      what,
      `the token does not show ${name} (${status})`,
      "correct GITHUB_REPOSITORY (owner/name), or give the token that repository",
    );
  }
  return parsed.data.permissions?.admin === true
    ? findings.ok(what, `${name}, with the right to administer it`)
    : findings.warning(
        what,
        `${name}, without the right to administer it, or it could not be told`,
        "the delivery stack needs it; a pipeline does not",
      );
}
