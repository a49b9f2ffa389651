import { z } from "zod";
import type { ServerType } from "./catalog";
import { invalidInput, isProtected, operationError } from "./errors";
import { labelsSchema } from "./labels";
import { list, readRoutes } from "./lists";
import { isMeant, noContent, ok, type Routes, started } from "./routes";
import { type Cloud, find, type Image } from "./state";

export function imageRoutes(routes: Routes): void {
  const { cloud } = routes;
  const { images } = cloud;
  const sort = {
    id: (image: Image) => image.id,
    name: (image: Image) => image.name,
    created: (image: Image) => image.created.getTime(),
  };
  readRoutes(routes, { kind: "image", items: images, json: imageJson, sort, list: false });
  routes.get("/images", (call) => {
    const all = call.query.get("include_deprecated") === "true" || call.query.has("name");
    return list(call, {
      key: "images",
      items: [...images.values()].filter((image) => all || image.deprecated === null),
      json: imageJson,
      labels: (image) => image.labels,
      sort,
      filters: {
        name: (image) => image.name,
        type: (image) => image.type,
        status: (image) => image.status,
        architecture: (image) => image.architecture,
        bound_to: (image) => (image.type === "backup" ? image.createdFrom?.id : undefined),
      },
    });
  });

  const update = z.object({ description: z.string().optional(), labels: labelsSchema.optional() });
  routes.put("/images/:id", update, ({ id, body }) => {
    const image = own(id);
    image.description = body.description ?? image.description;
    image.labels = body.labels ?? image.labels;
    return ok({ image: imageJson(image) });
  });

  routes.delete("/images/:id", ({ id }) => {
    const image = own(id);
    if (image.deleteProtection) throw isProtected("image deletion is protected");
    images.delete(id);
    return noContent;
  });

  routes.post("/images/:id/actions/change_protection", z.object({ delete: z.boolean().optional() }), (call) => {
    const image = own(call.id);
    const effect = (): void => {
      image.deleteProtection = call.body.delete ?? image.deleteProtection;
    };
    const resources = [{ type: "image" as const, id: image.id }];
    return started(call.start({ command: "change_protection", resources, effect, instant: true }));
  });

  /** One that the project made itself. */
  function own(id: number): Image {
    const image = find(images, "image", id);
    if (image.type !== "snapshot" && image.type !== "backup") {
      throw operationError("forbidden", "only snapshots and backups can be changed", 403);
    }
    cloud.mustBeFree({ type: "image", id });
    return image;
  }
}

export const imageJson = (image: Image) => ({
  id: image.id,
  type: image.type,
  status: image.status,
  name: image.name ?? null,
  description: image.description,
  image_size: image.status === "creating" || image.name !== undefined ? null : 1.5,
  disk_size: image.diskSize,
  created: image.created.toISOString(),
  created_from: image.createdFrom ?? null,
  bound_to: image.type === "backup" ? (image.createdFrom?.id ?? null) : null,
  os_flavor: image.osFlavor,
  os_version: image.osVersion,
  architecture: image.architecture,
  rapid_deploy: image.type === "system",
  protection: { delete: image.deleteProtection },
  deprecated: image.deprecated,
  deleted: null,
  labels: image.labels,
});

/** A name stands for the image of the server's architecture. @throws invalid_input */
export function imageFor(cloud: Cloud, idOrName: number | string, type: ServerType): Image {
  const named = [...cloud.images.values()].filter((image) => isMeant(idOrName, image));
  if (named.length === 0) throw invalidInput({ image: [`image '${idOrName}' not found`] });
  const image = named.find((entry) => entry.architecture === type.architecture);
  if (!image) throw invalidInput({ image: [`is not for the architecture ${type.architecture}`] });
  if (image.status !== "available") throw invalidInput({ image: ["is not available yet"] });
  return image;
}
