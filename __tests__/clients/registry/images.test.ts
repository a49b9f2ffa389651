import { createHash } from "node:crypto";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { manacore } from "../../../config/platforms/manacore";
import type { Platform } from "../../../model/platform";
import { formatProblem, type Problem } from "../../../model/problem";
import type { RegistrySimulator } from "../../../simulators/registry";
import {
  type RegistryCredentials,
  resolveDigest,
  type Resolved,
  resolveImages,
} from "../../../clients/registry/images";
import { Client, PULLER, start } from "../../simulators/registry-client";

let registry: RegistrySimulator;
let client: Client;
let servers: Server[] = [];
beforeEach(async () => {
  registry = await start();
  client = new Client(registry);
});
afterEach(async () => {
  await registry.stop();
  servers.forEach((server) => server.closeAllConnections());
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  servers = [];
});

const resolve = (
  tag: string,
  credentials: RegistryCredentials | undefined = PULLER,
  host = registry.host,
): Promise<Resolved> => resolveDigest({ host, repository: "acme/web", tag }, credentials, { timeoutSeconds: 2 });

/** A registry with manners of its own. @returns its host */
async function another(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("an image", () => {
  test("has the digest that its manifest was pushed with", async () => {
    const digest = await client.push("acme/web", "v1");
    expect(await resolve("v1")).toEqual({ digest });
  });

  test("that was built for several systems has its index' digest", async () => {
    const image = await client.push("acme/web", "v1");
    const index = { manifests: [{ digest: image }] };
    const pushed = await client.putManifest("acme/web", "all", index, "application/vnd.oci.image.index.v1+json");
    expect(await resolve("all")).toEqual({ digest: pushed.headers.get("docker-content-digest") });
  });

  test("that nobody has pushed is absent", async () => {
    await client.push("acme/web", "v1");
    expect(await resolve("v2")).toEqual({ problem: "absent", said: "404 Not Found" });
  });

  test("is refused to who has another password, or none", async () => {
    await client.push("acme/web", "v1");
    expect(await resolve("v1", { ...PULLER, password: "wrong" })).toEqual({
      problem: "refused",
      said: "403 DENIED: denied",
    });
    const reference = { host: registry.host, repository: "acme/web", tag: "v1" };
    expect(await resolveDigest(reference, undefined)).toEqual({
      problem: "refused",
      said: "401 UNAUTHORIZED: authentication required",
    });
  });
});

describe("a registry that is not well", () => {
  test("is asked once more after a 429, a 500 or a broken connection", async () => {
    const digest = await client.push("acme/web", "v1");
    for (const fault of [
      { kind: "rate-limit", retryAfterSeconds: 1 },
      { kind: "error" },
      { kind: "lost-answer" },
    ] as const) {
      registry.faults.inject({ fault, path: /manifests|token/ });
      expect(await resolve("v1")).toEqual({ digest });
    }
    expect(registry.faults.hits).toHaveLength(3);
  });

  test("is asked after the time that it has named", async () => {
    const digest = await client.push("acme/web", "v1");
    registry.faults.inject({ fault: { kind: "rate-limit", retryAfterSeconds: 2 }, path: /token/ });
    const begin = performance.now();
    expect(await resolve("v1")).toEqual({ digest });
    expect(performance.now() - begin).toBeGreaterThan(1900);
  });

  test("is left alone when it wants a longer pause than a release can make", async () => {
    registry.faults.inject({ fault: { kind: "rate-limit", retryAfterSeconds: 3600 }, path: /manifests/ });
    expect(await resolve("v1")).toEqual({ problem: "unreachable", said: "429, to be asked again in 3600 s" });
  });

  test("is given up after the second attempt", async () => {
    registry.faults.inject({ fault: { kind: "error", status: 503 }, path: /token/, times: 2 });
    expect(await resolve("v1")).toEqual({ problem: "unreachable", said: "503 UNKNOWN: unknown error" });
  });

  test("is unreachable when it does not answer, or nothing listens", async () => {
    const silent = await another(() => undefined);
    const reference = { host: silent, repository: "acme/web", tag: "v1" };
    expect(await resolveDigest(reference, PULLER, { timeoutSeconds: 0.2 })).toEqual({
      problem: "unreachable",
      said: "no answer in time",
    });
    await registry.stop();
    expect(await resolve("v1")).toEqual({
      problem: "unreachable",
      said: expect.stringMatching(/^connect ECONNREFUSED/),
    });
  });
});

describe("other registries", () => {
  const manifest = '{"schemaVersion":2}';
  const digest = `sha256:${createHash("sha256").update(manifest).digest("hex")}`;

  test("that name no digest, or one of another kind, have it counted", async () => {
    for (const said of [undefined, "sha512:00", "sha256:short"]) {
      const methods: string[] = [];
      const host = await another((request, response) => {
        methods.push(request.method!);
        if (said !== undefined) response.setHeader("docker-content-digest", said);
        response.end(request.method === "GET" ? manifest : undefined);
      });
      expect(await resolve("v1", PULLER, host)).toEqual({ digest });
      expect(methods).toEqual(["HEAD", "GET"]);
    }
  });

  test("that want name and password themselves get them", async () => {
    const host = await another((request, response) => {
      const expected = `Basic ${Buffer.from(`${PULLER.username}:${PULLER.password}`).toString("base64")}`;
      if (request.headers.authorization === expected) response.end(manifest);
      else response.writeHead(401, { "www-authenticate": 'Basic realm="Registry"' }).end();
    });
    expect(await resolve("v1", PULLER, host)).toEqual({ digest });
    expect(await resolve("v1", { ...PULLER, password: "wrong" }, host)).toMatchObject({ problem: "refused" });
    expect(await resolveDigest({ host, repository: "acme/web", tag: "v1" }, undefined)).toEqual({
      problem: "refused",
      said: "401, it wants a user name and a password",
    });
  });

  test("that make tokens without naming a scope are asked for the right to pull", async () => {
    const asked: string[] = [];
    const host = await another((request, response) => {
      asked.push(request.url!);
      if (request.url!.startsWith("/token")) response.end('{"access_token":"a-token"}');
      else if (request.headers.authorization === "Bearer a-token") response.end(manifest);
      else response.writeHead(401, { "www-authenticate": `bearer realm="http://${host}/token"` }).end();
    });
    expect(await resolve("v1", undefined, host)).toEqual({ digest });
    expect(asked[1]).toBe("/token?scope=repository%3Aacme%2Fweb%3Apull");
  });

  test.each([
    ["no challenge", undefined, "refused", "401, without a way to log in that is known here"],
    ["an unknown way", "Negotiate", "refused", "401, without a way to log in that is known here"],
    ["no address", 'Bearer realm="nowhere"', "unreachable", "401, and where tokens come from is no address"],
  ])("that answer 401 with %s are told apart", async (_, challenge, problem, said) => {
    const host = await another((_request, response) =>
      response.writeHead(401, challenge === undefined ? {} : { "www-authenticate": challenge }).end(),
    );
    expect(await resolve("v1", PULLER, host)).toEqual({ problem, said });
  });

  test.each([
    ["none", "{}", "unreachable"],
    ["something else", "hello", "unreachable"],
    ["no object", "null", "unreachable"],
  ])("that answer with %s in place of a token are no use", async (_, answer, problem) => {
    const host = await another((request, response) =>
      request.url!.startsWith("/token")
        ? response.end(answer)
        : response.writeHead(401, { "www-authenticate": `Bearer realm="http://${host}/token"` }).end(),
    );
    expect(await resolve("v1", PULLER, host)).toEqual({ problem, said: `${host} answered without a token` });
  });

  test("that have no place for tokens where they say do not have the image absent", async () => {
    const host = await another((request, response) =>
      request.url!.startsWith("/token")
        ? response.writeHead(404).end()
        : response.writeHead(401, { "www-authenticate": `Bearer realm="http://${host}/token"` }).end(),
    );
    expect(await resolve("v1", PULLER, host)).toEqual({
      problem: "unreachable",
      said: `${host} makes no tokens (404)`,
    });
  });
});

describe("a credential", () => {
  const challenge = (realm: string): RequestListener => {
    return (_request, response) =>
      void response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}"` }).end();
  };

  test.each(["http://tokens.example.org/token", "http://127.0.0.1.example.org/token", "ftp://127.0.0.1/token"])(
    "is not sent to %s",
    async (realm) => {
      const host = await another(challenge(realm));
      const { protocol, host: where } = new URL(realm);
      expect(await resolve("v1", PULLER, host)).toEqual({
        problem: "refused",
        said: `its tokens come from ${protocol}//${where}, where no credential is sent`,
      });
    },
  );

  test("is not sent on when the place for tokens leads elsewhere", async () => {
    const seen: (string | undefined)[] = [];
    const thief = await another((request, response) => {
      seen.push(request.headers.authorization);
      response.end('{"token":"x"}');
    });
    const host = await another((request, response) =>
      request.url!.startsWith("/token")
        ? response.writeHead(302, { location: `http://${thief}/token` }).end()
        : challenge(`http://${host}/token`)(request, response as never),
    );
    expect(await resolve("v1", PULLER, host)).toMatchObject({ problem: "unreachable" });
    expect(seen).toEqual([]);
  });

  test("is never in what is said, not even when a registry repeats it", async () => {
    const credentials = { username: "ops", password: "p@ss/w:rd+1" };
    const encoded = Buffer.from("ops:p@ss/w:rd+1").toString("base64");
    const repeats = (message: string): Promise<string> =>
      another((request, response) => {
        if (!request.url!.startsWith("/token")) challenge(`http://${request.headers.host}/token`)(request, response);
        else response.writeHead(403).end(JSON.stringify({ errors: [{ code: "DENIED", message }] }));
      });
    const message = `${credentials.password} ${encoded} ${encodeURIComponent(credentials.password)}\n\u001b[31mred`;
    expect(await resolve("v1", credentials, await repeats(message))).toEqual({
      problem: "refused",
      said: "403 DENIED: *** *** *** [31mred",
    });
  });

  test("is not in what is said when its token cannot be sent", async () => {
    const host = await another((request, response) =>
      request.url!.startsWith("/token")
        ? response.end(JSON.stringify({ token: "made\nof-two-lines" }))
        : challenge(`http://${host}/token`)(request, response as never),
    );
    const resolved = await resolve("v1", PULLER, host);
    expect(resolved).toMatchObject({ problem: "unreachable" });
    expect(JSON.stringify(resolved)).not.toContain("two-lines");
  });
});

describe("the images of a product", () => {
  const chat = manacore.products.find(({ name }) => name === "chat")!;
  const names = chat.services.map(({ name }) => name);
  const platform = (): Platform => ({ ...manacore, registry: { host: registry.host, owner: "acme" } });
  let push: (repository: string, tag: string) => Promise<string>;
  beforeEach(() => {
    // Everything that the catalog's product has may be pushed, not only what the other tests have.
    push = async (repository, tag) => new Client(registry, [repository]).push(repository, tag);
  });

  test("are found all at once, each under its own tag", async () => {
    const digests: Record<string, string> = {};
    for (const name of names) digests[name] = await push(`acme/${name}`, name === names[1] ? "v9" : "v1");
    const set = { version: "v1", tags: { [names[1]!]: "v9" } };
    expect(await resolveImages(platform(), chat, set, PULLER)).toEqual({ digests });
  });

  test("that are not there are told all at once, each with what to do", async () => {
    await push(`acme/${names[0]}`, "v1");
    const problems = (await resolveImages(platform(), chat, { version: "v1" }, PULLER)) as readonly Problem[];
    expect(problems.map(({ path }) => path)).toEqual(names.slice(1).map((name) => `chat/${name}/image`));
    const image = `${registry.host}/acme/${names[1]}:v1`;
    expect(formatProblem(problems[0]!)).toBe(
      [
        `error: chat/${names[1]}/image`,
        `  given     ${image}, which ${registry.host} does not have (404 Not Found)`,
        "  expected  an image in the registry",
        `  fix       push it (docker push ${image}), or name a version that was pushed`,
      ].join("\n"),
    );
  });

  test("that this login may not see are told with where the login is given", async () => {
    const fixes = async (credentials: RegistryCredentials | undefined): Promise<string> =>
      ((await resolveImages(platform(), chat, { version: "v1" }, credentials)) as readonly Problem[])[0]!.fix;
    const login = "TF_VAR_registry_username and TF_VAR_registry_token";
    expect(await fixes({ ...PULLER, password: "wrong" })).toContain(`give ${login} a login that may read`);
    expect(await fixes(undefined)).toBe(`give a login in ${login}`);
  });

  test("that cannot be asked for are told with how to see whether the registry answers", async () => {
    await registry.stop();
    const problems = (await resolveImages(platform(), chat, { version: "v1" }, PULLER)) as readonly Problem[];
    expect(problems).toHaveLength(names.length);
    expect(problems[0]!.given).toContain("ECONNREFUSED");
    expect(problems[0]!.fix).toContain(`curl -I http://${registry.host}/v2/`);
  });
});
