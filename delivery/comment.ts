/** The review of an environment's plan as one comment of a pull request, updated in place. */
import { error, ProblemsError } from "../model/problem";
import type { Comment, Github } from "../clients/github";
import type { Place } from "./way-in";

/** GitHub's limit for a comment, in characters ("Body is too long"). */
export const LONGEST = 65_536;

/** Invisible in the comment, and how it is found again. */
const markerOf = ({ platform, environment }: Place): string =>
  `<!-- twinset:review platform=${platform} environment=${environment} -->`;

export type Commented = "written" | "updated" | "unchanged" | "retired" | "nothing to retire";

/**
 * Writes the review as the pull request's only comment about that environment, or says in it that nothing changes any
 * more. Comments that somebody else wrote are never touched, whatever they look like.
 * @param review Markdown; undefined: the environment is not changed by this pull request (any more)
 * @throws ProblemsError for a review that is too long, and for what GitHub refuses
 */
export async function commentReview(
  github: Github,
  place: Place & { readonly pullRequest: number },
  review: string | undefined,
): Promise<Commented> {
  const marker = markerOf(place);
  const body = `${marker}\n${review ?? nothingMore(place)}`;
  if (body.length > LONGEST) {
    throw new ProblemsError([
      error(
        "review",
        `${body.length} characters`,
        `at most ${LONGEST}`,
        "let twinset review write it: it folds what is long",
      ),
    ]);
  }
  const own = await ownComment(github, place.pullRequest, marker);
  if (!own) {
    if (review === undefined) return "nothing to retire";
    await github.createComment(place.pullRequest, body);
    return "written";
  }
  if (sameText(own.body, body)) return "unchanged";
  await github.updateComment(own.id, body);
  return review === undefined ? "retired" : "updated";
}

/** The oldest, should two runs at once have made two. */
async function ownComment(github: Github, pullRequest: number, marker: string): Promise<Comment | undefined> {
  const self = await github.self();
  return (await github.comments(pullRequest)).find(({ author, body }) => author === self && body.startsWith(marker));
}

/** GitHub keeps the line ends that a browser sends. */
const sameText = (a: string, b: string): boolean =>
  a.replaceAll("\r\n", "\n").trim() === b.replaceAll("\r\n", "\n").trim();

const nothingMore = ({ platform, environment }: Place): string =>
  `**${platform} ${environment}:** nothing changes any more. An earlier commit of this pull request changed it.\n`;
