/** What really runs: a product's sets and its switch, from the containers and their labels on the engine. */
import { environmentPrefix } from "../model/names";
import { COLOURS, type Colour } from "../model/release";
import type { ContainerDetails } from "./docker";
import type { Site } from "./site";

export interface LiveSet {
  readonly version: string;
  readonly containers: readonly ContainerDetails[];
}

/** What the switch that ran last says. */
export interface LiveSwitch {
  readonly live: Colour;
  /** "blue=90,green=10". */
  readonly weights: string;
  /** Since when it is so. */
  readonly since: Date;
}

export interface LiveProduct {
  readonly sets: Readonly<Partial<Record<Colour, LiveSet>>>;
  readonly switch: LiveSwitch | undefined;
}

/** All products of an environment as they are on its engine, and all of its containers. */
export interface LiveEnvironment {
  readonly products: ReadonlyMap<string, LiveProduct>;
  readonly containers: readonly ContainerDetails[];
}

/** Asks the engine. */
export async function liveEnvironment(site: Site): Promise<LiveEnvironment> {
  const docker = await site.docker();
  const containers = await docker.details(`${environmentPrefix(site.platform.name, site.environment.name)}-`);
  return { products: readProducts(containers, site.platform.labelPrefix), containers };
}

/** @param prefix of the labels: "com.manacore" */
export function readProducts(containers: readonly ContainerDetails[], prefix: string): Map<string, LiveProduct> {
  const label = ({ labels }: ContainerDetails, name: string): string | undefined => labels[`${prefix}.${name}`];
  const names = new Set(containers.flatMap((each) => label(each, "project") ?? []));
  return new Map(
    [...names].sort().map((product) => {
      const own = containers.filter((each) => label(each, "project") === product);
      const sets = Object.fromEntries(
        COLOURS.flatMap((colour) => {
          const members = own.filter((each) => label(each, "set") === colour && label(each, "replica") !== undefined);
          const version = members.map((each) => label(each, "version")).find((each) => each !== undefined);
          return members.length > 0 ? [[colour, { version: version ?? "?", containers: members }]] : [];
        }),
      );
      const [latest] = own
        .filter((each) => label(each, "service") === "switch")
        .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
      const live = latest && (label(latest, "release.live") as Colour | undefined);
      const weights = latest && label(latest, "release.weights");
      return [
        product,
        { sets, switch: live && weights !== undefined ? { live, weights, since: latest.createdAt } : undefined },
      ];
    }),
  );
}

/** Containers of a set that do not serve, each with what is the matter. */
export const unwell = (set: LiveSet | undefined): readonly string[] =>
  (set?.containers ?? [])
    .filter(({ running, health }) => !running || (health !== undefined && health !== "healthy"))
    .map(({ name, running, health }) => `${name} ${running ? (health ?? "without a health check") : "is stopped"}`);
