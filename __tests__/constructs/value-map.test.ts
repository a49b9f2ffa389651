/** __tests__/rehearsal/delivery.test.ts has Terraform itself refuse what these expressions refuse. */
import { expect, test } from "@jest/globals";
import { ValueMap, type ValueMapProps } from "../../constructs/value-map";
import { synthConstruct } from "../support/synth";

interface Variable {
  readonly validation: readonly { readonly condition: string; readonly error_message: string }[];
}

const usual: ValueMapProps = {
  description: "What it is",
  secret: true,
  required: [{ name: "A" }, { name: "B", minLength: 32, different: 8 }],
  fix: "Do this.",
};
const variable = (change: Partial<ValueMapProps> = {}): Variable => {
  const stack = synthConstruct((scope) => void new ValueMap(scope, "things", { ...usual, ...change }));
  return (stack.json["variable"] as Record<string, Variable>)["things"]!;
};

test("a map of texts, empty without a value, so that what is missing is told and not asked for", () => {
  expect(variable()).toMatchObject({ type: "map(string)", default: {}, nullable: false, sensitive: true });
  expect(variable({ secret: false })).toMatchObject({ sensitive: false });
});

test("every name must have a value that is long enough, and those that have none are named with the fix", () => {
  const [missing] = variable().validation;
  for (const text of [missing!.condition, missing!.error_message]) {
    expect(text).toContain('{"A" = [1, 1], "B" = [32, 8]}');
    expect(text).toContain('if length(lookup(var.things, name, "")) < least[0] || length(distinct(');
  }
  expect(missing!.condition).toMatch(/^\$\{length\(.*\) == 0\}$/);
  expect(missing!.error_message).toMatch(
    /^Missing in things, too short or too simple: \$\{join\(", ", .*\)\}\. Do this\.$/,
  );
});

test("of a secret map the names may be seen, the values may not", () => {
  const [secret] = variable().validation;
  expect(secret!.error_message).toContain("nonsensitive([for name, least in");
  expect(secret!.error_message).not.toMatch(/nonsensitive\(var|var\.things\[/);
  expect(variable({ secret: false }).validation[0]!.condition).not.toContain("nonsensitive");
});

test("further conditions stand beside", () => {
  const validation = [{ condition: "var.things != {}", message: "None." }];
  expect(variable({ validation }).validation[1]).toEqual({
    condition: "${var.things != {}}",
    error_message: "None.",
  });
});

test("others refer to it by its name", () => {
  let expression = "";
  synthConstruct((scope) => (expression = new ValueMap(scope, "things", usual).expression));
  expect(expression).toBe("var.things");
});
