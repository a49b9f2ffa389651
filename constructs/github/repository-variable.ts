import { ActionsVariable } from "@cdktf/provider-github/lib/actions-variable";
import { Construct } from "constructs";

export interface RepositoryVariableProps {
  /** A token. */
  readonly repository: string;
  /** In capitals, as GitHub keeps it. */
  readonly name: string;
  readonly value: string;
}

/** A variable that every workflow of the repository has, whichever environment its jobs are in. */
export class RepositoryVariable extends Construct {
  constructor(scope: Construct, id: string, { repository, name, value }: RepositoryVariableProps) {
    super(scope, id);
    new ActionsVariable(this, "resource", { repository, variableName: name, value });
  }
}
