import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { Finding } from "../../doctor";
import { github } from "../../doctor/github";
import { images } from "../../doctor/images";
import { inTurns } from "../../doctor/in-turns";
import type { Release } from "../../model/release";
import { withRegistry } from "../../rehearsal/adapt";
import { startGithub } from "../../simulators/github";
import { type RegistrySimulator, startRegistry } from "../../simulators/registry";
import { Client, PUSHER } from "../simulators/registry-client";
import { about, contextFor, SMALL, told, TOKENS, unhelpful } from "../support/patient";
import { WebServer } from "../support/web-server";

const SERVICES = ["chat-backend", "chat-web", "chat-landing"];
const repository = (service: string): string => `${SMALL.platform.registry.owner}/${service}`;

let registry: RegistrySimulator;
const digests: Record<string, string> = {};
beforeAll(async () => {
  const puller = { username: "puller", password: TOKENS.registry, permission: "pull" as const };
  registry = await startRegistry({ accounts: [PUSHER, puller] });
  const client = new Client(registry, SERVICES.map(repository));
  for (const service of SERVICES) {
    for (const tag of ["v1", "v2"]) digests[`${service}:${tag}`] = await client.push(repository(service), tag);
  }
});
afterAll(() => registry.stop());

const set = (version: string, pinned?: Readonly<Record<string, string>>) => ({
  version,
  ...(pinned ? { digests: pinned } : {}),
});
const CHAT: Release = { chat: { live: "blue", canary: 0, blue: set("v1"), green: null } };

async function examined(release: Release, env: NodeJS.ProcessEnv = {}, host = registry.host): Promise<Finding[]> {
  const platform = withRegistry(SMALL.platform, host);
  const products = platform.products.filter(({ name }) => name === "chat");
  return images(contextFor({ platform: { ...platform, products }, release, env }));
}

describe("the images of the release file", () => {
  test("are all there, of both sets", async () => {
    const both: Release = { chat: { live: "blue", canary: 10, blue: set("v1"), green: set("v2") } };
    expect(told(await examined(CHAT))).toEqual(["ok in the registry: 3 of 3 images"]);
    expect(told(await examined(both))).toEqual(["ok in the registry: 6 of 6 images"]);
  });

  test("are missing, and named", async () => {
    const findings = await examined({ chat: { live: "blue", canary: 0, blue: set("v9"), green: null } });
    expect(told(findings)).toEqual([
      expect.stringMatching(/^failure in the registry: not there: 3 images, .*chat-backend:v9/),
    ]);
    expect(unhelpful(findings)).toEqual([]);
  });

  test("are there in part", async () => {
    const tags = { "chat-web": "v9" };
    const findings = await examined({ chat: { ...CHAT["chat"]!, blue: { version: "v1", tags } } });
    expect(told(findings)).toEqual([
      `failure in the registry: not there: 1 image, ${registry.host}/${repository("chat-web")}:v9`,
      "ok in the registry: 2 of 3 images",
    ]);
  });

  test("are asked for by their digests, where they are pinned", async () => {
    const pinned = Object.fromEntries(SERVICES.map((service) => [service, digests[`${service}:v1`]!]));
    expect(told(await examined({ chat: { ...CHAT["chat"]!, blue: set("v1", pinned) } }))).toEqual([
      "ok in the registry: 3 of 3 images, 3 by digest",
    ]);
  });

  test("whose tag has moved are there, and that it moved is told", async () => {
    const pinned = { "chat-backend": digests["chat-backend:v2"]! };
    const findings = await examined({ chat: { ...CHAT["chat"]!, blue: set("v1", pinned) } });
    expect(about(findings, "tags")[0]).toMatch(/^warning tags: another image has the tag of 1 pinned image by now/);
    expect(about(findings, "in the registry")).toEqual(["ok in the registry: 3 of 3 images, 1 by digest"]);
  });

  test("with a digest that the registry does not have", async () => {
    const pinned = { "chat-backend": `sha256:${"0".repeat(64)}` };
    const findings = await examined({ chat: { ...CHAT["chat"]!, blue: set("v1", pinned) } });
    expect(about(findings, "in the registry")[0]).toMatch(/^failure in the registry: not there: 1 image/);
  });

  test("are not shown to a login that is wrong, and it is not shown either", async () => {
    const findings = await examined(CHAT, { TF_VAR_registry_token: "a-wrong-token" });
    expect(told(findings)).toEqual([
      expect.stringMatching(/^failure in the registry: not shown to this login: 3 images/),
    ]);
    expect(JSON.stringify(findings)).not.toContain("a-wrong-token");
  });

  test("no registry answers: one line, and one image was asked for", async () => {
    const findings = await examined(CHAT, {}, "127.0.0.1:2");
    expect(told(findings)).toEqual([
      expect.stringMatching(/^failure in the registry: 127\.0\.0\.1:2 gave no answer about 3 images/),
    ]);
    expect(unhelpful(findings)).toEqual([]);
  });

  test("no login, or nothing released", async () => {
    expect(told(await examined(CHAT, { TF_VAR_registry_token: undefined }))).toEqual([
      "skipped in the registry: needs TF_VAR_registry_token",
    ]);
    expect(told(await examined({}))).toEqual(["skipped in the registry: the release file names none yet"]);
  });
});

test("work in turns is in order, and never more at a time", async () => {
  let now = 0;
  let most = 0;
  const results = await inTurns([5, 1, 3, 2, 4], 2, async (ms) => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, ms));
    now--;
    return ms;
  });
  expect(results).toEqual([5, 1, 3, 2, 4]);
  expect(most).toBe(2);
});

describe("the GitHub token", () => {
  let stop: (() => Promise<void>) | undefined;
  afterEach(async () => stop?.());
  const env = async (more: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> => {
    const simulator = await startGithub({
      token: "good",
      owner: { login: "acme", type: "Organization" },
      repositories: ["shop"],
    });
    stop = () => simulator.stop();
    return { GITHUB_API_URL: simulator.baseUrl, GITHUB_TOKEN: "good", ...more };
  };
  const examinedWith = async (more: NodeJS.ProcessEnv): Promise<Finding[]> =>
    github(contextFor({ env: await env(more) }));

  test("is good, and administers the repository", async () => {
    expect(told(await examinedWith({ GITHUB_REPOSITORY: "acme/shop" }))).toEqual([
      "ok token: valid",
      "ok repository: acme/shop, with the right to administer it",
    ]);
  });

  test("is refused, and not shown", async () => {
    const findings = await examinedWith({ GITHUB_TOKEN: "a-bad-token" });
    expect(told(findings)).toEqual(["failure token: refused (401)"]);
    expect(JSON.stringify(findings)).not.toContain("a-bad-token");
  });

  test("does not reach the repository", async () => {
    const findings = await examinedWith({ GITHUB_REPOSITORY: "acme/none" });
    expect(about(findings, "repository")).toEqual(["failure repository: the token does not show acme/none (404)"]);
    expect(unhelpful(findings)).toEqual([]);
  });

  test("may not administer it", async () => {
    const web = await WebServer.start((_, response) =>
      response.end(JSON.stringify({ full_name: "acme/shop", permissions: { admin: false } })),
    );
    stop = () => web.stop();
    const more = {
      GITHUB_API_URL: `http://127.0.0.1:${web.port}`,
      GITHUB_TOKEN: "good",
      GITHUB_REPOSITORY: "acme/shop",
    };
    expect(about(await github(contextFor({ env: more })), "repository")[0]).toMatch(
      /^warning repository: acme\/shop, without/,
    );
  });

  test("is not given, or nobody answers", async () => {
    expect(told(await github(contextFor()))[0]).toMatch(/^skipped token/);
    expect(told(await github(contextFor({ env: { GITHUB_TOKEN: "good" } })))).toEqual([
      "failure token: no answer from 127.0.0.1:2 (ECONNREFUSED)",
    ]);
  });
});
