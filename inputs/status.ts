/** Which inputs of an environment are there: by name, never by value. */
import { type Environment } from "../model/environment";
import { inputUses } from "../model/inputs";
import { variableName } from "../model/pipeline";
import { type Platform } from "../model/platform";
import { STATE_STORE } from "./state-store";

export type InputState = "set" | "in file" | "default" | "missing" | "too short";

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
  const state = (name: string, hasDefault: boolean, minLength = 1): InputState => {
    const value = env[name] || file[name];
    if (value) return value.length < minLength ? "too short" : env[name] ? "set" : "in file";
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
        environment.host.kind === "local" && input.developmentDefault !== undefined,
        input.minLength,
      ),
      secret: input.secret,
      usedBy,
      ...(input.secret ? sameAs(variableName(input.name)) : {}),
    })),
  ];
}

/** Would Terraform refuse to plan? */
export const isWrong = ({ state }: InputStatus): boolean => state === "missing" || state === "too short";
