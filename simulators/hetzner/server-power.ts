/** A server's power, and what ends with it being on again: a new image, another type. */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { type Action, actionJson, type Plan } from "./actions";
import { SERVER_TYPES } from "./catalog";
import { invalidInput, isProtected, operationError } from "./errors";
import { created, idOrNameSchema, isMeant, type Routes, started } from "./routes";
import { imageFor } from "./images";
import { type Cloud, find, type Server, type ServerStatus } from "./state";

const nothing = z.object({});

/** Cloud-init's file: 32 KiB at most. */
export const userDataSchema = z
  .string()
  .refine((text) => Buffer.byteLength(text) <= 32 * 1024, "is longer than 32 KiB")
  .optional();

export function serverPowerRoutes(routes: Routes): void {
  const { cloud } = routes;

  routes.post("/servers/:id/actions/poweron", nothing, (call) => {
    const server = free(call.id);
    if (!hasInterface(cloud, server)) throw invalidInput({ server: ["has no network interface"] });
    return started(call.start(start(cloud, server)));
  });

  routes.post("/servers/:id/actions/poweroff", nothing, (call) => {
    const server = free(call.id);
    return started(call.start(work(server, "stop_server", "stopping", () => switchOff(cloud, server))));
  });

  routes.post("/servers/:id/actions/shutdown", nothing, (call) => {
    const server = free(call.id);
    const { starts } = server;
    const plan = work(server, "shutdown_server", undefined, () => {
      // The action is done when the signal is sent. The operating system takes its own time for the rest.
      cloud.actions.later(async () => {
        const isTheSame = server.starts === starts && cloud.servers.has(server.id);
        if (isTheSame && server.status === "running") await switchOff(cloud, server);
      });
    });
    return started(call.start(plan));
  });

  for (const [path, command] of [
    ["reboot", "reboot_server"],
    ["reset", "reset_server"],
  ] as const) {
    routes.post(`/servers/:id/actions/${path}`, nothing, (call) => {
      const server = free(call.id);
      const again = async (): Promise<void> => {
        await switchOff(cloud, server);
        await switchOn(cloud, server);
      };
      return started(call.start(work(server, command, undefined, again)));
    });
  }

  const rebuilding = z.object({ image: idOrNameSchema, user_data: userDataSchema });
  routes.post("/servers/:id/actions/rebuild", rebuilding, (call) => {
    const server = free(call.id);
    if (server.protection.rebuild) throw isProtected("server rebuild is protected");
    const image = imageFor(cloud, call.body.image, server.type);
    const action = call.start(
      work(server, "rebuild_server", "rebuilding", async () => {
        await switchOff(cloud, server, true);
        server.image = image;
        server.userData = call.body.user_data ?? server.userData;
        await switchOn(cloud, server);
      }),
    );
    const password = server.sshKeys.length > 0 ? null : randomBytes(12).toString("base64url");
    return created({ action: actionJson(action), root_password: password });
  });

  const changing = z.object({ server_type: idOrNameSchema, upgrade_disk: z.boolean() });
  routes.post("/servers/:id/actions/change_type", changing, (call) => {
    const server = free(call.id);
    const { body } = call;
    const type = SERVER_TYPES.find((entry) => isMeant(body.server_type, entry));
    if (!type) throw invalidInput({ server_type: [`server type '${body.server_type}' not found`] });
    mustBeOff(server);
    const wrong =
      type === server.type
        ? "server has this type already"
        : type.architecture !== server.type.architecture
          ? "server type has another architecture"
          : !type.soldIn.includes(server.location.name)
            ? "server type is not sold in this location"
            : type.disk < server.diskSize
              ? "server type has a smaller disk than the server"
              : undefined;
    if (wrong) throw operationError("invalid_server_type", wrong);
    return started(
      call.start(
        work(server, "change_server_type", "migrating", async () => {
          server.type = type;
          if (body.upgrade_disk) server.diskSize = type.disk;
          await switchOn(cloud, server);
        }),
      ),
    );
  });

  function free(id: number): Server {
    const server = find(cloud.servers, "server", id);
    cloud.mustBeFree({ type: "server", id });
    return server;
  }
}

/** @throws server_not_stopped */
export function mustBeOff(server: Server): void {
  if (server.status !== "off") throw operationError("server_not_stopped", "the action requires a stopped server");
}

export const hasInterface = (cloud: Cloud, server: Server): boolean =>
  server.privateNet.length > 0 ||
  cloud.primaryIpOf(server.id, "ipv4") !== undefined ||
  cloud.primaryIpOf(server.id, "ipv6") !== undefined;

/** Switches a server on. */
export const start = (cloud: Cloud, server: Server, after?: Action): Plan => ({
  ...work(server, "start_server", server.status === "running" ? undefined : "starting", () => switchOn(cloud, server)),
  after,
});

/** @param meanwhile the server's status until the action is done */
function work(
  server: Server,
  command: string,
  meanwhile: ServerStatus | undefined,
  effect: () => void | Promise<void>,
): Plan {
  let before = server.status;
  return {
    command,
    resources: [{ type: "server", id: server.id }],
    begin: () => {
      before = server.status;
      server.status = meanwhile ?? before;
    },
    effect,
    undo: () => {
      // Where the effect has come to its own end state it says so itself.
      if (server.status === meanwhile) server.status = before;
    },
  };
}

async function switchOn(cloud: Cloud, server: Server): Promise<void> {
  if (server.status === "running") return;
  await cloud.machines.started(cloud.machine(server));
  server.starts += 1;
  // A rescue system is booted into once.
  server.rescue = false;
  server.status = "running";
}

async function switchOff(cloud: Cloud, server: Server, deleted = false): Promise<void> {
  if (server.status === "off" && !deleted) return;
  await cloud.machines.stopped(cloud.machine(server), deleted);
  server.status = "off";
}
