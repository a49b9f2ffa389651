/** How clouds are reached, by what the environment has. */
import { cloudflareUrl } from "../../clients/cloudflare";
import { type HetznerAccess, hetznerEndpoint } from "../../clients/hetzner/hetzner";
import { error, ProblemsError } from "../../model/problem";
import type { CloudAccess } from "../../release/recover";

/** The clouds that the environment has tokens for. */
export function accessOf(env: NodeJS.ProcessEnv): CloudAccess {
  const hetzner = env["TF_VAR_hcloud_token"];
  const cloudflare = env["TF_VAR_cloudflare_api_token"];
  return {
    ...(hetzner ? { hetzner: { endpoint: hetznerEndpoint(env), token: hetzner } } : {}),
    ...(cloudflare ? { cloudflare: { baseUrl: cloudflareUrl(env), token: cloudflare } } : {}),
  };
}

/** The API with the environment's token, as recover and the prices have it. @throws ProblemsError without a token */
export function hetznerAccess(env: NodeJS.ProcessEnv): HetznerAccess {
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
