/** How a platform's own repository at GitHub deploys it: what a pipeline may do, who must agree, and what it is given. */
import type { StateStore } from "./environment";
import { type EnvironmentName, ENVIRONMENTS } from "./environment-name";
import type { Input } from "./values";

/** The stack beside the environments'. It is none itself: it has no host and runs nothing. */
export const DELIVERY = "delivery";
export type StackName = EnvironmentName | typeof DELIVERY;
export const STACKS: readonly StackName[] = [...ENVIRONMENTS, DELIVERY];

/** What must have happened before a job gets at an environment's secrets. */
export interface Gate {
  /** Must one of the reviewers agree? In a private repository GitHub has that on its Enterprise plan only. */
  readonly reviewed: boolean;
  /** May who has started a job be the one who agrees? `false` needs two reviewers, or a team. */
  readonly selfReview: boolean;
  /** May an administrator of the repository pass by all of it? */
  readonly adminsBypass: boolean;
  /** Minutes that each job waits besides, up to 43,200 (30 days). @default 0 */
  readonly waitMinutes?: number;
  /**
   * May jobs that nobody agrees to reach its host, for drift at night? Its key is as good as root there, so they could change
   * what runs. @default false: they ask the clouds alone, with tokens that only read
   */
  readonly hostWatched?: boolean;
}

/** What may happen to the branch that is deployed. */
export interface BranchRules {
  /** "main". */
  readonly branch: string;
  /** Reviews that a pull request needs, 1 to 10. */
  readonly approvals: number;
  /** Names of the pull-request workflow's jobs that must have passed, as GitHub shows them. */
  readonly checks: readonly string[];
  /**
   * Who must agree to a change of what is run, as GitHub names them ("ada", "acme/operators"); `.github/CODEOWNERS` is made
   * of it. Each must be one of the reviewers: GitHub passes over an owner whom it does not know.
   */
  readonly owners: readonly string[];
}

/** Inputs of the delivery stack alone. */
export interface DeliveryInputs {
  readonly githubToken: Input;
  readonly repository: Input;
  /** A map from whoever may agree, as GitHub names them ("ada", "acme/operators"), to their ids. */
  readonly reviewers: Input;
}

export interface Delivery {
  /**
   * Not the environments' bucket: this state holds the pipelines' tokens and keys, and pull requests' jobs have a token
   * that reads all of the environments' bucket.
   */
  readonly state: StateStore;
  /** The environments that pipelines deploy to. */
  readonly gates: Readonly<Partial<Record<EnvironmentName, Gate>>>;
  readonly rules: BranchRules;
  readonly inputs: DeliveryInputs;
}
