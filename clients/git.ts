/** The history of a file in the checkout that it lies in, by the program git. */
import { execFile } from "node:child_process";
import { basename, dirname } from "node:path";
import { promisify } from "node:util";

/** What the checkout's branch has said in a file, or why that cannot be known. */
export type History = { readonly texts: readonly string[] } | { readonly unknown: string };

/**
 * What each commit since a time that changed the file left in it, on the way to what is checked out; the newest first.
 * @param since an ISO time, by the clock of whoever committed or merged
 */
export async function committedSince(file: string, since: string): Promise<History> {
  const git = async (...args: string[]): Promise<string> => {
    const run = promisify(execFile);
    return (await run("git", ["-C", dirname(file), ...args], { maxBuffer: 64 * 1024 * 1024 })).stdout;
  };
  try {
    if ((await git("rev-parse", "--is-shallow-repository")).trim() === "true") {
      return { unknown: "the checkout has not the whole history (fetch-depth: 0)" };
    }
    const commits = await git("log", "--format=%H", "--full-history", `--since=${since}`, "--", basename(file));
    const texts = commits
      .split("\n")
      .filter((commit) => commit !== "")
      .map((commit) => git("show", `${commit}:./${basename(file)}`).catch(() => ""));
    return { texts: await Promise.all(texts) };
  } catch (reason) {
    const { code, stderr = "" } = reason as { code?: unknown; stderr?: string };
    return { unknown: code === "ENOENT" ? "git is not there" : `git: ${stderr.trim().split("\n")[0] ?? ""}` };
  }
}
