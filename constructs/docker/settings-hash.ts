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
 * Eight hex digits over everything that makes a container what it is, for its `settings` label. A changed label replaces
 * the container, whatever changed: the Docker provider plans changes of health check, tmpfs and init in place and does
 * not apply them. What is known at synth is hashed here; what only Terraform knows (secrets) is hashed by Terraform.
 * `nonsensitive` is right there: nobody gets from 32 bits of a hash to a secret.
 *
 * @param settings fixed settings; Terraform references in them (a network's name) are left out, as they name the place
 * @param env "KEY=value" entries, whose values may be tokens
 */
export function settingsHash(settings: unknown, env: readonly string[] = []): string {
  const fixed = createHash("sha256")
    .update(
      JSON.stringify([settings, env.filter((entry) => !isReference(entry))], (key, value: unknown) =>
        key === "provider" || key === "dependsOn" || (typeof value === "string" && isReference(value))
          ? undefined
          : value,
      ),
    )
    .digest("hex");
  const references = env.filter(isReference);
  return references.length === 0
    ? fixed.slice(0, HASH_LENGTH)
    : call("substr", nested("nonsensitive", nested("sha256", [fixed, ...references].join("\n"))), 0, HASH_LENGTH);
}
