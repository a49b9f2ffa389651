import { createHash } from "node:crypto";
import { HASH_LENGTH } from "../../model/names";
import { call, isReference, nested } from "../terraform-expression";

/**
 * Eight hex digits over everything that makes a container what it is, for the end of its name. What is known at synth is
 * hashed here; what only Terraform knows (secrets) is hashed by Terraform, as the plan must show a new name when a
 * secret changes. `nonsensitive` is right there: nobody gets from 32 bits of a hash to a secret.
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
