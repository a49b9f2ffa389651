/** Stands in for main.ts where tests need stacks but not Manacore's whole ones, which take a second to synthesize. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CheckOptions } from "../../../cli/catalog/check-stacks";
import { type LoadedPlatform, loadPlatform } from "../../../config/load";
import { PROVIDER_VERSIONS } from "../../../constructs/provider-versions";
import { DELIVERY, type StackName } from "../../../model/delivery";
import { stacksOf } from "../../../model/pipeline";

const { docker, hcloud, cloudflare, github } = PROVIDER_VERSIONS;

export const SMALL = {
  variable: { hcloud_token: { type: "string", sensitive: true }, ssh_public_keys: { type: "map(string)" } },
  resource: {
    docker_network: { networks_data: {} },
    docker_image: { chat: {}, news: {} },
    hcloud_ssh_key: { host_key: { for_each: "${var.ssh_public_keys}" } },
  },
};

const stack = (name: StackName): object =>
  name === DELIVERY
    ? {
        variable: { github_token: { type: "string" }, plan_secrets: { type: "map(string)", default: {} } },
        resource: { github_repository_ruleset: { rules: {} } },
        terraform: { required_providers: { github } },
      }
    : {
        ...SMALL,
        terraform: { required_providers: name === "development" ? { docker } : { docker, hcloud, cloudflare } },
      };

export function synthesize(env: { readonly PLATFORM: string | undefined }, outdir: string): LoadedPlatform {
  const loaded = loadPlatform({ platform: env["PLATFORM"] });
  for (const name of stacksOf(loaded.platform)) {
    mkdirSync(join(outdir, "stacks", name), { recursive: true });
    writeFileSync(join(outdir, "stacks", name, "cdk.tf.json"), JSON.stringify(stack(name)));
  }
  return loaded;
}

/** Runs a command on the small stacks, and collects what it says. */
export const onSmallStacks =
  (command: (options: CheckOptions) => Promise<number>) =>
  async (options: CheckOptions = {}): Promise<{ code: number; lines: string[] }> => {
    const lines: string[] = [];
    const code = await command({ synthesize, ...options, write: (line) => lines.push(line) });
    return { code, lines };
  };
