/** The Dockerfile of a monorepo's images: what it promises, and that each promise would be missed. */
import { describe, expect, test } from "@jest/globals";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { servicesFor, TARGETS } from "../../images/targets";
import { brokenPromises, PROMISES } from "./promises";

const DOCKERFILE = readFileSync(join(__dirname, "../../images/templates/Dockerfile"), "utf8");

describe("the catalog", () => {
  test.each(TARGETS)("has services for %s", (target) => expect(servicesFor(target).length).toBeGreaterThan(8));

  test("has none that no template is for", () => {
    const known = TARGETS.flatMap((target) => servicesFor(target));
    expect(known).toHaveLength(33);
  });
});

const BROKEN = brokenPromises(DOCKERFILE);

test.each(Object.keys(PROMISES))("%s", (promise) => expect(BROKEN).not.toContain(promise));

/** A promise, and an edit that breaks it. */
const EDITS: readonly (readonly [string, string | RegExp, string])[] = [
  [
    "the container's user is 1001",
    /USER 1001:1001\nHEALTHCHECK --interval=30s --timeout=5s/,
    "HEALTHCHECK --interval=30s --timeout=5s",
  ],
  ["the container's user is 1001", "STOPSIGNAL SIGQUIT", "STOPSIGNAL SIGQUIT\nUSER root"],
  ["the health check asks what the catalog asks, as often, with wget", "$PORT/health", "$PORT/healthz"],
  ["the health check asks what the catalog asks, as often, with wget", "wget --spider -q", "curl -fsS"],
  ["the health check asks what the catalog asks, as often, with wget", "--start-period=40s", "--start-period=10s"],
  ["the health check asks what the catalog asks, as often, with wget", /HEALTHCHECK .*\n.*\nENTRYPOINT/, "ENTRYPOINT"],
  ["it exposes the port that it listens on", "EXPOSE ${PORT}", "EXPOSE 3000"],
  ["it exposes the port that it listens on", "ENV PORT=${PORT}", "ENV PORT=3000"],
  ["webs and landings listen on the catalog's port unless told otherwise", "ARG PORT=80", "ARG PORT=8080"],
  ["base images have a whole version, and may have a digest", /NODE_TAG=[\w.-]+/, "NODE_TAG=latest"],
  ["base images have a whole version, and may have a digest", /NGINX_TAG=[\w.-]+/, "NGINX_TAG=1.25-alpine"],
  ["base images have a whole version, and may have a digest", "${NODE_DIGEST:+@${NODE_DIGEST}}", ""],
  ["base images have a whole version, and may have a digest", /FROM nginx:\S+/, "FROM nginx"],
  ["no secret goes through a build argument or the environment", "ARG SOURCE", "ARG NPM_TOKEN\nARG SOURCE"],
  ["no secret goes through a build argument or the environment", "ENV CI=true", "ENV CI=true JWT_PRIVATE_KEY=x"],
  ["dependencies are the lockfile's", "--frozen-lockfile ", ""],
  [
    "downloads are kept between builds",
    "--mount=type=cache,id=pnpm,target=/pnpm/store",
    "--mount=type=cache,target=/root/.cache",
  ],
  ["downloads are kept between builds", "ENV npm_config_store_dir=/pnpm/store", "ENV npm_config_store_dir=/store"],
  ["a change of sources does not install again", "FROM pnpm AS build\n", "FROM pnpm AS build\nCOPY . .\n"],
  [
    "servers get production dependencies, installed apart from those of the build",
    "pnpm install --prod",
    "pnpm install",
  ],
  [
    "servers get production dependencies, installed apart from those of the build",
    "FROM pnpm AS production",
    "FROM build AS production",
  ],
  ["nothing else of the build stages gets into an image", "--from=production /app /app", "--from=build /monorepo /app"],
  ["nothing else of the build stages gets into an image", "FROM node AS runtime", "FROM build AS runtime"],
  ["there is no package manager", " /usr/local/bin/npx", ""],
  ["there is no package manager", /RUN rm -rf .*\\\n.*\\\n {2}&& /, "RUN "],
  ["what the service runs is not its own", "COPY --from=production /app", "COPY --chown=1001 --from=production /app"],
  ["what the service runs is not its own", "&& adduser", "&& chown 1001 /app && adduser"],
  ["the program gets its signals itself", 'CMD ["node", "build"]', "CMD node build"],
  ["running requests may end", "STOPSIGNAL SIGQUIT\n", ""],
  ["running requests may end", "SHUTDOWN_TIMEOUT=25", "SHUTDOWN_TIMEOUT=30"],
  ["labels say source, revision and version", "org.opencontainers.image.revision=${REVISION}", "revision=${REVISION}"],
  ["labels say source, revision and version", "ARG VERSION\n", ""],
  [
    "a migration's command is in the image of a backend",
    "${TEMPLATES}/pnpm /usr/local/bin/pnpm",
    "${TEMPLATES}/pnpm /bin/npm",
  ],
];

test.each(EDITS)("without it, it is missed that %s (%s → %s)", (promise, from, to) => {
  const edited = DOCKERFILE.replace(from, () => to);
  expect(edited).not.toBe(DOCKERFILE);
  expect(brokenPromises(edited)).toContain(promise);
});

test("every promise has an edit that breaks it", () => {
  expect([...new Set(EDITS.map(([promise]) => promise))].sort()).toEqual(Object.keys(PROMISES).sort());
});
