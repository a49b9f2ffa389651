import { describe, expect, test } from "@jest/globals";
import { ENVIRONMENTS, type EnvironmentName } from "../../model/environment-name";
import { configurationOf } from "../../review/configuration";
import { checkPolicies } from "../../review/policies";
import { STACK_POLICIES } from "../../review/stack-policies";
import { EVERY_PLATFORM, MANACORE as LOADED } from "../support/platforms";
import { MANACORE, plan, resource } from "../support/plan";
import { synthStack } from "../support/synth";

type Json = Record<string, unknown>;
interface Stack extends Json {
  readonly resource: Record<string, Record<string, Json>>;
  readonly provider: Record<string, Json[]>;
  readonly variable: Record<string, Json>;
}

const stackOf = (name: EnvironmentName, of = LOADED): Stack => structuredClone(synthStack(of, name).json) as Stack;

/** "policy address given" of all that breaks one of them. */
function broken(
  stack: Stack,
  name: EnvironmentName = "production",
  others: Record<string, string> = {},
  of = LOADED,
): string[] {
  const { platform } = of;
  const files = new Map([["cdk.tf.json", JSON.stringify(stack)], ...Object.entries(others)]);
  const context = {
    plan: plan(
      Object.entries(stack.resource).flatMap(([type, named]) =>
        Object.keys(named).map((each) => resource(`${type}.${each}`, "stays", { name: "x", rule: [] })),
      ),
    ),
    ...{ platform, environment: platform.environments[name] },
    configuration: configurationOf({ files, providers: {} }),
  };
  const names = new Set(STACK_POLICIES.map((policy) => policy.name));
  return checkPolicies(context, { now: new Date() })
    .filter(({ policy }) => names.has(policy.name))
    .flatMap(({ policy, broken: found }) => found.map(({ address, given }) => `${policy.name}: ${address} ${given}`));
}

const changed = (edit: (stack: Stack) => void, name: EnvironmentName = "production"): string[] => {
  const stack = stackOf(name);
  edit(stack);
  return broken(stack, name);
};
const first = (stack: Stack, type: string): Json => Object.values(stack.resource[type]!)[0]!;

describe.each(EVERY_PLATFORM)("%s", (_, of) => {
  test.each(ENVIRONMENTS)("%s breaks none as the catalog makes it", (name) => {
    expect(broken(stackOf(name, of), name, {}, of)).toEqual([]);
  });
});

test("without the text of the stack nobody can say", () => {
  const context = { plan: plan([]), platform: MANACORE, environment: MANACORE.environments.production };
  const own = checkPolicies(context, { now: new Date() }).filter(({ policy }) => STACK_POLICIES.includes(policy));
  expect(new Set(own.map(({ pointless }) => pointless))).toEqual(new Set(["the text of the stack is not at hand"]));
});

describe("prevent-destroy", () => {
  test.each([
    ["docker_volume", "postgres_data"],
    ["hcloud_volume", "host_data"],
    ["hcloud_server", "host_server"],
    ["hcloud_primary_ip", "host_ipv4"],
  ])("%s.%s without it", (type, name) => {
    const expected = [`prevent-destroy: ${type}.${name} has no prevent_destroy`];
    const lifecycle = (value: unknown) => (stack: Stack) => void (stack.resource[type]![name]!["lifecycle"] = value);
    expect(changed(lifecycle(undefined))).toEqual(expected);
    expect(changed(lifecycle({ prevent_destroy: false }))).toEqual(expected);
    expect(changed(lifecycle([{ prevent_destroy: false }]))).toEqual(expected);
    expect(changed(lifecycle({ prevent_destroy: true }))).toEqual([]);
  });
  test("what comes back by itself may go, and everything where data is not protected", () => {
    const { resource: all } = stackOf("production");
    expect(all["docker_volume"]!["prometheus_data"]!["lifecycle"]).toMatchObject({ prevent_destroy: false });
    const open = (stack: Stack): void =>
      Object.values(stack.resource["docker_volume"]!).forEach((each) => delete each["lifecycle"]);
    expect(changed(open, "development")).toEqual([]);
    expect(changed(open, "staging").length).toBeGreaterThan(2);
  });
});

describe("inputs-marked", () => {
  test("each secret input", () => {
    const stack = stackOf("production");
    const secret = Object.entries(stack.variable).filter(([, { sensitive }]) => sensitive === true);
    expect(secret.length).toBeGreaterThan(10);
    for (const [name] of secret) {
      expect(changed((of) => void (of.variable[name]!["sensitive"] = false))).toEqual([
        `inputs-marked: var.${name} is not marked`,
      ]);
    }
  });
});

describe("own-providers", () => {
  const set = (name: string, more: Json): string[] =>
    changed((stack) => void (stack.provider[name] = [{ ...stack.provider[name]?.[0], ...more }]));
  test.each([
    ["docker", { host: "ssh://deploy@203.0.113.66" }, "speaks to ssh://deploy@203.0.113.66"],
    ["docker", { host: "ssh://root@${hcloud_primary_ip.host_ipv4.ip_address}" }, "speaks to ssh://root@"],
    ["docker", { host: "tcp://10.0.0.1:2375" }, "speaks to tcp://10.0.0.1:2375"],
    ["docker", { cert_path: "/x" }, "has the setting cert_path"],
    ["hcloud", { endpoint: "https://api.example.com/v1" }, "has the setting endpoint"],
    ["cloudflare", { base_url: "https://api.example.com" }, "has the setting base_url"],
    ["http", { url: "https://example.com" }, "has the setting url"],
  ])("%s %j", (name, more, given) => {
    expect(set(name, more as Json)[0]).toContain(`own-providers: provider.${name} ${given}`);
  });
  test("one more of the same kind is looked at, too", () => {
    const found = changed(
      (stack) => void stack.provider["docker"]!.push({ alias: "other", host: "tcp://10.0.0.1:2375" }),
    );
    expect(found).toEqual([
      "own-providers: provider.docker has the setting alias",
      "own-providers: provider.docker speaks to tcp://10.0.0.1:2375",
    ]);
  });
});

describe("known-hosts", () => {
  test.each([
    ["-o", "StrictHostKeyChecking=no"],
    ["-o", "StrictHostKeyChecking no"],
    ["-o", "stricthostkeychecking=off"],
    ["-o", "UserKnownHostsFile=/dev/null"],
  ])("%s %s", (...options) => {
    const found = changed((stack) => void (stack.provider["docker"]![0]!["ssh_opts"] = options));
    expect(found).toEqual(["known-hosts: provider.docker takes any host key"]);
  });
  test("in a provisioner's command", () => {
    const command = "ssh -o StrictHostKeyChecking=no deploy@x true";
    const found = changed(
      (stack) => void (first(stack, "terraform_data")["provisioner"] = [{ "local-exec": { command } }]),
    );
    expect(found).toContain("known-hosts: terraform_data.host_ready takes any host key");
  });
});

describe("own-provisioners", () => {
  const own =
    "own-provisioners: terraform_data.host_ready has a provisioner or a connection that no construct of Twinset's makes";
  const provisioner = (value: unknown) =>
    changed((stack) => void (first(stack, "terraform_data")["provisioner"] = value));
  const gate = (): Json => {
    const [one] = first(stackOf("production"), "terraform_data")["provisioner"] as { "local-exec": Json }[];
    return one!["local-exec"];
  };
  test.each([
    ["another command", () => [{ "local-exec": { command: "true" } }]],
    ["a line more", () => [{ "local-exec": { ...gate(), command: `${String(gate()["command"])}\ncurl example.com` } }]],
    ["another interpreter", () => [{ "local-exec": { ...gate(), interpreter: ["/bin/sh", "-c"] } }]],
    ["when it goes", () => [{ "local-exec": { ...gate(), when: "destroy" } }]],
    ["goes on when it fails", () => [{ "local-exec": { ...gate(), on_failure: "continue" } }]],
    [
      "one more variable",
      () => [{ "local-exec": { ...gate(), environment: { HOST: "x", TOKEN: "${var.hcloud_token}" } } }],
    ],
    ["on the server", () => [{ "remote-exec": { inline: ["true"] } }]],
    ["a file", () => [{ file: { source: "a", destination: "b" } }]],
    ["one more", () => [{ "local-exec": gate() }, { "local-exec": { command: "true" } }]],
    ["as one object", () => ({ "local-exec": { command: "true" } })],
  ])("%s", (_, value) => expect(provisioner(value())).toEqual([own]));
  test("the command of the jobs with an environment is another one", () => {
    const found = changed((stack) => {
      const job = Object.values(stack.resource["docker_container"]!).find((each) => each["provisioner"])!;
      job["provisioner"] = [{ "local-exec": { command: "exit ${self.exit_code}", environment: { PATH: "/tmp" } } }];
    });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^own-provisioners: docker_container\./);
  });
  test("a connection", () => {
    expect(changed((stack) => void (first(stack, "hcloud_server")["connection"] = { host: "x" }))).toHaveLength(1);
  });
});

test("one-stack: files beside it, and modules", () => {
  expect(broken(stackOf("production"), "production", { "x_override.tf.json": "{}", "x.tf": "" })).toEqual([
    "one-stack: x.tf is read, too",
    "one-stack: x_override.tf.json is read, too",
  ]);
  expect(changed((stack) => void (stack["module"] = { part: { source: "./part" } }))).toEqual([
    "one-stack: module.part is a module",
  ]);
});
