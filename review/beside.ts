/**
 * What a plan does or says beside its changes: what is taken into the state or out of it, what has another address, what
 * providers are asked to run, and which checks do not hold.
 */
import type { CheckResult, Plan } from "../terraform/plan";
import { actionOf } from "./parts";

export interface Beside {
  /** What is there already and is taken into the state. */
  readonly imports: readonly { readonly address: string; readonly from: string }[];
  readonly moves: readonly { readonly address: string; readonly from: string }[];
  /** What is left to itself, out of the state: it stays, and nothing here looks after it any more. */
  readonly forgotten: readonly string[];
  readonly actions: readonly Invoked[];
  /** Checks that do not hold, or of which nobody knows. */
  readonly checks: readonly Unmet[];
}

/** An action that a provider is asked to run. */
export interface Invoked {
  readonly address: string;
  /** "with docker_container.edge (after_update)", "by itself". */
  readonly when: string;
}

/** A check that does not hold, or of which nobody knows. */
export interface Unmet {
  readonly address: string;
  readonly status: "fails" | "unknown";
  /** "fails: the host has no disk left". */
  readonly what: string;
}

export function besideChanges(plan: Plan): Beside {
  const resources = plan.resource_changes;
  return {
    imports: resources.flatMap(({ address, change: { importing } }) =>
      importing ? [{ address, from: importing.id ?? "what its identity names" }] : [],
    ),
    moves: resources.flatMap(({ address, previous_address: from }) =>
      from === undefined || from === address ? [] : [{ address, from }],
    ),
    forgotten: resources
      .filter(({ change }) => ["forget", "replace-and-forget"].includes(actionOf(change)))
      .map(({ address, deposed }) => (deposed === undefined ? address : `${address} (deposed ${deposed})`)),
    actions: (plan.action_invocations ?? []).map(({ address, lifecycle_action_trigger: trigger }) => ({
      address,
      when: trigger
        ? `with ${trigger.triggering_resource_address ?? "a resource"} (${trigger.action_trigger_event ?? "at any time"})`
        : "by itself, as it was asked for",
    })),
    checks: (plan.checks ?? []).flatMap(unmet),
  };
}

function unmet({ address: { to_display: address, kind, module }, status, instances }: CheckResult): Unmet[] {
  if (status === "pass") return [];
  if (status === "fail" || status === "error") {
    const messages = (instances ?? []).flatMap(({ problems }) => (problems ?? []).map(({ message }) => message ?? ""));
    const why = [...new Set(messages.filter((message) => message !== ""))].join("; ");
    const verb = status === "fail" ? "fails" : "cannot be looked at";
    return [{ address, status: "fails", what: why === "" ? verb : `${verb}: ${why}` }];
  }
  // A rule of the stack's own variables that is broken ends the plan; a destroy does not ask them (19 of 23, Terraform 1.11).
  if (status === "unknown" && kind === "var" && !module) return [];
  return [{ address, status: "unknown", what: "is not known before the apply" }];
}

/** What it is and whom it concerns → the rest of it, as a record has it. */
export const besideInWords = ({ imports, moves, forgotten, actions, checks }: Beside): Record<string, string> =>
  Object.fromEntries([
    ...imports.map(({ address, from }) => [`import of ${address}`, `from ${from}`]),
    ...moves.map(({ address, from }) => [`move to ${address}`, `from ${from}`]),
    ...forgotten.map((address) => [`leaving ${address} to itself`, "out of the state"]),
    ...actions.map(({ address, when }) => [`action ${address}`, when]),
    ...checks.map(({ address, what }) => [`check ${address}`, what]),
  ]);

/** Does it change the state, though no resource? */
export const movesState = ({ imports, moves, forgotten }: Beside): boolean =>
  imports.length + moves.length + forgotten.length > 0;
