/** An environment's engine for tests: containers as the stack makes and labels them, and a site that has them. */
import { loadPlatform } from "../../config/load";
import { replicasOf } from "../../model/platform";
import { type Colour, formatWeights, type ProductRelease, runningColours, tagOf } from "../../model/release";
import type { ContainerDetails } from "../../clients/docker";
import { NoKeeper } from "../../clients/edge-keeper";
import type { Keeper } from "../../release/at-edge";
import type { Site } from "../../release/site";

export const NOW = new Date("2026-11-21T12:00:00Z");
/** So many seconds before NOW. */
export const ago = (seconds: number): Date => new Date(NOW.getTime() - seconds * 1000);

/** A healthy container of an hour, with what a test wants otherwise. */
export const container = (
  name: string,
  labels: Readonly<Record<string, string>>,
  change: Partial<ContainerDetails> = {},
): ContainerDetails => ({
  name: `manacore-production-${name}`,
  image: "image",
  running: true,
  exitCode: undefined,
  health: "healthy",
  startedAt: ago(3600),
  createdAt: ago(3601),
  restarts: 0,
  memoryLimit: 256,
  labels: Object.fromEntries(Object.entries(labels).map(([key, value]) => [`com.manacore.${key}`, value])),
  ...change,
});

/** A switch that is done. */
export const switchOf = (
  product: string,
  entry: ProductRelease,
  change: Partial<ContainerDetails> = {},
): ContainerDetails =>
  container(
    `${product}-switch-00000000`,
    {
      project: product,
      service: "switch",
      "release.live": entry.live,
      "release.weights": formatWeights(entry),
    },
    { running: false, exitCode: 0, health: undefined, memoryLimit: 512, ...change },
  );

/** An environment that was deployed by a Twinset which had none. */
export const NO_KEEPER: Keeper = {
  facts: () => Promise.reject(new NoKeeper("there is none")),
  served: () => Promise.reject(new NoKeeper("there is none")),
  move: () => Promise.reject(new NoKeeper("there is none")),
  renew: () => Promise.reject(new NoKeeper("there is none")),
};

export interface SiteOptions {
  readonly platform?: string;
  /** Of chat; null: not released. */
  readonly entry?: ProductRelease | null;
  /** What runs, where that is not what the entry says. */
  readonly containers?: readonly ContainerDetails[];
}

/** Manacore's production with chat alone on its engine. What a test does not say works as it should. */
export function siteWith(options: SiteOptions = {}, change: Partial<Site> = {}): Site {
  const { platform, releases } = loadPlatform(options.platform ? { platform: options.platform } : {});
  const { chat: usual, ...others } = releases.production.release;
  const entry = options.entry === undefined ? usual! : options.entry;
  const containers = options.containers ?? (entry ? running(entry) : []);
  return {
    platform,
    environment: platform.environments.production,
    release: () => ({ ...others, ...(entry ? { chat: entry } : {}) }),
    keeper: () => Promise.resolve(NO_KEEPER),
    save: () => undefined,
    render: () => undefined,
    terraform: {
      plan: () => Promise.resolve([]),
      preview: () => Promise.resolve(undefined),
      applyPlanned: () => Promise.resolve({ code: 0, seconds: 1, errors: [] }),
      state: () => Promise.resolve([]),
    },
    docker: () =>
      Promise.resolve({
        details: () => Promise.resolve([...containers]),
        logs: () => Promise.resolve([]),
        condition: () => Promise.reject(new Error("no such container")),
      }),
    edge: () => Promise.resolve({ address: "127.0.0.1", port: 1, tls: false }),
    redact: (text) => text,
    credentials: { registryUsername: undefined, registryToken: undefined, smokeKey: "the-smoke-key" },
    ...change,
  };
}

/** All containers of chat as an entry says it, with its switch. */
export const running = (entry: ProductRelease): ContainerDetails[] => [
  ...runningColours(entry).flatMap((colour) => setOf(entry, colour)),
  switchOf("chat", entry),
];

export function setOf(entry: ProductRelease, colour: Colour): ContainerDetails[] {
  const { platform } = loadPlatform();
  const chat = platform.products.find(({ name }) => name === "chat")!;
  return [
    container(
      `chat-migration-${colour}-00000000`,
      { project: "chat", set: colour, service: "migration", version: entry[colour]!.version },
      { running: false, exitCode: 0, health: undefined },
    ),
    ...chat.services.flatMap((service) =>
      Array.from({ length: replicasOf(platform.environments.production, service) }, (_, replica) =>
        container(`${service.name}-${colour}-${replica}-00000000`, {
          ...{ project: "chat", set: colour, service: service.role, replica: String(replica) },
          version: tagOf(entry[colour]!, service.name),
        }),
      ),
    ),
  ];
}
