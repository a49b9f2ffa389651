import { ENVIRONMENTS } from "../../model/environment-name";
import type { Platform } from "../../model/platform";
import { error, type Problem } from "../../model/problem";
import { mayBeLetThrough, sameHeader, SET_BY_EDGE } from "../../model/visitor-headers";

export const checkEdge = (platform: Platform): Problem[] => [
  ...checkChallenge(platform),
  ...checkLetThrough(platform.edge.letThrough ?? []),
];

/** nginx cannot fetch certificates, and its companion proves names by DNS only. */
function checkChallenge(platform: Platform): Problem[] {
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

/** What the edge sets is never a visitor's to say, and what it does not empty needs no leave. */
const checkLetThrough = (names: readonly string[]): Problem[] =>
  names
    .filter((name) => !mayBeLetThrough().some((other) => sameHeader(name, other)))
    .map((name) =>
      error(
        `edge/letThrough/${name}`,
        Object.keys(SET_BY_EDGE).some((other) => sameHeader(name, other))
          ? "a header that the edge sets to what it knows"
          : "no header that the edge empties",
        `one of those that it empties (docs/edge.md): ${mayBeLetThrough().slice(0, 3).join(", ")} …`,
        "take it out: what the edge sets nobody else may, and any other header reaches services anyway",
      ),
    );
