/**
 * What a plan leaves open: parts that Terraform left out or put off, and whatever a newer Terraform says that nothing here
 * knows. A plan with one of these says too little to be applied as reviewed, whatever else it says.
 */
import { effective, type Plan, type ResourceChange } from "../terraform/plan";

/** One thing that a plan does not say, or that cannot be read. */
export interface Gap {
  /** Of a resource or an action; "plan" for the plan itself. */
  readonly address: string;
  /** "is put off: its settings are not known yet". */
  readonly what: string;
}

const PLAN = "plan";

/** What Terraform 1.14 writes (internal/command/jsonplan, format 1.2). */
const OF_PLAN = new Set(
  `format_version terraform_version variables planned_values resource_drift resource_changes deferred_changes
  deferred_action_invocations output_changes action_invocations prior_state configuration relevant_attributes checks
  timestamp applyable complete errored`.split(/\s+/),
);
const OF_RESOURCE = new Set(
  `address previous_address module_address mode type name index index_unknown provider_name deposed change
  action_reason`.split(/\s+/),
);
const OF_CHANGE = new Set(
  `actions before after after_unknown before_sensitive after_sensitive replace_paths importing generated_config
  before_identity after_identity`.split(/\s+/),
);
const ACTIONS = new Set([
  ...["no-op", "create", "read", "update", "delete", "forget"],
  ...["delete,create", "create,delete", "create,forget"],
]);
const MODES = new Set(["managed", "data"]);

const WHY: Readonly<Record<string, string>> = {
  instance_count_unknown: "how many of it there are to be is not known yet",
  resource_config_unknown: "its settings are not known yet",
  provider_config_unknown: "its provider's settings are not known yet",
  absent_prereq: "something that it needs is not there yet",
  deferred_prereq: "something that it needs is put off itself",
  excluded: "it was left out on purpose",
  not_included: "it was left out on purpose",
};
const putOff = (reason: string | undefined): string =>
  `is put off: ${WHY[reason ?? ""] ?? "for a reason that is not known here"}`;

/** @returns none: it is whole, as far as it says so itself */
export function gapsIn(plan: Plan): Gap[] {
  const gaps = [
    ...ofItself(plan),
    ...(plan.deferred_changes ?? []).map(({ reason, resource_change: { address } }) => ({
      address,
      what: putOff(reason),
    })),
    ...(plan.deferred_action_invocations ?? []).map(({ reason, action_invocation: { address } }) => ({
      address,
      what: putOff(reason),
    })),
    ...unknownKeys(plan, OF_PLAN, PLAN),
    ...[...plan.resource_changes, ...(plan.resource_drift ?? []), ...deferred(plan)].flatMap(unknownOf),
    ...Object.entries(plan.output_changes ?? {}).flatMap(([name, change]) =>
      unknownActions(`output.${name}`, change.actions),
    ),
  ];
  return [...new Map(gaps.map((gap) => [`${gap.address}|${gap.what}`, gap])).values()];
}

const deferred = (plan: Plan): ResourceChange[] =>
  (plan.deferred_changes ?? []).map(({ resource_change: change }) => change);

function ofItself(plan: Plan): Gap[] {
  const gap = (there: boolean, what: string): Gap[] => (there ? [{ address: PLAN, what }] : []);
  return [
    ...gap(plan.errored === true, "ended with an error, so a part of it is missing"),
    ...gap(plan.complete === false, "leaves out a part of the stack (-target, or changes that are put off)"),
    // Without a change it is only that there is nothing to do.
    ...gap(plan.applyable === false && effective(plan).length > 0, "is one that Terraform says cannot be applied"),
  ];
}

function unknownOf(resource: ResourceChange): Gap[] {
  const { address, mode, change } = resource;
  return [
    ...unknownKeys(resource, OF_RESOURCE, address),
    ...unknownKeys(change, OF_CHANGE, address),
    ...unknownActions(address, change.actions),
    ...(MODES.has(mode) ? [] : [{ address, what: `is of a kind that is not known here: ${mode}` }]),
  ];
}

const unknownKeys = (value: object, known: ReadonlySet<string>, address: string): Gap[] =>
  Object.keys(value)
    .filter((key) => !known.has(key))
    .map((key) => ({ address, what: `says something of ${key}, which is not known here` }));

const unknownActions = (address: string, actions: readonly string[]): Gap[] =>
  ACTIONS.has(actions.join()) ? [] : [{ address, what: `has an action that is not known here: ${actions.join(", ")}` }];

/** A gap as a clause: "the plan leaves out a part of the stack", "docker_image.x is put off: …". */
export const gapClause = ({ address, what }: Gap): string => `${address === PLAN ? "the plan" : address} ${what}`;
