/**
 * Terraform expressions around values that Terraform only knows. cdktf's own functions do not support text with a
 * reference inside as an argument ("escape sequences … the output may be incorrect"), and that is all we have.
 */
import { type IResolvable, type IResolveContext, Token } from "cdktf";

/** An expression that is written as it is: `new Raw("values(var.keys)")`. */
export class Raw {
  constructor(readonly expression: string) {}
}

/** How cdktf marks a reference inside a string until synth. */
const REFERENCE = /(\$\{TfToken\[[^\]]+\]\})/;

/** A value as Terraform writes it: strings quoted and escaped, references in them left in place. */
export function expression(value: unknown): string {
  if (value instanceof Raw) return value.expression;
  if (typeof value === "string") {
    return `"${value
      .split(REFERENCE)
      .map((part, i) => (i % 2 === 1 ? part : escape(part)))
      .join("")}"`;
  }
  if (Array.isArray(value)) return `[${value.map(expression).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, v]) => v !== undefined);
    return `{${entries.map(([key, v]) => `${expression(key)} = ${expression(v)}`).join(", ")}}`;
  }
  return String(value);
}

const escape = (text: string): string => literal(JSON.stringify(text).slice(1, -1));

/** Text without references that Terraform takes as it is: `${` and `%{` would else begin an expression. */
export const literal = (text: string): string => text.replace(/[$%]\{/g, (opening) => opening[0] + opening);

/** The call of a Terraform function, as text for any attribute: `call("sha256", "a" + reference)`. */
export const call = (name: string, ...args: readonly unknown[]): string => Token.asString(new Call(name, args));

class Call implements IResolvable {
  readonly creationStack = [];

  constructor(
    private readonly name: string,
    private readonly args: readonly unknown[],
  ) {}

  resolve(context: IResolveContext): string {
    const outer = { suppressBraces: context.suppressBraces, ignoreEscapes: context.ignoreEscapes };
    // References inside stand in quoted text, so each keeps its own braces, and what looks like an escape is one of ours.
    context.suppressBraces = false;
    context.ignoreEscapes = true;
    const text = context.resolve(inner(this.name, this.args)) as string;
    Object.assign(context, outer);
    return outer.suppressBraces ? text : `\${${text}}`;
  }

  toString(): string {
    return Token.asString(this);
  }
}

/** The call of a function as an argument for another one. */
export const nested = (name: string, ...args: readonly unknown[]): Raw => new Raw(inner(name, args));

const inner = (name: string, args: readonly unknown[]): string => `${name}(${args.map(expression).join(", ")})`;

/** Does Terraform know this text only? */
export const isReference = (value: unknown): boolean => Token.isUnresolved(value);
