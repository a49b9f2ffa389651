/**
 * The provider versions that everything here was tested with, and the only place that names them (ADR 0004). The
 * prebuilt bindings would pin older ones: docker 3.6.2 cannot plan a stack whose Docker host is not known yet.
 */
import type { TerraformStack } from "cdktf";

export const PROVIDER_VERSIONS = {
  docker: { source: "kreuzwerker/docker", version: "4.5.0" },
  hcloud: { source: "hetznercloud/hcloud", version: "1.68.0" },
  cloudflare: { source: "cloudflare/cloudflare", version: "5.22.0" },
  github: { source: "integrations/github", version: "6.13.0" },
} as const;

export type ProviderName = keyof typeof PROVIDER_VERSIONS;

/** Writes the tested version over the one that the bindings carry. Call it beside the provider's constructor. */
export function pinProvider(stack: TerraformStack, name: ProviderName): void {
  const { source, version } = PROVIDER_VERSIONS[name];
  stack.addOverride(`terraform.required_providers.${name}`, { source, version });
}
