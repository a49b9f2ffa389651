import { z } from "zod";
import { labelsSchema } from "./labels";
import { readRoutes } from "./lists";
import { created, noContent, ok, type Routes } from "./routes";
import { type Cloud, find, mustBeUnique, type PlacementGroup } from "./state";
import { operationError } from "./errors";

/** https://docs.hetzner.com/cloud/placement-groups/overview: a spread group's servers are on different hosts. */
export const SERVERS_PER_GROUP = 10;

export function placementGroupRoutes(routes: Routes): void {
  const { cloud } = routes;
  const { placementGroups } = cloud;
  const json = (group: PlacementGroup) => placementGroupJson(cloud, group);
  readRoutes(routes, {
    kind: "placement_group",
    items: placementGroups,
    json,
    labels: (group) => group.labels,
    sort: { id: (group) => group.id, name: (group) => group.name, created: (group) => group.created.getTime() },
    filters: { name: (group) => group.name, type: (group) => group.type },
    actions: false,
  });

  const creation = z.object({ name: z.string().min(1), type: z.enum(["spread"]), labels: labelsSchema.optional() });
  routes.post("/placement_groups", creation, ({ body }) => {
    mustBeUnique(placementGroups, body.name);
    const group: PlacementGroup = { ...cloud.fresh(body.name, body.labels), type: body.type };
    placementGroups.set(group.id, group);
    return created({ placement_group: json(group), action: null });
  });

  const update = z.object({ name: z.string().min(1).optional(), labels: labelsSchema.optional() });
  routes.put("/placement_groups/:id", update, ({ id, body }) => {
    const group = find(placementGroups, "placement_group", id);
    if (body.name) mustBeUnique(placementGroups, body.name, id);
    group.name = body.name ?? group.name;
    group.labels = body.labels ?? group.labels;
    return ok({ placement_group: json(group) });
  });

  routes.delete("/placement_groups/:id", ({ id }) => {
    const group = find(placementGroups, "placement_group", id);
    if (serversIn(cloud, group).length > 0) {
      throw operationError("resource_in_use", `placement group with ID ${id} is still in use`);
    }
    placementGroups.delete(id);
    return noContent;
  });
}

/** @throws placement_error when it is full */
export function mustHaveRoom(cloud: Cloud, group: PlacementGroup): void {
  if (serversIn(cloud, group).length >= SERVERS_PER_GROUP) {
    throw operationError("placement_error", `placement group ${group.id} has ${SERVERS_PER_GROUP} servers already`);
  }
}

const serversIn = (cloud: Cloud, group: PlacementGroup): number[] =>
  [...cloud.servers.values()].filter((server) => server.placementGroup === group.id).map((server) => server.id);

export const placementGroupJson = (cloud: Cloud, group: PlacementGroup) => ({
  id: group.id,
  name: group.name,
  labels: group.labels,
  type: group.type,
  created: group.created.toISOString(),
  servers: serversIn(cloud, group),
});
