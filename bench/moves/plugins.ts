/** How long each of Terraform's plugins takes to start, alone. */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { World } from "../../rehearsal/world";
import type { StackConfig } from "../../terraform/config";
import { WorkingDirectory } from "../../terraform/working-directory";

export interface PluginTimes {
  readonly name: string;
  /** From the process until it says where it listens. */
  readonly handshake: readonly number[];
  /** `terraform validate` of a stack with nothing but this plugin. */
  readonly validate: readonly number[];
}

type Required = NonNullable<StackConfig["terraform"]["required_providers"]>;

/** What go-plugin wants of whoever starts a plugin of Terraform's: it is public, and no secret. */
const HANDSHAKE = {
  TF_PLUGIN_MAGIC_COOKIE: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
  PLUGIN_PROTOCOL_VERSIONS: "5,6",
};
/** Seconds. */
const LONGEST = 60;

/** Each alone, and Terraform without any as "none". */
export async function pluginTimes(world: World, required: Required, runs: number): Promise<readonly PluginTimes[]> {
  const times: PluginTimes[] = [];
  const { means, directory } = world.options;
  for (const [name, provider] of [["none", undefined] as const, ...Object.entries(required)]) {
    const path = join(directory, `only-${name}`);
    const data = join(directory, `only-${name}.data`);
    mkdirSync(path, { recursive: true });
    const alone = new WorkingDirectory(means.terraform, path, {
      ...world.access(),
      ...world.childEnv,
      TF_DATA_DIR: data,
    });
    alone.write({ terraform: provider ? { required_providers: { [name]: provider } } : {} }, "");
    await alone.init();
    const validate: number[] = [];
    const handshake: number[] = [];
    for (let i = 0; i < runs; i++) {
      validate.push(await milliseconds(() => alone.must("validate", ["-json"])));
      if (provider)
        handshake.push(await milliseconds(() => started(binaryOf(data, means.terraform.registry, provider))));
    }
    times.push({ name, handshake, validate });
  }
  return times;
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** Where `terraform init` has put it, or has a link to it. */
function binaryOf(data: string, registry: string, { source, version }: Required[string]): string {
  const place = source.split("/").length > 2 ? source : `${registry}/${source}`;
  const system = `${process.platform}_${ARCHITECTURES[process.arch] ?? process.arch}`;
  const folder = join(data, "providers", place, version ?? "", system);
  return join(
    folder,
    readdirSync(folder).find((file) => file.startsWith("terraform-provider-"))!,
  );
}

function started(binary: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, [], { env: { ...HANDSHAKE, TMPDIR: "/tmp" }, stdio: ["ignore", "pipe", "ignore"] });
    const timer = setTimeout(() => child.kill("SIGKILL"), LONGEST * 1000);
    child.on("error", reject);
    child.on("exit", () => reject(new Error(`${binary} ended before it listened`)));
    child.stdout.once("data", () => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      resolve();
    });
  });
}

export async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}
