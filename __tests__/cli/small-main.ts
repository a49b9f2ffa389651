/** Stands in for main.ts where tests need stacks but not Manacore's whole ones, which take a second to synthesize. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CheckOptions } from "../../cli/check-stacks";
import { type LoadedPlatform, loadPlatform } from "../../config/load";
import { PROVIDER_VERSIONS } from "../../constructs/provider-versions";
import { ENVIRONMENTS, type EnvironmentName } from "../../model/environment";

const { docker, hcloud, cloudflare } = PROVIDER_VERSIONS;

export const SMALL = {
  variable: { hcloud_token: { type: "string" }, ssh_public_keys: { type: "map(string)" } },
  resource: {
    docker_network: { networks_data: {} },
    docker_image: { chat: {}, news: {} },
    hcloud_ssh_key: { host_key: { for_each: "${var.ssh_public_keys}" } },
  },
};

const stack = (name: EnvironmentName): object => ({
  ...SMALL,
  terraform: { required_providers: name === "development" ? { docker } : { docker, hcloud, cloudflare } },
});

export function synthesize(env: { readonly PLATFORM: string | undefined }, outdir: string): LoadedPlatform {
  for (const name of ENVIRONMENTS) {
    mkdirSync(join(outdir, "stacks", name), { recursive: true });
    writeFileSync(join(outdir, "stacks", name, "cdk.tf.json"), JSON.stringify(stack(name)));
  }
  return loadPlatform({ platform: env["PLATFORM"] });
}

/** Runs a command on the small stacks, and collects what it says. */
export const onSmallStacks =
  (command: (options: CheckOptions) => Promise<number>) =>
  async (options: CheckOptions = {}): Promise<{ code: number; lines: string[] }> => {
    const lines: string[] = [];
    const code = await command({ synthesize, ...options, write: (line) => lines.push(line) });
    return { code, lines };
  };
