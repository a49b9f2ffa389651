/** What somebody could lay beside a stack so that another thing runs than was reviewed, while most of it is in no plan's JSON. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { World } from "../world";
import { must } from "./drill";

interface Tampering {
  readonly what: string;
  /** Terraform lays what is in this file over the stack. */
  readonly overrides: (stack: Stack) => object;
}

interface Stack {
  readonly resource: Readonly<Record<string, Readonly<Record<string, object>>>>;
  readonly provider: Readonly<Record<string, readonly object[]>>;
}

const GATE = "host_ready";

const of = (type: string, name: string, body: object): object => ({ resource: { [type]: { [name]: body } } });
const first = ({ resource }: Stack, type: string): string => {
  const [name] = Object.keys(resource[type] ?? {});
  must(name !== undefined, `the stack has no ${type}`);
  return name!;
};
const settings = ({ provider }: Stack, name: string, more: object): object => ({
  provider: { [name]: [{ ...provider[name]![0], ...more }] },
});

const TAMPERINGS: readonly Tampering[] = [
  {
    what: "a volume may be destroyed",
    overrides: (stack) => of("docker_volume", first(stack, "docker_volume"), { lifecycle: { prevent_destroy: false } }),
  },
  {
    what: "the server may be destroyed",
    overrides: (stack) => of("hcloud_server", first(stack, "hcloud_server"), { lifecycle: { prevent_destroy: false } }),
  },
  {
    what: "changes of a container are passed over",
    overrides: (stack) =>
      of("docker_container", first(stack, "docker_container"), { lifecycle: { ignore_changes: "all" } }),
  },
  {
    what: "the gate runs another command",
    overrides: () => of("terraform_data", GATE, { provisioner: [{ "local-exec": { command: "true" } }] }),
  },
  {
    what: "something runs when the gate goes",
    overrides: () =>
      of("terraform_data", GATE, { provisioner: [{ "local-exec": { command: "true", when: "destroy" } }] }),
  },
  { what: "another engine", overrides: (stack) => settings(stack, "docker", { host: "tcp://127.0.0.1:9" }) },
  {
    what: "any host key is taken",
    overrides: (stack) => settings(stack, "docker", { ssh_opts: ["-o", "StrictHostKeyChecking=no"] }),
  },
  {
    what: "the token goes to another API",
    overrides: (stack) => settings(stack, "hcloud", { endpoint: "http://127.0.0.1:9/v1" }),
  },
  {
    what: "an input is no secret any more",
    overrides: () => ({ variable: { registry_token: { type: "string", sensitive: false } } }),
  },
  {
    what: "a container does not wait for the host",
    overrides: (stack) => of("docker_volume", first(stack, "docker_volume"), { depends_on: [] }),
  },
];

const FILE = "tampered_override.tf.json";

/**
 * Each of them, and the very fingerprint that was reviewed.
 * @returns how many were refused
 */
export async function tampered(world: World, mark: string): Promise<number> {
  const { name } = world.desired.environment;
  const { path, stackPath } = world.terraform;
  const file = join(path, FILE);
  for (const { what, overrides } of TAMPERINGS) {
    writeFileSync(file, JSON.stringify(overrides(JSON.parse(readFileSync(stackPath, "utf8")) as Stack)));
    try {
      const { code, text } = await world.command(["apply", name, "--reviewed", mark]);
      // Terraform itself refuses what cannot be planned any more.
      must(code === 3 || code === 1, `${what}: apply --reviewed ended with ${code}: ${text}`);
      must(
        !/\d+ (changed|created|replaced|destroyed).* in \d+ s\./.test(text),
        `${what}: something was applied: ${text}`,
      );
    } finally {
      rmSync(file, { force: true });
    }
  }
  return TAMPERINGS.length;
}
