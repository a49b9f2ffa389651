/** The labels of a repository, which its issues and pull requests share. */
import { z } from "zod";
import { created, missing, noContent, ok, read, validationFailed } from "./answers";
import { page } from "./pages";
import type { Router } from "./router";
import { type Label, nodeId, type Repository, sameName, type World } from "./world";

/** What a new repository has. */
export const DEFAULT_LABELS = [
  ["bug", "d73a4a", "Something isn't working"],
  ["documentation", "0075ca", "Improvements or additions to documentation"],
  ["duplicate", "cfd3d7", "This issue or pull request already exists"],
  ["enhancement", "a2eeef", "New feature or request"],
  ["good first issue", "7057ff", "Good for newcomers"],
  ["help wanted", "008672", "Extra attention is needed"],
  ["invalid", "e4e669", "This doesn't seem right"],
  ["question", "d876e3", "Further information is requested"],
  ["wontfix", "ffffff", "This will not be worked on"],
] as const;

const COLOR = /^[0-9a-f]{6}$/i;

export const labelJson = (world: World, repository: Repository, label: Label, api: string) => ({
  id: label.id,
  node_id: nodeId("LA", label.id),
  url: `${api}/repos/${world.owner.login}/${repository.name}/labels/${encodeURIComponent(label.name)}`,
  name: label.name,
  color: label.color,
  default: label.default,
  description: label.description,
});

export const findLabel = (repository: Repository, name: string): Label | undefined =>
  [...repository.labels.values()].find((label) => sameName(label.name, name));

/** The labels of these names. Whoever may push makes a new one by just naming it. */
export function labelsFor(world: World, repository: Repository, names: readonly string[]): readonly Label[] {
  const labels = names.map((name) => {
    const found = findLabel(repository, name);
    if (found) return found;
    const label: Label = { id: world.nextId(), name, color: "ededed", description: null, default: false };
    repository.labels.set(name, label);
    return label;
  });
  return [...new Set(labels)];
}

function check(repository: Repository, name: string, color: string, except?: Label): void {
  const invalid = (field: string, code: string) => validationFailed({ resource: "Label", code, field });
  if (name.trim() === "") throw invalid("name", "missing_field");
  if (!COLOR.test(color)) throw invalid("color", "invalid");
  const other = findLabel(repository, name);
  if (other && other !== except) throw invalid("name", "already_exists");
}

export function labelRoutes({ onRepository, world }: Router): void {
  const named = (repository: Repository, name: string): Label => {
    const label = findLabel(repository, name);
    if (!label) throw missing();
    return label;
  };
  onRepository("GET", "/labels", (repository, call) =>
    page(call, [...repository.labels.values()], (labels) => {
      return labels.map((label) => labelJson(world, repository, label, call.api));
    }),
  );
  onRepository("POST", "/labels", (repository, { api, body }) => {
    const schema = z.object({ name: z.string(), color: z.string().optional(), description: z.string().nullish() });
    const { name, color = "ededed", description = null } = read(schema, body);
    check(repository, name, color);
    const label: Label = { id: world.nextId(), name, color: color.toLowerCase(), description, default: false };
    repository.labels.set(name, label);
    const json = labelJson(world, repository, label, api);
    return created(json, json.url);
  });
  onRepository("GET", "/labels/:name", (repository, { api, params }) =>
    ok(labelJson(world, repository, named(repository, params.name!), api)),
  );
  onRepository("PATCH", "/labels/:name", (repository, { api, body, params }) => {
    const label = named(repository, params.name!);
    const text = z.string().optional();
    const schema = z.object({ new_name: text, name: text, color: text, description: z.string().nullish() });
    // The documented name is "new_name"; "name" works too, and is what go-github sends.
    const {
      new_name: newName,
      name: alternative,
      color = label.color,
      description = label.description,
    } = read(schema, body);
    const name = newName ?? alternative ?? label.name;
    check(repository, name, color, label);
    repository.labels.delete(label.name);
    Object.assign(label, { name, color: color.toLowerCase(), description });
    repository.labels.set(name, label);
    return ok(labelJson(world, repository, label, api));
  });
  onRepository("DELETE", "/labels/:name", (repository, { params }) => {
    const label = named(repository, params.name!);
    repository.labels.delete(label.name);
    for (const issue of repository.issues) issue.labels = issue.labels.filter((other) => other !== label);
    return noContent;
  });
}
