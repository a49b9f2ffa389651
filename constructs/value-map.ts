import { TerraformVariable } from "cdktf";
import { Construct } from "constructs";
import type { Demands } from "../model/made-up";
import { expression } from "./terraform-expression";

export interface ValueMapProps {
  readonly description: string;
  /** Nobody may see what is in it; the names of what is missing may be seen. */
  readonly secret: boolean;
  /** What has to be in it, and what each must have. More is no mistake. */
  readonly required: readonly (Demands & { readonly name: string })[];
  /** What to do where something is missing. */
  readonly fix: string;
  /** Conditions besides. @default none */
  readonly validation?: readonly { readonly condition: string; readonly message: string }[];
}

/**
 * A Terraform variable that is a map from names to values. Terraform refuses one that lacks something before it plans, and
 * names all that is missing. Without any value it is empty, so that it is refused in the same words.
 */
export class ValueMap extends Construct {
  /** Terraform's expression for it. */
  readonly expression: string;

  constructor(scope: Construct, id: string, props: ValueMapProps) {
    super(scope, id);
    this.expression = `var.${id}`;
    const least = Object.fromEntries(
      props.required.map(({ name, minLength = 1, different = 1 }) => [name, [minLength, different]]),
    );
    const given = `lookup(${this.expression}, name, "")`;
    const short = `length(${given}) < least[0] || length(distinct(split("", ${given}))) < least[1]`;
    const missing = `[for name, least in ${expression(least)} : name if ${short}]`;
    const names = props.secret ? `nonsensitive(${missing})` : missing;
    const variable = new TerraformVariable(this, "resource", {
      type: "map(string)",
      description: props.description,
      sensitive: props.secret,
      nullable: false,
      default: {},
      validation: [
        {
          condition: `\${length(${names}) == 0}`,
          errorMessage: `Missing in ${id}, too short or too simple: \${join(", ", ${names})}. ${props.fix}`,
        },
        ...(props.validation ?? []).map(({ condition, message }) => ({
          condition: `\${${condition}}`,
          errorMessage: message,
        })),
      ],
    });
    variable.overrideLogicalId(id);
  }
}
