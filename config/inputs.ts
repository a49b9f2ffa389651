import type { ProviderInputs } from "../model/environment";
import { madeUp } from "../model/made-up";
import { secret, setting } from "../model/values";

/** What Twinset itself is given for every platform: tokens of the providers, who may log in, how images are pulled. */
export const PROVIDER_INPUTS: ProviderInputs = {
  hcloudToken: secret("hcloud_token", {
    description: "API token (read and write) of this environment's own Hetzner Cloud project",
    where: "Hetzner Console → project → Security → API tokens",
    example: "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01",
  }),
  cloudflareApiToken: secret("cloudflare_api_token", {
    description: "API token that may edit the zone's DNS, page rules, cache rules and settings, and R2",
    where: "Cloudflare → My Profile → API Tokens",
    example: "0123456789abcdefghijklmnopqrstuvwxyzABCD",
  }),
  cloudflareZoneId: setting("cloudflare_zone_id", {
    description: "Id of the DNS zone",
    where: "Cloudflare → the zone's overview page, at the right",
    example: "0123456789abcdef0123456789abcdef",
  }),
  cloudflareAccountId: setting("cloudflare_account_id", {
    description: "Id of the account that has the R2 bucket for app bundles",
    where: "Cloudflare → the zone's overview page, at the right",
    example: "0123456789abcdef0123456789abcdef",
  }),
  edgeDnsToken: secret("edge_dns_token", {
    description:
      "API token with which the edge proves to Let's Encrypt that the zone is ours; may edit DNS, nothing else",
    where: "Cloudflare → My Profile → API Tokens → Edit zone DNS",
    example: "0123456789abcdefghijklmnopqrstuvwxyzABCD",
  }),
  registryUsername: setting("registry_username", {
    description: "GitHub user that pulls images from GHCR",
    where: "your GitHub user name",
  }),
  registryToken: secret("registry_token", {
    description: "Token of that user with the scope read:packages",
    where: "GitHub → Settings → Developer settings → Personal access tokens",
  }),
  sshAllowedCidrs: {
    ...setting("ssh_allowed_cidrs", {
      description: 'Addresses that SSH is open to, as a list: ["203.0.113.10/32"]',
      where: "the fixed addresses of those who deploy",
      example: '["203.0.113.10/32"]',
    }),
    type: "list(string)",
    validation: {
      condition:
        'length(var.ssh_allowed_cidrs) > 0 && alltrue([for c in var.ssh_allowed_cidrs : can(cidrhost(c, 0)) && !endswith(c, "/0")])',
      message: "SSH must be open to listed addresses only: at least one CIDR, and none that ends in /0.",
    },
  },
  sshPublicKeys: {
    ...setting("ssh_public_keys", {
      description: 'Who may log in, as a map from a name to a public key: {"ops"="ssh-ed25519 AAAA…"}',
      where: "cat ~/.ssh/id_ed25519.pub",
      example: '{"ops"="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDummyDummyDummyDummyDummyDummyDummyDummyDum ops"}',
    }),
    type: "map(string)",
    validation: {
      condition: "length(var.ssh_public_keys) > 0",
      message: "At least one public key is needed, or nobody can reach the server.",
    },
  },
  smokeKey: {
    ...madeUp("smoke_key", {
      description: "Value of the X-Twinset-Key header that lets a smoke test reach the set without traffic",
      minLength: 8,
      developmentDefault: "development",
    }),
    // It stands in the edge's rules, whose quotes it must not end.
    validation: {
      condition: 'can(regex("^[A-Za-z0-9_-]*$", var.smoke_key))',
      message: "TF_VAR_smoke_key may have letters, digits, dashes and underscores only.",
    },
  },
};
