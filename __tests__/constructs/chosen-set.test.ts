/** Whoever chooses a set by the smoke headers is told by the edge that it took the choice. */
import { describe, expect, test } from "@jest/globals";
import { mainConfig, productNginxConfig } from "../../constructs/edge/nginx-config";
import { productConfig, sharedConfig } from "../../constructs/edge/traefik-config";
import type { ProductRouting } from "../../model/routing";
import { MANACORE } from "../support/platforms";

const { edge, zone } = MANACORE.platform;
const TLS = { kind: "none" } as const;
const ROUTING: ProductRouting = {
  product: "chat",
  weights: { blue: 90, green: 10 },
  routes: [
    {
      service: "chat-backend",
      hosts: ["api-chat.localhost"],
      webhookHosts: ["hooks-chat.localhost"],
      api: true,
      port: 3002,
      servers: { blue: ["b"], green: ["g"] },
    },
  ],
};

describe("Traefik", () => {
  interface Config {
    http: {
      routers: Record<string, { middlewares?: string[] }>;
      middlewares: Record<string, { headers?: { customResponseHeaders?: Record<string, string> } }>;
    };
  }
  const { http: shared } = sharedConfig({
    settings: edge,
    tls: TLS,
    hstsMaxAge: zone.hstsMaxAge,
    corsOrigins: [],
  }) as Config;
  const { http: product } = productConfig(ROUTING, TLS, "key") as Config;

  test.each(["blue", "green"])(
    "the router for %s names it, after everything that may answer in its place",
    (colour) => {
      expect(product.routers[`chat-backend-${colour}`]!.middlewares!.at(-1)).toBe(`set-${colour}`);
      expect(shared.middlewares[`set-${colour}`]!.headers!.customResponseHeaders).toEqual({ "X-Twinset-Set": colour });
    },
  );
  test("no other router names a set", () => {
    const others = Object.entries(product.routers).filter(([name]) => !/-(blue|green)$/.test(name));
    expect(others.map(([name]) => name)).toEqual(
      expect.arrayContaining(["chat-backend", "chat-backend-from-here", "chat-backend-webhooks"]),
    );
    expect(others.flatMap(([, { middlewares = [] }]) => middlewares.filter((m) => m.startsWith("set-")))).toEqual([]);
  });
});

describe("nginx", () => {
  const text =
    mainConfig() +
    productNginxConfig(ROUTING, { settings: edge, tls: TLS, hstsMaxAge: zone.hstsMaxAge, smokeKey: "key" });

  test("names the set that was chosen, and none where none was", () => {
    expect(text).toContain("add_header X-Twinset-Set $chat_backend_chosen always;");
    expect(text).toMatch(
      /map "\$http_x_twinset_key:\$http_x_twinset_set" \$chat_backend_chosen \{\s+default '';\s+"key:blue" blue;\s+"key:green" green;\s+\}/,
    );
    expect(text).toMatch(
      /map \$chat_backend_chosen \$chat_backend_colour \{\s+default \$chat_backend_chosen;\s+'' \$chat_backend_sticky;/,
    );
  });
  test("lets no service say it, and says it of no answer of its own to a browser's preflight", () => {
    expect(text).toContain("proxy_hide_header X-Twinset-Set;");
    const preflights = text.match(/if \(\$request_method = OPTIONS\) \{[^}]*\}/g)!;
    expect(preflights.length).toBeGreaterThan(0);
    for (const preflight of preflights) expect(preflight).not.toContain("X-Twinset-Set");
  });
});
