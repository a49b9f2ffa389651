/** Reads a plan in JSON, as `terraform show -json <plan>` prints it. */
import { z } from "zod";
import { error, ProblemsError } from "../model/problem";
import type { Plan, ResourceChange } from "../terraform/plan";

const attributes = z.record(z.string(), z.unknown()).nullish();
const change = z.looseObject({ actions: z.array(z.string()), before: attributes, after: attributes });
const resourceChange = z.looseObject({
  address: z.string(),
  mode: z.string(),
  type: z.string(),
  name: z.string(),
  change,
});

const check = z.looseObject({ address: z.looseObject({ to_display: z.string() }), status: z.string() });
const invocation = z.looseObject({ address: z.string() });

/** The parts that are relied on; the rest is taken where it is there. */
const planSchema = z.looseObject({
  format_version: z.string().regex(/^1\./),
  timestamp: z.iso.datetime({ offset: true }),
  errored: z.literal(false).optional(),
  // Terraform leaves both out where there is nothing in them.
  resource_changes: z.array(resourceChange).default([]),
  resource_drift: z.array(resourceChange).default([]),
  complete: z.boolean().optional(),
  applyable: z.boolean().optional(),
  checks: z.array(check).nullish(),
  deferred_changes: z.array(z.looseObject({ resource_change: resourceChange })).nullish(),
  action_invocations: z.array(invocation).nullish(),
  deferred_action_invocations: z.array(z.looseObject({ action_invocation: invocation })).nullish(),
});

/**
 * @param from for errors: "standard input"
 * @throws ProblemsError for a text that is no plan
 */
export function parsePlan(text: string, from: string): Plan {
  const refuse = (given: string): never => {
    throw new ProblemsError([
      error(
        from,
        given,
        "a plan in JSON, format 1.x",
        "terraform show -json <plan> | npx twinset review <environment> -",
      ),
    ]);
  };
  if (text.trim() === "") return refuse("nothing");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // What is in it may be secret.
    return refuse(text.startsWith("PK") ? "the saved plan itself" : "no JSON");
  }
  const parsed = planSchema.safeParse(json);
  if (parsed.success) {
    const plan = parsed.data as unknown as Plan;
    const without = [...plan.resource_changes, ...(plan.resource_drift ?? [])].find(lacksMarks);
    // Nobody could say what of it may be shown.
    if (without) return refuse(`a plan that does not say what of ${without.address} is sensitive`);
    return plan;
  }
  const [issue] = parsed.error.issues;
  // Terraform saves what it had until then.
  if (issue?.path[0] === "errored") return refuse("a plan that ended with an error, of which a part is missing");
  const place = issue?.path.join(".") || "it";
  return refuse(`JSON that is no plan: ${place} is not as a plan has it`);
}

/** Terraform says of every object what of it is sensitive, also where nothing is. */
const lacksMarks = ({ change }: ResourceChange): boolean =>
  (isThere(change.before) && isNoMark(change.before_sensitive)) ||
  (isThere(change.after) && isNoMark(change.after_sensitive));

const isThere = (values: unknown): boolean => values !== undefined && values !== null;
const isNoMark = (mark: unknown): boolean => typeof mark !== "boolean" && (typeof mark !== "object" || mark === null);
