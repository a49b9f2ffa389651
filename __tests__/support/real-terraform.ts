/** Tests with the real Terraform and real provider plugins, where this computer has them. */
import { spawnSync } from "node:child_process";
import { PROVIDER_VERSIONS, type ProviderName } from "../../constructs/provider-versions";
import { missingPlugins } from "../../terraform/plugins";
import { childEnvironment, type Terraform } from "../../terraform/program";

export const TERRAFORM: Terraform = {
  binary: process.env["TERRAFORM_BINARY_NAME"] ?? "terraform",
  version: "",
  registry: "registry.terraform.io",
};

/** What tests with these providers lack here, in words; nothing: they can run. */
export function missingForReal(...providers: readonly ProviderName[]): string | undefined {
  const { status } = spawnSync(TERRAFORM.binary, ["version"], { env: childEnvironment(process.env) });
  if (status !== 0) return "there is no Terraform";
  const required = Object.fromEntries(providers.map((name) => [name, PROVIDER_VERSIONS[name]]));
  const missing = missingPlugins({ terraform: { required_providers: required } }, TERRAFORM, process.env);
  const names = missing.map(({ source, version }) => `${source} ${version}`);
  return names.length > 0 ? `there is no plugin ${names.join(", ")}` : undefined;
}
