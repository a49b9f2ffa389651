/** Waivers: policies that a change may break for a while, each with a reason. Reviewed data, one file per platform. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ENVIRONMENTS } from "../model/environment-name";
import { error, type Problem, warning } from "../model/problem";
import { valueAt } from "./json-file";

const waiverSchema = z.strictObject({
  policy: z.string().min(1),
  environment: z.enum(ENVIRONMENTS),
  /** The resource's address in Terraform, whole. */
  address: z.string().min(1),
  /** Why it may be so, in a sentence. */
  reason: z.string().min(10),
  /** The last day on which it holds (UTC). */
  until: z.iso.date(),
});
const fileSchema = z.strictObject({ waivers: z.array(waiverSchema) });

export type Waiver = z.infer<typeof waiverSchema>;

export interface Waivers {
  readonly waivers: readonly Waiver[];
  readonly problems: readonly Problem[];
  /** For people: "config/waivers/manacore.json". */
  readonly path: string;
}

const EXAMPLE =
  '{ "policy": "nothing-moves", "environment": "production", "address": "docker_image.x", "reason": "…", "until": "2026-12-31" }';

/** Policies that were called otherwise: a waiver of that time means the one that came of it. */
const RENAMED: Readonly<Record<string, string>> = { "no-latest": "nothing-moves" };

/**
 * Reads a platform's waivers. No file is no waiver.
 * @param policies names of the policies that there are
 * @param directory @default config/waivers
 */
export function readWaivers(
  platform: string,
  policies: readonly string[],
  directory: string = join(__dirname, "waivers"),
): Waivers {
  const path = join("config", "waivers", `${platform}.json`);
  const file = join(directory, `${platform}.json`);
  const none = (problems: readonly Problem[]): Waivers => ({ waivers: [], problems, path });
  if (!existsSync(file)) return none([]);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (reason) {
    return none([error(path, (reason as Error).message, "JSON", "correct the file")]);
  }
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success) {
    return none(
      parsed.error.issues.map((issue) =>
        error([path, ...issue.path].join("/"), describeGiven(json, issue.path), expected(issue), `as in ${EXAMPLE}`),
      ),
    );
  }
  const isOld = (policy: string): boolean => RENAMED[policy] !== undefined && !policies.includes(policy);
  const waivers = parsed.data.waivers.map((waiver) =>
    isOld(waiver.policy) ? { ...waiver, policy: RENAMED[waiver.policy]! } : waiver,
  );
  const old = parsed.data.waivers.flatMap(({ policy }, i) =>
    isOld(policy)
      ? [
          warning(
            `${path}/waivers/${i}/policy`,
            policy,
            `its name now, ${RENAMED[policy]}`,
            "rename it; it counts as that",
          ),
        ]
      : [],
  );
  const unknown = waivers.flatMap(({ policy }, i) =>
    policies.includes(policy)
      ? []
      : [error(`${path}/waivers/${i}/policy`, policy, `one of ${policies.join(", ")}`, "correct the name")],
  );
  return { waivers: unknown.length > 0 ? [] : waivers, problems: [...unknown, ...old], path };
}

type Issue = z.core.$ZodIssue;

function expected(issue: Issue): string {
  switch (issue.path.at(-1)) {
    case "until":
      return "the last day of the waiver, e.g. 2026-12-31";
    case "reason":
      return "a reason of at least 10 characters";
    case "environment":
      return `one of ${ENVIRONMENTS.join(", ")}`;
    default:
      return issue.code === "unrecognized_keys" ? `no key called ${issue.keys.join(", ")}` : issue.message;
  }
}

function describeGiven(json: unknown, path: readonly PropertyKey[]): string {
  const found = valueAt(json, path);
  return found === undefined ? "nothing" : JSON.stringify(found).slice(0, 80);
}
