import { createHash } from "node:crypto";
import { HASH_LENGTH } from "../../model/names";
import { call, isReference, nested, Raw } from "../terraform-expression";

/**
 * A name that no earlier container has: Terraform takes it anew whenever it makes one, so put `name` into
 * `ignore_changes`. A new-first container and its predecessor differ in it, and so do a job that failed and the same job
 * tried again: with a name made from the settings alone Docker would refuse the second one, for the first is still there.
 */
export const freshName = (base: string): string =>
  `${base}-${call("substr", nested("sha256", new Raw("plantimestamp()")), 0, HASH_LENGTH)}`;

/**
 * Eight hex digits over what makes a container what it is, for its `settings` label. A changed label replaces the
 * container, whatever changed: the Docker provider plans changes of health check, tmpfs and init in place and does not
 * apply them. A value that only Terraform knows may be a secret, and nothing is made of it: a label is in the plan, in the
 * engine and with anybody who sees these, and from 32 bits of a fast hash a password of eight letters and digits was found
 * in nine seconds. It needs no part in it: another value of `env` replaces the container by itself.
 *
 * @param settings fixed settings; Terraform references in them (a network's name) are left out, as they name the place
 * @param env "KEY=value" entries; of those with a reference the key is in it, as the provider does not see the last one go
 */
export function settingsHash(settings: unknown, env: readonly string[] = []): string {
  return createHash("sha256")
    .update(
      JSON.stringify(
        [settings, env.map((entry) => (isReference(entry) ? keyOf(entry) : entry))],
        (key, value: unknown) =>
          key === "provider" || key === "dependsOn" || (typeof value === "string" && isReference(value))
            ? undefined
            : value,
      ),
    )
    .digest("hex")
    .slice(0, HASH_LENGTH);
}

const keyOf = (entry: string): string => entry.slice(0, entry.indexOf("=") + 1);
