/** How clouds are reached, by what the environment has. */
import { error, ProblemsError } from "../../model/problem";
import type { CloudAccess } from "../../release/recover";

/** Hetzner's and Cloudflare's own APIs. */
const APIS = { hetzner: "https://api.hetzner.cloud/v1", cloudflare: "https://api.cloudflare.com/client/v4" } as const;

/** The clouds that the environment has tokens for. */
export function accessOf(env: NodeJS.ProcessEnv): CloudAccess {
  const hetzner = env["TF_VAR_hcloud_token"];
  const cloudflare = env["TF_VAR_cloudflare_api_token"];
  return {
    ...(hetzner ? { hetzner: { endpoint: env["HCLOUD_ENDPOINT"] ?? APIS.hetzner, token: hetzner } } : {}),
    ...(cloudflare
      ? { cloudflare: { baseUrl: env["CLOUDFLARE_BASE_URL"] ?? APIS.cloudflare, token: cloudflare } }
      : {}),
  };
}

/** The API with the environment's token, as recover and the prices have it. @throws ProblemsError without a token */
export function hetznerAccess(env: NodeJS.ProcessEnv): { endpoint: string; token: string } {
  const token = env["TF_VAR_hcloud_token"] ?? env["HCLOUD_TOKEN"];
  const { hetzner } = accessOf({ ...env, ...(token ? { TF_VAR_hcloud_token: token } : {}) });
  if (hetzner) return hetzner;
  throw new ProblemsError([
    error(
      "TF_VAR_hcloud_token",
      "nothing",
      "the token of the environment's project",
      "load the environment's variables",
    ),
  ]);
}
