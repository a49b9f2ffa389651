/**
 * Every product of the service matrix (deployment-architecture, "Complete Service Matrix") and of the CI/CD plan's
 * inventory, in their union: 10 NestJS backends, 11 SvelteKit webs, 12 Astro landings, 9 Expo apps.
 *
 * - The matrix lists 8 backends where its text says 10; wisekeep and quote, which only the CI/CD plan has, make 10.
 * - In the matrix only: all of news, uload's backend and landing, nutriphi's landing and app, picture's backend and
 *   manacore's landing. In the CI/CD plan only: wisekeep, quote and bauntown.
 * - The port matrix names ports for auth, chat, maerchenzauber and picture: webs 31xx, landings 32xx, with the product's
 *   own tens (chat 0, maerchenzauber 10, picture 50). The others follow from their port range in the same way. For
 *   wisekeep, quote and bauntown no document names a port: they got the next ones that no range has.
 */
import type { Product } from "../../../model/service";
import { redisPassword } from "../../../model/inputs";
import { secret, setting, type Value } from "../../../model/values";
import { AUTH_URL, backend, landing, mobile, SENTRY, supabaseDatabase, supabaseKeys, web, webEnv } from "./shapes";

/** All backends check tokens with the central authentication service, and report errors to Sentry. */
const COMMON = { ...AUTH_URL, ...SENTRY };
/** Redis, with a user and keys of the product's own. The document has one password for all. */
const redisEnv = (product: string): Record<string, Value> => ({
  REDIS_HOST: "redis",
  REDIS_PORT: "6379",
  REDIS_USERNAME: product,
  REDIS_PASSWORD: redisPassword(product),
  REDIS_KEY_PREFIX: `${product}:`,
});
const NEEDS_AUTH = ["mana-core-auth"];

const auth: Product = {
  name: "mana-core-auth",
  redis: {},
  services: [
    backend("mana-core-auth", {
      name: "mana-core-auth",
      role: "auth",
      label: "auth",
      port: 3001,
      dependsOn: ["redis"],
      env: {
        // The matrix says localhost for development; inside a container the store's name is right everywhere.
        ...redisEnv("mana-core-auth"),
        JWT_PUBLIC_KEY: setting("jwt_public_key", {
          description: "Public key (PEM) that tokens are checked with",
          where: "openssl pkey -in jwt.pem -pubout",
        }),
        JWT_PRIVATE_KEY: secret("jwt_private_key", {
          description: "Private key (PEM) that tokens are signed with",
          where: "openssl genpkey -algorithm ed25519 -out jwt.pem",
        }),
        STRIPE_SECRET_KEY: secret("stripe_secret_key", {
          description: "Stripe's key: sk_test_… in development and staging, sk_live_… in production",
          where: "Stripe → Developers → API keys",
        }),
        ...SENTRY,
      },
    }),
  ],
  // "Shared Auth Database (Mana Core Auth): PostgreSQL (Docker/Cloud)": its own PostgreSQL in every environment.
  database: {
    name: "manacore",
    at: { development: "postgres", staging: "postgres", production: "postgres" },
  },
  migration: { service: "mana-core-auth", command: ["pnpm", "migration:run"] },
};

const chat: Product = {
  name: "chat",
  services: [
    backend("chat", {
      port: 3002,
      dependsOn: NEEDS_AUTH,
      env: {
        AZURE_OPENAI_ENDPOINT: setting("azure_openai_endpoint", {
          description: "Address of the Azure OpenAI resource",
          where: "Azure portal → Azure OpenAI → Keys and Endpoint",
          example: "https://example.openai.azure.com",
        }),
        AZURE_OPENAI_API_KEY: secret("azure_openai_api_key", {
          description: "Key of the Azure OpenAI resource",
          where: "Azure portal → Azure OpenAI → Keys and Endpoint",
        }),
        ...COMMON,
      },
    }),
    web("chat", 3100, webEnv("chat", "chat-backend")),
    landing("chat", 3200),
  ],
  mobile: mobile("chat"),
  ...supabaseDatabase("chat"),
};

/** A product as most are: backend, web, landing, app. `tens` is the product's place in 31xx and 32xx. */
function product(name: string, backendPort: number, tens: number, app: boolean): Product {
  return {
    name,
    services: [
      backend(name, { port: backendPort, dependsOn: NEEDS_AUTH, env: COMMON }),
      web(name, 3100 + tens, webEnv(name, `${name}-backend`)),
      landing(name, 3200 + tens),
    ],
    ...(app ? { mobile: mobile(name) } : {}),
    ...supabaseDatabase(name),
  };
}

const maerchenzauber: Product = {
  ...product("maerchenzauber", 3003, 10, true),
  services: [
    backend("maerchenzauber", {
      port: 3003,
      dependsOn: NEEDS_AUTH,
      // docker-compose.dev.yml gives this backend its Supabase project as well.
      env: { ...COMMON, ...supabaseKeys("maerchenzauber") },
    }),
    web("maerchenzauber", 3110, webEnv("maerchenzauber", "maerchenzauber-backend")),
    landing("maerchenzauber", 3210),
  ],
};

const memoro: Product = {
  name: "memoro",
  services: [web("memoro", 3130, webEnv("memoro")), landing("memoro", 3230)],
  mobile: mobile("memoro"),
};

const manacore: Product = {
  name: "manacore",
  services: [
    web("manacore", 3140, webEnv("manacore")),
    landing("manacore", 3240, {
      // The wildcard record points at the bare domain, so something must answer there: the organisation's own page.
      hosts: {
        development: ["manacore.localhost"],
        staging: ["staging-manacore.manacore.app"],
        production: ["manacore.app", "manacore.manacore.app"],
      },
    }),
  ],
  mobile: mobile("manacore"),
};

/** The matrix calls this backend "api"; its host name is api-news as for the others. */
const news: Product = {
  name: "news",
  services: [
    backend("news", { name: "news-api", role: "api", port: 3008, dependsOn: NEEDS_AUTH, env: COMMON }),
    web("news", 3180, webEnv("news", "news-api")),
    landing("news", 3280),
  ],
  ...supabaseDatabase("news"),
  migration: { service: "news-api", command: ["pnpm", "migration:run"] },
};

const uload: Product = {
  ...product("uload", 3006, 60, false),
  redis: {},
  services: [
    backend("uload", {
      port: 3006,
      dependsOn: [...NEEDS_AUTH, "redis"],
      // Short links are cached in Redis for good ("Redis Caching Strategy").
      env: { ...COMMON, ...redisEnv("uload") },
    }),
    web("uload", 3160, webEnv("uload", "uload-backend")),
    landing("uload", 3260),
  ],
};

const bauntown: Product = { name: "bauntown", services: [landing("bauntown", 3299)] };

export const PRODUCTS: readonly Product[] = [
  auth,
  chat,
  maerchenzauber,
  product("manadeck", 3004, 20, true),
  memoro,
  manacore,
  product("picture", 3005, 50, true),
  uload,
  product("nutriphi", 3007, 70, true),
  news,
  // Ports that no range of the matrix has: 3009 and, as 3010–3013 is maerchenzauber's range, 3014.
  product("wisekeep", 3009, 90, true),
  product("quote", 3014, 95, true),
  bauntown,
];
