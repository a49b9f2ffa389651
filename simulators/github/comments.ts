/** Comments below issues and pull requests, and the reading of pull requests. */
import { z } from "zod";
import { created, missing, noContent, ok, read, validationFailed } from "./answers";
import { accountJson } from "./accounts";
import { issueJson, issueOf } from "./issues";
import { page } from "./pages";
import type { Router } from "./router";
import { type Comment, dated, type Issue, nodeId, now, type Repository, type World } from "./world";

const LONGEST_BODY = 65_536;

function textOf(body: unknown): string {
  const { body: text } = read(z.object({ body: z.string() }), body);
  const refuse = (message: string) =>
    validationFailed({ resource: "IssueComment", code: "unprocessable", field: "data", message });
  if (text.trim() === "") throw refuse("Body cannot be blank");
  if (text.length > LONGEST_BODY) throw refuse(`Body is too long (maximum is ${LONGEST_BODY} characters)`);
  return text;
}

function commentJson(world: World, repository: Repository, issue: Issue, comment: Comment, api: string) {
  const path = `${world.owner.login}/${repository.name}`;
  const html = `https://github.com/${path}/${issue.pull ? "pull" : "issues"}/${issue.number}`;
  return {
    id: comment.id,
    node_id: nodeId("IC", comment.id),
    url: `${api}/repos/${path}/issues/comments/${comment.id}`,
    html_url: `${html}#issuecomment-${comment.id}`,
    issue_url: `${api}/repos/${path}/issues/${issue.number}`,
    body: comment.body,
    user: accountJson(comment.author, api),
    created_at: comment.createdAt,
    updated_at: comment.updatedAt,
    author_association: "MEMBER",
  };
}

const since = (comments: readonly Comment[], moment: string | undefined): readonly Comment[] =>
  comments.filter(({ updatedAt }) => moment === undefined || Date.parse(updatedAt) >= Date.parse(moment));

export function commentRoutes({ onRepository, world }: Router): void {
  const commentOf = (repository: Repository, id: string): { issue: Issue; comment: Comment } => {
    for (const issue of repository.issues) {
      const comment = issue.comments.find((each) => String(each.id) === id);
      if (comment) return { issue, comment };
    }
    throw missing();
  };
  onRepository("GET", "/issues/:number/comments", (repository, call) => {
    const issue = issueOf(repository, call.params.number!);
    return page(call, since(issue.comments, call.query.since), (comments) => {
      return comments.map((comment) => commentJson(world, repository, issue, comment, call.api));
    });
  });
  onRepository("POST", "/issues/:number/comments", (repository, { api, body, params }) => {
    const issue = issueOf(repository, params.number!);
    const comment: Comment = { id: world.nextId(), ...dated(), author: world.viewer, body: textOf(body) };
    issue.comments.push(comment);
    issue.updatedAt = comment.createdAt;
    const json = commentJson(world, repository, issue, comment, api);
    return created(json, json.url);
  });
  onRepository("GET", "/issues/comments/:id", (repository, { api, params }) => {
    const { issue, comment } = commentOf(repository, params.id!);
    return ok(commentJson(world, repository, issue, comment, api));
  });
  onRepository("PATCH", "/issues/comments/:id", (repository, { api, body, params }) => {
    const { issue, comment } = commentOf(repository, params.id!);
    comment.body = textOf(body);
    comment.updatedAt = now();
    return ok(commentJson(world, repository, issue, comment, api));
  });
  onRepository("DELETE", "/issues/comments/:id", (repository, { params }) => {
    const { issue, comment } = commentOf(repository, params.id!);
    issue.comments.splice(issue.comments.indexOf(comment), 1);
    return noContent;
  });
  pullRoutes(onRepository, world);
}

function pullRoutes(onRepository: Router["onRepository"], world: World): void {
  const pullJson = (repository: Repository, issue: Issue, api: string) => {
    const { pull_request: links, ...json } = issueJson(world, repository, issue, api);
    const { head, base, sha, id } = issue.pull!;
    const end = (ref: string, commit: string) => ({ label: `${world.owner.login}:${ref}`, ref, sha: commit });
    return {
      ...json,
      id,
      node_id: nodeId("PR", id),
      url: links!.url,
      issue_url: json.url,
      head: end(head, sha),
      base: end(base, "0".repeat(40)),
      draft: false,
      merged: false,
      merged_at: null,
    };
  };
  const pulls = (repository: Repository): readonly Issue[] => repository.issues.filter(({ pull }) => pull).reverse();
  onRepository("GET", "/pulls", (repository, call) => {
    const { state = "open", head, base } = call.query;
    const found = pulls(repository).filter(
      (issue) =>
        (state === "all" || issue.state === state) &&
        (head === undefined || head === `${world.owner.login}:${issue.pull!.head}`) &&
        (base === undefined || base === issue.pull!.base),
    );
    return page(call, found, (items) => items.map((issue) => pullJson(repository, issue, call.api)));
  });
  onRepository("GET", "/pulls/:number", (repository, { api, params }) => {
    const issue = pulls(repository).find((each) => String(each.number) === params.number);
    if (!issue) throw missing();
    return ok(pullJson(repository, issue, api));
  });
}
