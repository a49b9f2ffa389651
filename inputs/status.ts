/** Which inputs of an environment are there: by name, never by value. */
import { type Environment } from "../model/environment";
import { inputUses } from "../model/inputs";
import { type Demands, demandsOf, type Weakness, weakness, WEAKNESSES } from "../model/made-up";
import { variableName } from "../model/pipeline";
import { type Platform } from "../model/platform";
import { STATE_STORE } from "./state-store";

export type InputState = "set" | "in file" | "default" | "missing" | Weakness;

export interface InputStatus {
  /** Name of the environment variable. */
  readonly name: string;
  readonly state: InputState;
  readonly secret: boolean;
  readonly usedBy: readonly string[];
  /** Another secret that has the very same value. */
  readonly sameAs?: string;
}

/**
 * Which inputs of an environment are there.
 * @param env the process's environment: what Terraform will see
 * @param file what the environment's file holds, loaded or not
 */
export function inputStatus(
  platform: Platform,
  environment: Environment,
  env: Readonly<Record<string, string | undefined>>,
  file: Readonly<Record<string, string | undefined>> = {},
): InputStatus[] {
  const deployed = environment.host.kind !== "local";
  const state = (name: string, hasDefault: boolean, demands: Demands = {}): InputState => {
    const value = env[name] || file[name];
    if (value) return weakness(value, demands) ?? (env[name] ? "set" : "in file");
    return hasDefault ? "default" : "missing";
  };
  const first = new Map<string, string>();
  const sameAs = (name: string): { sameAs?: string } => {
    const value = env[name] || file[name];
    if (!value) return {};
    const other = first.get(value);
    if (other === undefined) first.set(value, name);
    return other === undefined ? {} : { sameAs: other };
  };
  const store =
    environment.state.kind === "s3"
      ? STATE_STORE.map(({ name }) => ({
          name,
          state: state(name, false),
          secret: name !== "AWS_ENDPOINT_URL_S3",
          usedBy: ["state store"],
        }))
      : [];
  return [
    ...store,
    ...inputUses(platform, environment).map(({ input, usedBy }) => ({
      name: variableName(input.name),
      state: state(
        variableName(input.name),
        !deployed && input.developmentDefault !== undefined,
        demandsOf(input, deployed),
      ),
      secret: input.secret,
      usedBy,
      ...(input.secret ? sameAs(variableName(input.name)) : {}),
    })),
  ];
}

/** Would Terraform refuse to plan? */
export const isWrong = ({ state }: InputStatus): boolean => WRONG.some((wrong) => wrong === state);

/** States with which Terraform refuses to plan. */
export const WRONG = ["missing", ...WEAKNESSES] as const satisfies readonly InputState[];
