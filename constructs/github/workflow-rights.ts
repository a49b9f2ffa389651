import { RepositoryRuleset } from "@cdktf/provider-github/lib/repository-ruleset";
import { WorkflowRepositoryPermissions } from "@cdktf/provider-github/lib/workflow-repository-permissions";
import { Construct } from "constructs";

export interface WorkflowRightsProps {
  /** A token. */
  readonly repository: string;
}

/** Roles as rulesets number them (docs.github.com, "Create a repository ruleset": RepositoryRole): maintain, write, admin. */
const PEOPLE_WHO_WRITE = [2, 4, 5];

/**
 * What a workflow may do with the repository, whoever wrote it. Who pushes a branch writes its workflows, and these act as
 * github-actions[bot]: a pull request that it opened, or a commit that it pushed, could be approved by that very person. So
 * it opens and approves none, and it pushes nowhere.
 */
export class WorkflowRights extends Construct {
  constructor(scope: Construct, id: string, { repository }: WorkflowRightsProps) {
    super(scope, id);
    new WorkflowRepositoryPermissions(this, "token", {
      repository,
      defaultWorkflowPermissions: "read",
      canApprovePullRequestReviews: false,
    });
    // A job's token has no role, and GitHub lets its app into no list of exceptions. The branch that is deployed has rules
    // of its own besides, without exceptions.
    new RepositoryRuleset(this, "branches", {
      repository,
      name: "people push",
      target: "branch",
      enforcement: "active",
      conditions: { refName: { include: ["~ALL"], exclude: [] } },
      bypassActors: PEOPLE_WHO_WRITE.map((actorId) => ({
        actorId,
        actorType: "RepositoryRole",
        bypassMode: "always",
      })),
      rules: { creation: true, update: true, deletion: true },
    });
  }
}
