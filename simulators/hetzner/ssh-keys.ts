import { createHash } from "node:crypto";
import { z } from "zod";
import { invalidInput, notUnique } from "./errors";
import { labelsSchema } from "./labels";
import { readRoutes } from "./lists";
import { created, noContent, ok, type Routes } from "./routes";
import { find, mustBeUnique, type SshKey } from "./state";

const NAME_IS_USED = "SSH key name is already used";

export function sshKeyRoutes(routes: Routes): void {
  const { cloud } = routes;
  const { sshKeys } = cloud;
  readRoutes(routes, {
    kind: "ssh_key",
    items: sshKeys,
    json: sshKeyJson,
    labels: (key) => key.labels,
    sort: { id: (key) => key.id, name: (key) => key.name },
    filters: { name: (key) => key.name, fingerprint: (key) => key.fingerprint },
    actions: false,
  });

  const creation = z.object({ name: z.string().min(1), public_key: z.string(), labels: labelsSchema.optional() });
  routes.post("/ssh_keys", creation, ({ body }) => {
    const publicKey = body.public_key.trim();
    const fingerprint = fingerprintOf(publicKey);
    mustBeUnique(sshKeys, body.name, undefined, NAME_IS_USED);
    for (const key of sshKeys.values()) {
      if (key.fingerprint === fingerprint) {
        throw notUnique("public_key", "SSH key with the same fingerprint already exists");
      }
    }
    const key: SshKey = { ...cloud.fresh(body.name, body.labels), publicKey, fingerprint };
    sshKeys.set(key.id, key);
    return created({ ssh_key: sshKeyJson(key) });
  });

  const update = z.object({ name: z.string().min(1).optional(), labels: labelsSchema.optional() });
  routes.put("/ssh_keys/:id", update, ({ id, body }) => {
    const key = find(sshKeys, "ssh_key", id);
    if (body.name) mustBeUnique(sshKeys, body.name, id, NAME_IS_USED);
    key.name = body.name ?? key.name;
    key.labels = body.labels ?? key.labels;
    return ok({ ssh_key: sshKeyJson(key) });
  });

  routes.delete("/ssh_keys/:id", ({ id }) => {
    find(sshKeys, "ssh_key", id);
    sshKeys.delete(id);
    return noContent;
  });
}

/** MD5 over the key itself, as `ssh-keygen -l -E md5` prints it. @throws invalid_input for what is no public key */
function fingerprintOf(publicKey: string): string {
  const match = /^(ssh-[a-z0-9@.-]+|ecdsa-[a-z0-9-]+|sk-[a-z0-9@.-]+) ([A-Za-z0-9+/]+={0,3})( .*)?$/.exec(publicKey);
  const blob = Buffer.from(match?.[2] ?? "", "base64");
  // A key begins with the length of its kind and the kind itself (RFC 4253, 6.6).
  const length = blob.length > 4 ? blob.readUInt32BE(0) : 0;
  if (!match || blob.subarray(4, 4 + length).toString() !== match[1]) {
    throw invalidInput({ public_key: ["is no SSH public key"] });
  }
  return createHash("md5").update(blob).digest("hex").match(/../g)!.join(":");
}

export const sshKeyJson = (key: SshKey) => ({
  id: key.id,
  name: key.name,
  fingerprint: key.fingerprint,
  public_key: key.publicKey,
  labels: key.labels,
  created: key.created.toISOString(),
});
