/** Issues, and the pull requests among them. */
import { z } from "zod";
import { created, missing, ok, read, refusal, validationFailed } from "./answers";
import { accountJson } from "./accounts";
import { findLabel, labelJson, labelsFor } from "./labels";
import { page } from "./pages";
import type { Call, Router } from "./router";
import { type Account, dated, type Issue, nodeId, now, type Repository, sameName, type World } from "./world";

const LONGEST_BODY = 65_536;
const LABELS = z.array(z.union([z.string(), z.object({ name: z.string() })]));
const FIELDS = z.object({
  body: z.string().nullish(),
  labels: LABELS.optional(),
  assignees: z.array(z.string()).optional(),
});
const CREATION = FIELDS.extend({ title: z.union([z.string(), z.int()]) });
const CHANGE = FIELDS.extend({
  title: z.union([z.string(), z.int()]).optional(),
  state: z.enum(["open", "closed"]).optional(),
  state_reason: z.enum(["completed", "not_planned", "duplicate", "reopened"]).nullish(),
});

const labelNames = (labels: z.output<typeof LABELS>): readonly string[] =>
  labels.map((label) => (typeof label === "string" ? label : label.name));

export function issueOf(repository: Repository, number: string): Issue {
  if (repository.settings.has_issues === false) throw refusal(410, "Issues are disabled for this repo");
  const issue = repository.issues.find((each) => String(each.number) === number);
  if (!issue) throw missing();
  return issue;
}

export function issueJson(world: World, repository: Repository, issue: Issue, api: string) {
  const path = `${world.owner.login}/${repository.name}`;
  const url = `${api}/repos/${path}/issues/${issue.number}`;
  const html = `https://github.com/${path}/${issue.pull ? "pull" : "issues"}/${issue.number}`;
  const pull = `${api}/repos/${path}/pulls/${issue.number}`;
  return {
    id: issue.id,
    node_id: nodeId(issue.pull ? "PR" : "I", issue.id),
    url,
    repository_url: `${api}/repos/${path}`,
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    html_url: html,
    number: issue.number,
    title: issue.title,
    user: accountJson(issue.author, api),
    labels: issue.labels.map((label) => labelJson(world, repository, label, api)),
    state: issue.state,
    state_reason: issue.stateReason,
    locked: false,
    assignee: issue.assignees[0] ? accountJson(issue.assignees[0], api) : null,
    assignees: issue.assignees.map((account) => accountJson(account, api)),
    milestone: null,
    comments: issue.comments.length,
    created_at: issue.createdAt,
    updated_at: issue.updatedAt,
    closed_at: issue.closedAt,
    author_association: "MEMBER",
    body: issue.body,
    ...(issue.pull && { pull_request: { url: pull, html_url: html, merged_at: null } }),
  };
}

function assigneesFor(world: World, logins: readonly string[]): readonly Account[] {
  return logins.map((login) => {
    const account = world.users.find((user) => sameName(user.login, login));
    if (!account) throw validationFailed({ resource: "Issue", code: "invalid", field: "assignees", value: login });
    return account;
  });
}

function checkText(title: string | undefined, body: string | null | undefined): void {
  if (title?.trim() === "") throw validationFailed({ resource: "Issue", code: "missing_field", field: "title" });
  if (body && body.length > LONGEST_BODY) {
    const message = `body is too long (maximum is ${LONGEST_BODY} characters)`;
    throw validationFailed({ resource: "Issue", code: "custom", field: "body", message });
  }
}

/** Opens an issue in the name of whose token it is. */
export function openIssue(
  world: World,
  repository: Repository,
  given: Pick<Issue, "title" | "body"> & Partial<Issue>,
): Issue {
  const issue: Issue = {
    id: world.nextId(),
    ...dated(),
    number: repository.issues.length + 1,
    author: world.viewer,
    state: "open",
    stateReason: null,
    closedAt: null,
    labels: [],
    assignees: [],
    comments: [],
    ...given,
  };
  repository.issues.push(issue);
  return issue;
}

function change(world: World, repository: Repository, issue: Issue, body: unknown): void {
  const given = read(CHANGE, body);
  checkText(given.title === undefined ? undefined : String(given.title), given.body);
  const assignees = given.assignees && assigneesFor(world, given.assignees);
  if (given.state === "closed" && issue.state === "open") issue.closedAt = now();
  if (given.state === "open") issue.closedAt = null;
  if (given.state !== undefined && given.state !== issue.state) {
    issue.stateReason = given.state_reason ?? (given.state === "closed" ? "completed" : "reopened");
  }
  issue.state = given.state ?? issue.state;
  issue.title = given.title === undefined ? issue.title : String(given.title);
  if (given.body !== undefined) issue.body = given.body;
  if (given.labels) issue.labels = labelsFor(world, repository, labelNames(given.labels));
  issue.assignees = assignees ?? issue.assignees;
  issue.updatedAt = now();
}

/** What of a list is asked for, in which order. */
function select(issues: readonly Issue[], { query }: Call): readonly Issue[] {
  const { state = "open", labels = "", creator, assignee, since, sort = "created", direction = "desc" } = query;
  const wanted = labels.split(",").filter((name) => name !== "");
  const found = issues.filter(
    (issue) =>
      (state === "all" || issue.state === state) &&
      wanted.every((name) => issue.labels.some((label) => sameName(label.name, name))) &&
      (creator === undefined || sameName(issue.author.login, creator)) &&
      (assignee === undefined ||
        (assignee === "*" && issue.assignees.length > 0) ||
        (assignee === "none" && issue.assignees.length === 0) ||
        issue.assignees.some(({ login }) => sameName(login, assignee))) &&
      (since === undefined || Date.parse(issue.updatedAt) >= Date.parse(since)),
  );
  const key = ({ createdAt, updatedAt, comments }: Issue): number =>
    sort === "comments" ? comments.length : Date.parse(sort === "updated" ? updatedAt : createdAt);
  const ascending = [...found].sort((left, right) => key(left) - key(right) || left.number - right.number);
  return direction === "asc" ? ascending : ascending.reverse();
}

export function issueRoutes({ onRepository, world }: Router): void {
  onRepository("GET", "/issues", (repository, call) => {
    if (repository.settings.has_issues === false) throw refusal(410, "Issues are disabled for this repo");
    return page(call, select(repository.issues, call), (issues) => {
      return issues.map((issue) => issueJson(world, repository, issue, call.api));
    });
  });
  onRepository("POST", "/issues", (repository, { api, body }) => {
    if (repository.settings.has_issues === false) throw refusal(410, "Issues are disabled for this repo");
    const given = read(CREATION, body);
    const title = String(given.title);
    checkText(title, given.body);
    const assignees = assigneesFor(world, given.assignees ?? []);
    const labels = labelsFor(world, repository, labelNames(given.labels ?? []));
    const issue = openIssue(world, repository, { title, body: given.body ?? null, assignees, labels });
    const json = issueJson(world, repository, issue, api);
    return created(json, json.url);
  });
  onRepository("GET", "/issues/:number", (repository, { api, params }) =>
    ok(issueJson(world, repository, issueOf(repository, params.number!), api)),
  );
  onRepository("PATCH", "/issues/:number", (repository, { api, body, params }) => {
    const issue = issueOf(repository, params.number!);
    change(world, repository, issue, body);
    return ok(issueJson(world, repository, issue, api));
  });
  labelsOfIssueRoutes(onRepository, world);
}

function labelsOfIssueRoutes(onRepository: Router["onRepository"], world: World): void {
  const path = "/issues/:number/labels";
  const answer = (repository: Repository, issue: Issue, api: string) =>
    ok(issue.labels.map((label) => labelJson(world, repository, label, api)));
  onRepository("GET", path, (repository, call) =>
    page(call, issueOf(repository, call.params.number!).labels, (labels) => {
      return labels.map((label) => labelJson(world, repository, label, call.api));
    }),
  );
  for (const method of ["POST", "PUT"] as const) {
    onRepository(method, path, (repository, { api, body, params }) => {
      const issue = issueOf(repository, params.number!);
      // Both `{ labels: [...] }` and a bare list are taken.
      const { labels } = read(z.object({ labels: LABELS }), Array.isArray(body) ? { labels: body } : body);
      const before = method === "POST" ? issue.labels.map(({ name }) => name) : [];
      issue.labels = labelsFor(world, repository, [...before, ...labelNames(labels)]);
      issue.updatedAt = now();
      return answer(repository, issue, api);
    });
  }
  onRepository("DELETE", `${path}/:label`, (repository, { api, params }) => {
    const issue = issueOf(repository, params.number!);
    const label = findLabel(repository, params.label!);
    if (!label || !issue.labels.includes(label)) throw refusal(404, "Label does not exist");
    issue.labels = issue.labels.filter((other) => other !== label);
    issue.updatedAt = now();
    return answer(repository, issue, api);
  });
}
