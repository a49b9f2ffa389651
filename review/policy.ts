/** What a policy is: a demand with its reason, and how what breaks it is found. */
import type { Environment } from "../model/environment";
import type { Platform } from "../model/platform";
import type { Plan } from "../terraform/plan";
import type { Configuration } from "./configuration";

/** One place that breaks a policy. */
export interface Finding {
  /** Of the resource, or "environment" for what is no resource. */
  readonly address: string;
  /** What was found there. */
  readonly given: string;
  /** What to do about it. */
  readonly fix: string;
  /** Is it said only? @default it breaks the policy */
  readonly level?: "said";
}

export interface PolicyContext {
  readonly plan: Plan;
  readonly platform: Platform;
  readonly environment: Environment;
  /** What the plan was made of; undefined where that is not at hand. */
  readonly configuration?: Configuration | undefined;
}

export interface Policy {
  /** For waivers: "keep-data". */
  readonly name: string;
  /** What it demands, in a clause. */
  readonly demands: string;
  readonly reason: string;
  /** Why it demands nothing here; undefined where it does. */
  readonly pointless?: (context: PolicyContext) => string | undefined;
  readonly findings: (context: PolicyContext) => readonly Finding[];
}
