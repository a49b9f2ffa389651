import { TerraformVariable } from "cdktf";
import { Construct } from "constructs";
import { demandsOf, inWords } from "../model/made-up";
import type { Input } from "../model/values";

/**
 * The Terraform variables of a stack, one per input, made when first asked for. Secret inputs are sensitive.
 */
export class Variables extends Construct {
  private readonly made = new Map<string, TerraformVariable>();

  /** @param development use the inputs' development defaults, where they have one */
  constructor(
    scope: Construct,
    id: string,
    private readonly development: boolean,
  ) {
    super(scope, id);
  }

  variable(input: Input): TerraformVariable {
    const existing = this.made.get(input.name);
    if (existing) return existing;
    const variable = new TerraformVariable(this, input.name, {
      type: input.type ?? "string",
      description: input.description,
      sensitive: input.secret,
      nullable: false,
      ...(this.development && input.developmentDefault !== undefined ? { default: input.developmentDefault } : {}),
      validation: conditions(input, this.development).map(({ condition, message }) => ({
        condition: `\${${condition}}`,
        errorMessage: message,
      })),
    });
    variable.overrideLogicalId(input.name);
    this.made.set(input.name, variable);
    return variable;
  }

  /** The value as text with a Terraform reference in it. */
  text(input: Input): string {
    return this.variable(input).stringValue;
  }
}

/**
 * A copied examples/<platform>.env has every name with nothing behind it, and Terraform takes an empty text for a value.
 * A development default is for one's own computer, and so are fewer demands.
 */
function conditions(input: Input, development: boolean): NonNullable<Input["validation"]>[] {
  const { name, validation } = input;
  const own = validation === undefined ? [] : [validation];
  const { minLength, different } = demandsOf(input, !development);
  if (minLength === 1 && own.length > 0) return own;
  if (minLength === 1) {
    const message = `TF_VAR_${name} is set, but empty: give it a value, or leave it out where there is a default.`;
    return [{ condition: `length(var.${name}) > 0`, message }, ...own];
  }
  const simple = different > 1 ? [`length(distinct(split("", var.${name}))) >= ${different}`] : [];
  return [
    {
      condition: [`length(var.${name}) >= ${minLength}`, ...simple].join(" && "),
      message: `TF_VAR_${name} must have ${inWords({ minLength, different })}.`,
    },
    ...own,
  ];
}
