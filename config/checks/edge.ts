import { ENVIRONMENTS } from "../../model/environment-name";
import type { Platform } from "../../model/platform";
import { error, type Problem } from "../../model/problem";

/** nginx cannot fetch certificates, and its companion proves names by DNS only. */
export function checkEdge(platform: Platform): Problem[] {
  return ENVIRONMENTS.filter((name) => {
    const { tls } = platform.environments[name];
    return platform.edge.kind === "nginx" && tls.kind === "letsencrypt" && tls.challenge !== "dns";
  }).map((name) =>
    error(
      `environments/${name}/tls/challenge`,
      "http, with nginx as the edge",
      "dns, which nginx's companion uses",
      'write challenge: "dns", or take traefik as the edge',
    ),
  );
}
