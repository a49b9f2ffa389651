import { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import { expect } from "@jest/globals";
import type { TerraformStack } from "cdktf";
import type { Engine } from "../../constructs/docker/engine";
import { pinProvider } from "../../constructs/provider-versions";
import { checkTerraform } from "./provider-schemas";
import { SCHEMAS, synthConstruct, type Synthesized } from "./synth";

/** An engine in a stack that is not ours. */
export function engineIn(stack: TerraformStack, change: Partial<Engine> = {}): Engine {
  const provider = new DockerProvider(stack, "docker", {});
  pinProvider(stack, "docker");
  return {
    provider,
    prefix: "demo-test",
    labelPrefix: "org.example",
    environment: "test",
    ready: [],
    replacedWith: [],
    replaceOrder: "new-first",
    logs: { driver: "json-file", options: { "max-size": "1m" } },
    protectData: false,
    ...change,
  };
}

/** Synthesizes constructs alone and checks them against the schemas. */
export function synthChecked(build: (stack: TerraformStack) => void): Synthesized {
  const stack = synthConstruct(build);
  expect(checkTerraform(stack.json, SCHEMAS)).toEqual([]);
  return stack;
}
