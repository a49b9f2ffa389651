import { type ITerraformDependable, TerraformResource } from "cdktf";
import { Construct } from "constructs";
import { waitForHost } from "../../model/provisioners";
import { SSH_SETTINGS } from "../../model/server";

const options = (settings: readonly string[]): string[] => settings.flatMap((setting) => ["-o", setting]);

/** How the Docker provider uses SSH. */
export const SSH_OPTIONS: readonly string[] = options(SSH_SETTINGS);

/**
 * Terraform's built-in resource. cdktf's own class for it runs `terraform version` at each synth, and fails without one;
 * a synth of ours needs no Terraform.
 */
class TerraformData extends TerraformResource {}

export interface ReadinessGateProps {
  /** A token. */
  readonly address: string;
  /** Ids of what the gate stands for; when one changes, it waits again. */
  readonly replacedWith: Readonly<Record<string, string>>;
}

/**
 * Waits, from the machine that runs Terraform, until cloud-init has ended well and Docker answers. Everything on the
 * engine depends on it, and is replaced with it: a new server has no containers.
 */
export class ReadinessGate extends Construct implements ITerraformDependable {
  readonly fqn: string;
  /** As `replace_triggered_by` takes it: a bare address, where cdktf would write an expression. */
  readonly address: string;

  constructor(scope: Construct, id: string, props: ReadinessGateProps) {
    super(scope, id);
    const gate = new TerraformData(this, "resource", {
      terraformResourceType: "terraform_data",
      provisioners: [
        {
          type: "local-exec",
          environment: { HOST: props.address },
          command: waitForHost(),
        },
      ],
    });
    gate.addOverride("triggers_replace", props.replacedWith);
    this.fqn = gate.fqn;
    this.address = `${gate.terraformResourceType}.${gate.friendlyUniqueId}`;
  }
}
