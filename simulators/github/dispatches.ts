/** Asking for workflows. Nothing runs: what was asked for is kept, for a test or a rehearsal to look at. */
import { z } from "zod";
import { missing, noContent, ok, read, refusal } from "./answers";
import { page } from "./pages";
import type { Router } from "./router";
import { nodeId, type Repository, type Workflow, type World } from "./world";

/** docs.github.com, "Create a repository dispatch event". */
const MOST_PROPERTIES = 10;

function workflowJson(world: World, repository: Repository, { id, file }: Workflow, api: string) {
  const path = `${world.owner.login}/${repository.name}`;
  return {
    id,
    node_id: nodeId("W", id),
    name: file.replace(/\.ya?ml$/, ""),
    path: `.github/workflows/${file}`,
    state: "active",
    created_at: repository.createdAt,
    updated_at: repository.createdAt,
    url: `${api}/repos/${path}/actions/workflows/${id}`,
    html_url: `https://github.com/${path}/blob/${repository.defaultBranch}/.github/workflows/${file}`,
    badge_url: `https://github.com/${path}/workflows/${file}/badge.svg`,
  };
}

export function dispatchRoutes({ onRepository, world }: Router): void {
  const workflowOf = (repository: Repository, idOrFile: string): Workflow => {
    const workflow = repository.workflows.find(({ id, file }) => String(id) === idOrFile || file === idOrFile);
    if (!workflow) throw missing();
    return workflow;
  };
  onRepository("GET", "/actions/workflows", (repository, call) =>
    page(call, repository.workflows, (items) => ({
      total_count: repository.workflows.length,
      workflows: items.map((workflow) => workflowJson(world, repository, workflow, call.api)),
    })),
  );
  onRepository("GET", "/actions/workflows/:workflow", (repository, { api, params }) =>
    ok(workflowJson(world, repository, workflowOf(repository, params.workflow!), api)),
  );
  onRepository("POST", "/actions/workflows/:workflow/dispatches", (repository, { body, params }) => {
    const { file } = workflowOf(repository, params.workflow!);
    const schema = z.object({ ref: z.string(), inputs: z.record(z.string(), z.unknown()).default({}) });
    const { ref, inputs } = read(schema, body);
    const [, tag] = /^refs\/tags\/(.+)$/.exec(ref) ?? [];
    const isThere =
      tag === undefined ? repository.branches.has(ref.replace(/^refs\/heads\//, "")) : repository.tags.has(tag);
    if (!isThere) throw refusal(422, `No ref found for: ${ref}`);
    repository.dispatches.push({ kind: "workflow", workflow: file, ref, inputs });
    const who = { actor: world.viewer, triggeringActor: world.viewer };
    repository.runs.push({ id: world.nextId(), workflow: file, ref, ...who, agreed: new Set() });
    return noContent;
  });
  onRepository("POST", "/dispatches", (repository, { body }) => {
    const schema = z.object({
      event_type: z.string().min(1).max(100),
      client_payload: z.record(z.string(), z.unknown()).default({}),
    });
    const { event_type: eventType, client_payload: clientPayload } = read(schema, body);
    const count = Object.keys(clientPayload).length;
    if (count > MOST_PROPERTIES) {
      const reason = `No more than ${MOST_PROPERTIES} properties are allowed; ${count} were supplied.`;
      throw refusal(422, `Invalid request.\n\n${reason}`);
    }
    repository.dispatches.push({ kind: "repository", eventType, clientPayload });
    return noContent;
  });
}
