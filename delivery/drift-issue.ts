/** Drift of an environment as one issue: opened, kept current, and closed when the drift is gone. */
import type { Github, Issue } from "../clients/github";
import type { Place } from "./way-in";

export const DRIFT_LABEL = "twinset:drift";

export interface DriftReport extends Place {
  /** Markdown about what differs; undefined: nothing does. */
  readonly body: string | undefined;
}

export type Reported =
  { readonly did: "opened" | "updated" | "kept" | "closed"; readonly issue: number } | { readonly did: "nothing" };

const markerOf = ({ platform, environment }: Place): string =>
  `<!-- twinset:drift platform=${platform} environment=${environment} -->`;

/**
 * Brings the issue about an environment's drift to what is so now. Two runs at once may open two: each looks again and
 * closes all but the oldest, and so does every later run.
 * @throws ProblemsError for what GitHub refuses
 */
export async function reportDrift(github: Github, report: DriftReport): Promise<Reported> {
  const [oldest, ...others] = await ownIssues(github, report);
  for (const other of others) await closeDouble(github, other, oldest!);

  if (report.body === undefined) {
    if (!oldest) return { did: "nothing" };
    await github.createComment(oldest.number, "The drift is gone: what runs is what the files say.");
    await github.closeIssue(oldest.number, "completed");
    return { did: "closed", issue: oldest.number };
  }
  const title = `Drift: ${report.platform} ${report.environment}`;
  const body = `${markerOf(report)}\n${report.body}`;
  if (oldest) {
    if (oldest.body.replaceAll("\r\n", "\n") === body && oldest.title === title) {
      return { did: "kept", issue: oldest.number };
    }
    await github.updateIssue(oldest.number, { title, body });
    return { did: "updated", issue: oldest.number };
  }
  await github.ensureLabel(DRIFT_LABEL, "d93f0b", "What runs is not what the files say");
  const number = await github.createIssue(title, body, [DRIFT_LABEL]);
  const [first = { number }, ...doubles] = await ownIssues(github, report);
  for (const double of doubles) await closeDouble(github, double, first);
  return { did: "opened", issue: first.number };
}

/** Open ones about this environment that the token's own user wrote, oldest first. */
async function ownIssues(github: Github, place: Place): Promise<Issue[]> {
  const self = await github.self();
  const marker = markerOf(place);
  return (await github.openIssues(DRIFT_LABEL)).filter(
    ({ author, body }) => author === self && body.startsWith(marker),
  );
}

async function closeDouble(github: Github, { number }: Issue, first: Pick<Issue, "number">): Promise<void> {
  await github.createComment(number, `The same as #${first.number}.`);
  await github.closeIssue(number, "not_planned");
}
