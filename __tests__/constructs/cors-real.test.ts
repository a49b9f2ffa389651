/** Which pages a browser may call an API from with the visitor's cookies: asked of the real Traefik and the real nginx. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { corsOrigins } from "../../model/cors";
import { MANACORE } from "../support/platforms";
import { type EdgeKind, LoopbackEdge, missingForLoopbackEdge } from "../support/cors-edge";

const { platform } = MANACORE;
const { edge: settings } = platform;
const { production } = platform.environments;
const OPEN = "api.example.org";
const NARROW = "api-narrow.example.org";
const WEB = "web.example.org";

/** What an answer says of CORS; each as often as it is there. */
const said = (raw: readonly string[]): Record<string, string[]> => {
  const all: Record<string, string[]> = {};
  raw.forEach((name, index) => {
    if (index % 2 === 0 && /^(access-control-|vary$)/i.test(name)) {
      (all[name.toLowerCase()] ??= []).push(raw[index + 1]!);
    }
  });
  return all;
};
const ORIGIN = "access-control-allow-origin";
const CREDENTIALS = "access-control-allow-credentials";

describe.each<EdgeKind>(["traefik", "nginx"])("%s", (kind) => {
  const missing = missingForLoopbackEdge(kind);
  if (missing) process.stderr.write(`Which pages may call an API was not asked of a real ${kind}: ${missing}.\n`);

  (missing ? describe.skip : describe)("as it is given to it", () => {
    let edge: LoopbackEdge;
    beforeAll(async () => {
      const route = { service: "demo-api", hosts: [OPEN], api: true };
      edge = await LoopbackEdge.start(kind, {
        // All questions come at once here, and by one address.
        settings: { ...settings, rateLimit: { perSecond: 1000, burst: 1000 } },
        corsOrigins: corsOrigins(platform, production),
        routes: [
          route,
          {
            ...route,
            service: "demo-narrow",
            hosts: [NARROW],
            cors: { ...settings.cors, origins: corsOrigins(platform, production, ["chat-web"]) },
          },
          { service: "demo-web", hosts: [WEB], api: false },
        ],
        service: (asked, answer) => {
          const own: Record<string, string> =
            asked.url === "/echo" ? { "access-control-allow-origin": asked.headers.origin ?? "*" } : {};
          answer.writeHead(asked.url === "/fails" ? 500 : 200, own).end("ok");
        },
      });
    });
    afterAll(() => edge?.stop());

    const ask = async (host: string, origin?: string, path = "/"): Promise<Record<string, string[]>> =>
      said((await edge.ask(host, { path, headers: origin ? { origin } : {} })).raw);
    const preflight = (host: string, origin: string) =>
      edge.ask(host, {
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "PUT", "access-control-request-headers": "content-type" },
      });

    test.each(["https://app-chat.manacore.app", "https://manacore.app", "capacitor://localhost"])(
      "%s may call it with cookies",
      async (origin) => {
        for (const path of ["/", "/fails"]) {
          expect(await ask(OPEN, origin, path)).toMatchObject({ [ORIGIN]: [origin], [CREDENTIALS]: ["true"] });
        }
        const { code, raw } = await preflight(OPEN, origin);
        expect(code).toBeLessThan(300);
        expect(said(raw)).toMatchObject({ [ORIGIN]: [origin], [CREDENTIALS]: ["true"] });
        expect(said(raw)["access-control-allow-methods"]!.join()).toContain("PUT");
      },
    );
    test.each([
      "https://status.manacore.app",
      "https://gone.manacore.app",
      "https://staging-app-chat.manacore.app",
      "http://app-chat.manacore.app",
      "https://app-chat.manacore.app:8443",
      "https://app-chatxmanacore.app",
      "https://app-chat.manacore.app.evil.example",
      "https://evil.example/https://app-chat.manacore.app",
      "http://localhost:5173",
      "null",
    ])("%s may not", async (origin) => {
      for (const host of [OPEN, NARROW]) {
        const answers = await ask(host, origin);
        expect(answers[ORIGIN]).toBeUndefined();
        expect(answers["vary"]!.join()).toContain("Origin");
        expect(said((await preflight(host, origin)).raw)[ORIGIN]).toBeUndefined();
      }
      if (kind === "nginx") expect((await ask(OPEN, origin))[CREDENTIALS]).toBeUndefined();
    });
    test("a list of its own is that API's alone", async () => {
      expect((await ask(NARROW, "https://app-chat.manacore.app"))[ORIGIN]).toEqual(["https://app-chat.manacore.app"]);
      expect((await ask(NARROW, "https://app-news.manacore.app"))[ORIGIN]).toBeUndefined();
      expect((await ask(OPEN, "https://app-news.manacore.app"))[ORIGIN]).toEqual(["https://app-news.manacore.app"]);
      expect((await preflight(NARROW, "https://app-chat.manacore.app")).headers[ORIGIN]).toBe(
        "https://app-chat.manacore.app",
      );
    });
    test("a service that echoes any origin opens itself to none, and says nothing twice", async () => {
      expect(await ask(OPEN, "https://manacore.app", "/echo")).toMatchObject({
        [ORIGIN]: ["https://manacore.app"],
        [CREDENTIALS]: ["true"],
      });
      expect((await ask(OPEN, "https://status.manacore.app", "/echo"))[ORIGIN]).toBeUndefined();
      expect((await ask(NARROW, "https://app-news.manacore.app", "/echo"))[ORIGIN]).toBeUndefined();
      expect((await ask(OPEN, undefined, "/echo"))[ORIGIN]).toBeUndefined();
    });
    test("what a web says of it is the web's", async () => {
      expect((await ask(WEB, "https://partner.example", "/echo"))[ORIGIN]).toEqual(["https://partner.example"]);
    });
    test("without an origin, and of a web, nothing", async () => {
      expect((await ask(OPEN))[ORIGIN]).toBeUndefined();
      expect(await ask(WEB, "https://app-chat.manacore.app")).not.toHaveProperty([ORIGIN]);
    });
  });
});
