import { z } from "zod";
import { type Action, actionJson, type Plan } from "./actions";
import { invalidInput, isProtected, operationError, serviceError } from "./errors";
import { labelsSchema } from "./labels";
import { readRoutes } from "./lists";
import { created, idOrNameSchema, idSchema, noContent, ok, type Routes, started } from "./routes";
import { locationOf } from "./primary-ips";
import { type Cloud, find, mustBeUnique, type Server, type Volume } from "./state";

const nameSchema = z
  .string()
  .max(64)
  .regex(/^[a-zA-Z0-9]([a-zA-Z0-9._-]*[a-zA-Z0-9])?$/, "may have letters, digits, dashes, underscores and dots");
/** GB */
const sizeSchema = z.number().int().min(10).max(10240);

export function volumeRoutes(routes: Routes): void {
  const { cloud } = routes;
  const { volumes } = cloud;
  readRoutes(routes, {
    kind: "volume",
    items: volumes,
    json: volumeJson,
    labels: (volume) => volume.labels,
    sort: { id: (entry) => entry.id, name: (entry) => entry.name, created: (entry) => entry.created.getTime() },
    filters: { name: (volume) => volume.name, status: (volume) => volume.status },
  });

  const creation = z.object({
    name: nameSchema,
    size: sizeSchema,
    location: idOrNameSchema.optional(),
    server: idSchema.optional(),
    automount: z.boolean().optional(),
    format: z.enum(["ext4", "xfs"]).optional(),
    labels: labelsSchema.optional(),
  });
  routes.post("/volumes", creation, ({ body, start }) => {
    mustBeUnique(volumes, body.name);
    const server = body.server === undefined ? undefined : find(cloud.servers, "server", body.server);
    if (body.automount && !server) throw invalidInput({ automount: ["needs a server"] });
    if (server && body.location !== undefined) throw invalidInput({ location: ["cannot be given with a server"] });
    if (server) cloud.mustBeFree({ type: "server", id: server.id });
    const location = server?.location ?? (body.location === undefined ? undefined : locationOf(body.location));
    if (!location) throw invalidInput({ location: ["is required without a server"] });
    const volume: Volume = {
      ...cloud.fresh(body.name, body.labels),
      size: body.size,
      format: body.format ?? undefined,
      location,
      server: undefined,
      status: "creating",
      deleteProtection: false,
    };
    volumes.set(volume.id, volume);
    const action = start({
      command: "create_volume",
      resources: [{ type: "volume", id: volume.id }],
      effect: () => {
        volume.status = "available";
      },
    });
    const next = server ? [start(attachment(cloud, volume, server, action))] : [];
    return created({ volume: volumeJson(volume), action: actionJson(action), next_actions: next.map(actionJson) });
  });

  const update = z.object({ name: nameSchema.optional(), labels: labelsSchema.optional() });
  routes.put("/volumes/:id", update, ({ id, body }) => {
    const volume = find(volumes, "volume", id);
    if (body.name) mustBeUnique(volumes, body.name, id);
    volume.name = body.name ?? volume.name;
    volume.labels = body.labels ?? volume.labels;
    return ok({ volume: volumeJson(volume) });
  });

  routes.delete("/volumes/:id", ({ id }) => {
    const volume = free(id);
    if (volume.deleteProtection) throw isProtected("volume deletion is protected");
    if (volume.server !== undefined) throw serviceError(`volume with ID '${id}' is still attached to a server`);
    volumes.delete(id);
    return noContent;
  });

  const attaching = z.object({ server: idSchema, automount: z.boolean().optional() });
  routes.post("/volumes/:id/actions/attach", attaching, ({ id, body, start }) => {
    const volume = free(id);
    const server = find(cloud.servers, "server", body.server);
    mustBeAttachable(volume, server);
    cloud.mustBeFree({ type: "server", id: server.id });
    return started(start(attachment(cloud, volume, server)));
  });

  routes.post("/volumes/:id/actions/detach", z.object({}), ({ id, start }) => {
    const volume = free(id);
    if (volume.server === undefined) throw serviceError(`volume with ID '${id}' is not attached to a server`);
    const server = find(cloud.servers, "server", volume.server);
    cloud.mustBeFree({ type: "server", id: server.id });
    const effect = async (): Promise<void> => {
      const machine = cloud.machine(server);
      await cloud.machines.detached({ ...machine, volumes: machine.volumes.filter((other) => other !== id) }, id);
      volume.server = undefined;
    };
    return started(start({ command: "detach_volume", resources: refs(volume, server), effect }));
  });

  routes.post("/volumes/:id/actions/resize", z.object({ size: sizeSchema }), ({ id, body, start }) => {
    const volume = free(id);
    if (body.size <= volume.size) throw invalidInput({ size: [`must be more than the present ${volume.size} GB`] });
    const effect = (): void => {
      volume.size = body.size;
    };
    return started(start({ command: "resize_volume", resources: [{ type: "volume", id }], effect }));
  });

  routes.post("/volumes/:id/actions/change_protection", z.object({ delete: z.boolean().optional() }), (call) => {
    const volume = free(call.id);
    const effect = (): void => {
      volume.deleteProtection = call.body.delete ?? volume.deleteProtection;
    };
    const resources = [{ type: "volume" as const, id: volume.id }];
    return started(call.start({ command: "change_protection", resources, effect, instant: true }));
  });

  function free(id: number): Volume {
    const volume = find(volumes, "volume", id);
    cloud.mustBeFree({ type: "volume", id });
    return volume;
  }
}

/** @throws when a volume has a server already, or is somewhere else */
export function mustBeAttachable(volume: Volume, server: Pick<Server, "location">): void {
  if (volume.server !== undefined) {
    throw operationError("volume_already_attached", "volume is already attached to a server, detach it first");
  }
  if (volume.location !== server.location) {
    throw invalidInput({ server: [`is in ${server.location.name}, the volume in ${volume.location.name}`] });
  }
}

/** Attaches a volume that is free and attachable. */
export function attachment(cloud: Cloud, volume: Volume, server: Server, after?: Action): Plan {
  return {
    command: "attach_volume",
    resources: refs(volume, server),
    after,
    effect: async () => {
      const machine = cloud.machine(server);
      await cloud.machines.attached({ ...machine, volumes: [...machine.volumes, volume.id] }, volume.id);
      volume.server = server.id;
    },
  };
}

const refs = (volume: Volume, server: Server) => [
  { type: "server" as const, id: server.id },
  { type: "volume" as const, id: volume.id },
];

export const volumeJson = (volume: Volume) => ({
  id: volume.id,
  name: volume.name,
  size: volume.size,
  server: volume.server ?? null,
  location: volume.location,
  status: volume.status,
  format: volume.format ?? null,
  linux_device: `/dev/disk/by-id/scsi-0HC_Volume_${volume.id}`,
  protection: { delete: volume.deleteProtection },
  labels: volume.labels,
  created: volume.created.toISOString(),
});
