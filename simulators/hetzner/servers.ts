import { randomBytes } from "node:crypto";
import { z } from "zod";
import { ActionFailure, actionJson, type Plan } from "./actions";
import { ISOS } from "./catalog";
import { invalidInput, isProtected, operationError, serviceError } from "./errors";
import { labelsSchema } from "./labels";
import { readRoutes } from "./lists";
import { mustHaveRoom } from "./placement-groups";
import { dnsPtrChange, removePrimaryIp } from "./primary-ips";
import { created, idOrNameSchema, idSchema, isMeant, ok, type Routes, started } from "./routes";
import { hostnameSchema } from "./server-create";
import { imageJson } from "./images";
import { mustBeOff } from "./server-power";
import { serverJson } from "./server-json";
import { type Cloud, find, type Image, mustBeUnique, type Server } from "./state";

/** The API chooses one; the hours do not matter here. */
const BACKUP_WINDOW = "22-02";
const nothing = z.object({});

export function serverRoutes(routes: Routes): void {
  const { cloud } = routes;
  const { servers } = cloud;
  const json = (server: Server) => serverJson(cloud, server);
  readRoutes(routes, {
    kind: "server",
    items: servers,
    json,
    labels: (server) => server.labels,
    sort: { id: (entry) => entry.id, name: (entry) => entry.name, created: (entry) => entry.created.getTime() },
    filters: { name: (server) => server.name, status: (server) => server.status },
  });

  const update = z.object({ name: hostnameSchema.optional(), labels: labelsSchema.optional() });
  routes.put("/servers/:id", update, ({ id, body }) => {
    const server = find(servers, "server", id);
    if (body.name) mustBeUnique(servers, body.name, id, "server name is already used");
    server.name = body.name ?? server.name;
    server.labels = body.labels ?? server.labels;
    return ok({ server: json(server) });
  });

  routes.delete("/servers/:id", ({ id, start }) => {
    const server = free(id);
    if (server.protection.delete) throw isProtected("server deletion is protected");
    return ok({ action: actionJson(start(deletion(cloud, server))) });
  });

  action("change_protection", z.object({ delete: z.boolean().optional(), rebuild: z.boolean().optional() }), {
    instant: true,
    prepare: (server, body) => {
      const protection = {
        delete: body.delete ?? server.protection.delete,
        rebuild: body.rebuild ?? server.protection.rebuild,
      };
      if (protection.delete !== protection.rebuild) {
        throw invalidInput({ delete: ["must be the same as rebuild"] });
      }
      return () => {
        server.protection = protection;
      };
    },
  });
  action("enable_backup", nothing, {
    instant: true,
    prepare: (server) => () => {
      server.backupWindow = BACKUP_WINDOW;
    },
  });
  action("disable_backup", nothing, {
    instant: true,
    prepare: (server) => () => {
      server.backupWindow = undefined;
      for (const image of cloud.images.values()) {
        if (image.type === "backup" && image.createdFrom?.id === server.id) cloud.images.delete(image.id);
      }
    },
  });
  action("add_to_placement_group", z.object({ placement_group: idSchema }), {
    prepare: (server, body) => {
      const group = find(cloud.placementGroups, "placement_group", body.placement_group);
      if (server.placementGroup !== undefined) {
        throw operationError("already_in_placement_group", "the server is already part of a placement group");
      }
      mustBeOff(server);
      mustHaveRoom(cloud, group);
      return () => {
        // Groups are not locked: this one can have been deleted meanwhile.
        if (!cloud.placementGroups.has(group.id)) throw new ActionFailure("not_found", "placement group is gone");
        server.placementGroup = group.id;
      };
    },
  });
  action("remove_from_placement_group", nothing, {
    instant: true,
    prepare: (server) => {
      if (server.placementGroup === undefined) throw serviceError("the server is in no placement group");
      return () => {
        server.placementGroup = undefined;
      };
    },
  });
  action("attach_iso", z.object({ iso: idOrNameSchema }), {
    prepare: (server, body) => {
      const iso = ISOS.find((entry) => isMeant(body.iso, entry));
      if (!iso) throw invalidInput({ iso: [`ISO '${body.iso}' not found`] });
      return () => {
        server.iso = iso;
      };
    },
  });
  action("detach_iso", nothing, {
    prepare: (server) => () => {
      server.iso = undefined;
    },
  });
  action("disable_rescue", nothing, {
    prepare: (server) => () => {
      server.rescue = false;
    },
  });

  const naming = z.object({ ip: z.string(), dns_ptr: z.string().optional() });
  routes.post("/servers/:id/actions/change_dns_ptr", naming, ({ id, body, start }) => {
    // A name does not concern the machine, so it can be given while other work goes on.
    find(servers, "server", id);
    const ip = cloud.primaryIpOf(id, body.ip.includes(":") ? "ipv6" : "ipv4");
    if (!ip) throw invalidInput({ ip: ["is no address of this server"] });
    const effect = dnsPtrChange(ip, body.ip, body.dns_ptr);
    return started(start({ command: "change_dns_ptr", resources: [{ type: "server", id }], locks: [], effect }));
  });

  const rescue = z.object({ type: z.enum(["linux64"]).optional(), ssh_keys: z.array(idSchema).optional() });
  routes.post("/servers/:id/actions/enable_rescue", rescue, ({ id, body, start }) => {
    const server = free(id);
    for (const key of body.ssh_keys ?? []) {
      if (!cloud.sshKeys.has(key)) throw invalidInput({ ssh_keys: [`SSH key '${key}' not found`] });
    }
    const effect = (): void => {
      server.rescue = true;
    };
    const action = start({ command: "enable_rescue", resources: [{ type: "server", id }], effect, instant: true });
    return created({ action: actionJson(action), root_password: randomBytes(12).toString("base64url") });
  });

  routes.post("/servers/:id/actions/reset_password", nothing, ({ id, start }) => {
    const server = free(id);
    if (server.status !== "running") throw serviceError("the server must be running");
    const action = start({ command: "reset_password", resources: [{ type: "server", id }] });
    return created({ action: actionJson(action), root_password: randomBytes(12).toString("base64url") });
  });

  const picture = z.object({
    type: z.enum(["snapshot", "backup"]).optional(),
    description: z.string().optional(),
    labels: labelsSchema.optional(),
  });
  routes.post("/servers/:id/actions/create_image", picture, ({ id, body, start }) => {
    const server = free(id);
    const type = body.type ?? "snapshot";
    if (type === "backup" && server.backupWindow === undefined) {
      throw serviceError("backups are not enabled for this server");
    }
    const image: Image = {
      ...cloud.fresh("", body.labels),
      name: undefined,
      type,
      description: body.description ?? `${server.name} ${new Date().toISOString()}`,
      osFlavor: server.image.osFlavor,
      osVersion: server.image.osVersion,
      architecture: server.type.architecture,
      deprecated: null,
      diskSize: server.diskSize,
      createdFrom: { id: server.id, name: server.name },
      status: "creating",
      deleteProtection: false,
    };
    cloud.images.set(image.id, image);
    const action = start({
      command: "create_image",
      resources: [
        { type: "server", id },
        { type: "image", id: image.id },
      ],
      effect: () => {
        image.status = "available";
      },
    });
    return created({ action: actionJson(action), image: imageJson(image) });
  });

  function free(id: number): Server {
    const server = find(servers, "server", id);
    cloud.mustBeFree({ type: "server", id });
    return server;
  }

  interface Simple<Body> {
    readonly instant?: boolean;
    /** Checks that it can be done. @returns what it does */
    readonly prepare: (server: Server, body: Body) => () => void;
  }

  /** An action on one server that is called as its path is. */
  function action<Schema extends z.ZodType>(name: string, schema: Schema, what: Simple<z.output<Schema>>): void {
    routes.post(`/servers/:id/actions/${name}`, schema, ({ id, body, start }) => {
      const server = free(id);
      const effect = what.prepare(server, body);
      return started(
        start({ command: name, resources: [{ type: "server", id }], effect, instant: what.instant ?? false }),
      );
    });
  }
}

/** Deletes a server: all that it held is let go of, and only then is it gone. */
function deletion(cloud: Cloud, server: Server): Plan {
  const { id } = server;
  let before = server.status;
  return {
    command: "delete_server",
    resources: [{ type: "server", id }],
    begin: () => {
      before = server.status;
      server.status = "deleting";
    },
    effect: async () => {
      const machine = cloud.machine(server);
      await cloud.machines.stopped(machine, true);
      for (const volume of cloud.volumesOf(id)) {
        const volumes = cloud.machine(server).volumes.filter((other) => other !== volume.id);
        await cloud.machines.detached({ ...machine, volumes }, volume.id);
        volume.server = undefined;
      }
      for (const ip of cloud.primaryIps.values()) {
        if (ip.assignee !== id) continue;
        ip.assignee = undefined;
        if (ip.autoDelete) removePrimaryIp(cloud, ip);
      }
      for (const firewall of cloud.firewalls.values()) {
        firewall.targets = firewall.targets.filter((target) => target.type !== "server" || target.server !== id);
      }
      for (const image of cloud.images.values()) {
        if (image.type === "backup" && image.createdFrom?.id === id) cloud.images.delete(image.id);
      }
      cloud.servers.delete(id);
    },
    undo: () => {
      server.status = before;
    },
  };
}
