/** What really runs: a product's sets and its switch, from the containers and their labels on the engine. */
import { setSize } from "../model/capacity";
import { environmentPrefix } from "../model/names";
import { error, ProblemsError } from "../model/problem";
import { COLOURS, type Colour, type SetRelease, tagOf } from "../model/release";
import type { ContainerDetails } from "../clients/docker";
import { productOf, type Site } from "./site";

export interface LiveSet {
  /** All that run: "v1.5.2", or "1.2.0 + sha-a1b2c3d" where services have tags of their own. */
  readonly version: string;
  readonly containers: readonly LiveContainer[];
}

export interface LiveContainer extends ContainerDetails {
  /** Its service's role in the product: "backend". */
  readonly service: string;
  /** From 0. */
  readonly replica: number;
  /** Its image's tag. */
  readonly version: string;
}

/** What the last switch that the edge took up says. */
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
  /** The name of a switch that came later and is not done, or has failed: the traffic is as it was before it. */
  readonly failedSwitch?: string;
}

/** All products of an environment as they are on its engine, and all of its containers. */
export interface LiveEnvironment {
  readonly products: ReadonlyMap<string, LiveProduct>;
  readonly containers: readonly ContainerDetails[];
}

/** Asks the engine. @throws ProblemsError when it does not answer */
export async function liveEnvironment(site: Site): Promise<LiveEnvironment> {
  const prefix = environmentPrefix(site.platform.name, site.environment.name);
  const docker = await site.docker();
  try {
    const containers = await docker.details(`${prefix}-`);
    return { products: readProducts(containers, site.platform.labelPrefix), containers };
  } catch (reason) {
    throw engineSilent(site, reason);
  }
}

/** What the engine said in place of an answer, as a problem. */
export function engineSilent(site: Pick<Site, "platform" | "environment" | "redact">, reason: unknown): ProblemsError {
  const where =
    site.environment.host.kind === "local"
      ? "start the Docker engine of this computer (docker info has to work)"
      : "see whether you reach the server by SSH with the key that is loaded, and do the same again";
  const prefix = environmentPrefix(site.platform.name, site.environment.name);
  return new ProblemsError([
    error(`${prefix}/engine`, site.redact((reason as Error).message), "a Docker engine that answers", where),
  ]);
}

/**
 * What a set lacks that is to have traffic: visitors must not be led to containers that are not there, or ill.
 * @throws ProblemsError when the engine does not answer
 */
export async function lackingIn(site: Site, product: string, colour: Colour, set: SetRelease): Promise<string[]> {
  const live = await liveEnvironment(site);
  const { services } = productOf(site, product);
  const tags = new Map(services.map(({ role, name }) => [role, tagOf(set, name)]));
  // A deploy whose state was not saved has left another version's in their place.
  const all = live.products.get(product)?.sets[colour]?.containers ?? [];
  const containers = all.filter(({ service, version }) => tags.get(service) === version);
  const size = setSize(productOf(site, product), site.environment);
  const missing = `${containers.length} of ${size} containers of ${colour} ${set.version} are there`;
  return [...(containers.length < size ? [missing] : []), ...unwell({ version: set.version, containers })];
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
          // A migration belongs to a set, too, and is none of its containers.
          const members = own
            .filter((each) => label(each, "set") === colour && label(each, "replica") !== undefined)
            .map((each) => ({
              ...each,
              service: label(each, "service") ?? "?",
              replica: Number(label(each, "replica")),
              version: label(each, "version") ?? "?",
            }));
          const version = [...new Set(members.map((each) => each.version))].sort().join(" + ");
          return members.length > 0 ? [[colour, { version, containers: members }]] : [];
        }),
      );
      const switches = own
        .filter((each) => label(each, "service") === "switch")
        .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
      // One that fails puts the former routing back before it ends.
      const latest = switches.find(({ exitCode }) => exitCode === 0);
      const live = latest && (label(latest, "release.live") as Colour | undefined);
      const weights = latest && label(latest, "release.weights");
      const [newest] = switches;
      return [
        product,
        {
          sets,
          switch: live && weights !== undefined ? { live, weights, since: latest.createdAt } : undefined,
          ...(newest && newest !== latest ? { failedSwitch: newest.name } : {}),
        },
      ];
    }),
  );
}

/** Containers of a set that do not serve, each with what is the matter. */
export const unwell = (set: LiveSet | undefined): readonly string[] =>
  (set?.containers ?? [])
    .filter(({ running, health }) => !running || (health !== undefined && health !== "healthy"))
    .map(({ name, running, health }) => `${name} is ${running ? health : "stopped"}`);
