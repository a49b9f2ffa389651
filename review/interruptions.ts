/**
 * For how long visitors notice what is replaced or changed. Terraform's order decides: new-first keeps the old one until
 * its successor is healthy; old-first leaves a gap.
 */
import type { Platform } from "../model/platform";
import { isEffective, type Plan, type ResourceChange } from "../terraform/plan";
import { alike, configuredIn, attributeChanges } from "./attributes";
import { actionOf, goes, isService, type Part, partOf } from "./parts";
import type { StoreObstacle } from "./stores";
import { isMissing, isServing, type ProductReview, setName } from "./traffic";
import { span } from "./words";

export interface Interruption {
  /** Whose traffic: "chat", "everything". */
  readonly who: string;
  /** "redis stops before its successor starts". */
  readonly what: string;
  /** "at most 165 s", "none". */
  readonly howLong: string;
  /** Does anybody notice? */
  readonly noticed: boolean;
  readonly address: string;
}

/** A server's first start: cloud-init with its packages. The readiness gate gives up after 900 s. */
const NEW_SERVER = "about 5 min for a small server (the gate waits 15 min), then each container until it is healthy";
/** Hetzner switches a server off to change its type; its containers start by themselves then. */
const SERVER_CHANGE = "some minutes: Hetzner switches it off, changes it and starts it, then its containers start";

/**
 * @param resources all managed resources of the plan
 * @param obstacles stores whose new image is not to have their data
 */
export function interruptions(
  plan: Plan,
  resources: readonly ResourceChange[],
  products: readonly ProductReview[],
  platform: Platform,
  obstacles: readonly StoreObstacle[] = [],
): Interruption[] {
  const changed = resources.filter(isEffective);
  const serverGoes = changed.some(({ type, change }) => type === "hcloud_server" && goes(actionOf(change)));
  return changed.flatMap((resource): Interruption[] => {
    const part = partOf(resource, platform);
    const found =
      part.kind === "host"
        ? ofHost(plan, resource)
        : serverGoes
          ? undefined
          : ofContainer(resource, part, { products, platform, obstacles });
    return found ? [{ ...found, address: resource.address }] : [];
  });
}

type Found = Omit<Interruption, "address">;

function ofHost(plan: Plan, resource: ResourceChange): Found | undefined {
  const { type, change } = resource;
  const action = actionOf(change);
  if (type === "hcloud_server") {
    if (action === "create") return undefined;
    if (action === "delete") {
      return {
        who: "everything",
        what: "the server goes, and with it everything that runs",
        howLong: "for good",
        noticed: true,
      };
    }
    if (goes(action)) {
      return { who: "everything", what: "the server is replaced", howLong: NEW_SERVER, noticed: true };
    }
    const type = attributeChanges(resource, configuredIn(plan)).find(({ name }) => name === "server_type");
    return type
      ? {
          who: "everything",
          what: `the server's type changes: ${String(type.before)} → ${String(type.after)}`,
          howLong: SERVER_CHANGE,
          noticed: true,
        }
      : undefined;
  }
  if (type === "hcloud_primary_ip" && goes(action)) {
    return {
      who: "everything",
      what: action === "delete" ? "a public address goes" : "a public address is replaced by another one",
      howLong:
        action === "delete"
          ? "for good"
          : "until every resolver knows the new address: at least the records' time to live",
      noticed: true,
    };
  }
  return undefined;
}

interface Context {
  readonly products: readonly ProductReview[];
  readonly platform: Platform;
  readonly obstacles: readonly StoreObstacle[];
}

function ofContainer(
  resource: ResourceChange,
  part: Part,
  { products, platform, obstacles }: Context,
): Found | undefined {
  if (!isService(resource)) return undefined;
  const action = actionOf(resource.change);
  const gap = action === "replace-old-first";
  switch (part.kind) {
    case "set": {
      const product = products.find(({ product }) => product === part.product)!;
      if (!isServing(product, part.colour)) return undefined;
      const name = `${part.product}'s ${part.role} (${setName(part.colour, product.after, product.before)})`;
      if (action === "create") {
        return isMissing(product.sets[part.colour]).includes(part.role)
          ? { who: part.product, what: `${name} is not there`, howLong: "now, until this is applied", noticed: true }
          : undefined;
      }
      if (action === "replace-new-first") {
        return { who: part.product, what: `${name} is replaced, its successor first`, howLong: "none", noticed: false };
      }
      if (gap)
        return {
          who: part.product,
          what: `${name} stops before its successor starts`,
          howLong: upTo(resource),
          noticed: true,
        };
      // The set that traffic leaves goes after the switch.
      return action === "delete" && (product.after?.weights[part.colour] ?? 0) > 0
        ? { who: part.product, what: `${name} goes, though it is to have traffic`, howLong: "for good", noticed: true }
        : undefined;
    }
    case "edge":
      if (action === "delete") return { who: "everything", what: "the edge goes", howLong: "for good", noticed: true };
      return goes(action)
        ? {
            who: "everything",
            what: gap ? "the edge stops before its successor starts" : "the edge is replaced",
            howLong: upTo(resource),
            noticed: true,
          }
        : undefined;
    case "store": {
      const users = usersOf(part.store, platform, products);
      const who = users.length > 0 ? users.join(", ") : part.store;
      const stopped = obstacles.find(({ address, starts }) => address === resource.address && !starts);
      if (stopped) {
        const what = `${part.store} stops, and its successor may not start: ${stopped.what}`;
        return { who, what, howLong: "until its data is brought over", noticed: true };
      }
      if (!goes(action)) return undefined;
      return action === "delete"
        ? { who, what: `${part.store} goes`, howLong: "for good", noticed: true }
        : {
            who,
            what: `${part.store} stops before its successor starts: what needs it fails meanwhile`,
            howLong: upTo(resource),
            noticed: true,
          };
    }
    default:
      return undefined;
  }
}

/** Products with a service that needs the store, or whose database lies in it. */
function usersOf(store: string, platform: Platform, products: readonly ProductReview[]): string[] {
  const released = new Set(products.filter(({ before, after }) => before ?? after).map(({ product }) => product));
  return platform.products
    .filter(({ name, services }) => released.has(name) && services.some(({ dependsOn }) => dependsOn?.includes(store)))
    .map(({ name }) => name);
}

/** The time to stop and the time that Terraform waits for its successor to get healthy, from the plan itself. */
function upTo({ change }: ResourceChange): string {
  const number = (values: Readonly<Record<string, unknown>> | null | undefined, name: string): number => {
    const value = values?.[name];
    return typeof value === "number" ? value : 0;
  };
  // Docker kills at once where there is none.
  const stops = number(change.before, "destroy_grace_seconds");
  const starts = number(change.after, "wait_timeout");
  return starts > 0
    ? `at most ${span(stops + starts)}: up to ${span(stops)} to stop, up to ${span(starts)} until it is healthy`
    : "until its successor has started";
}

/** A change of a container that the docker provider plans in place and does not make (4.5.0, source). */
const NOT_APPLIED = ["healthcheck", "tmpfs", "init"];

export interface NotApplied {
  readonly address: string;
  readonly attributes: readonly string[];
}

/** Changes that an apply will say it has made, and has not. */
export const notApplied = (resources: readonly ResourceChange[]): NotApplied[] =>
  resources.flatMap(({ type, address, change }): NotApplied[] => {
    if (type !== "docker_container" || actionOf(change) !== "update" || change.actions[0] !== "update") return [];
    const attributes = NOT_APPLIED.filter((name) => {
      const [before, after] = [change.before?.[name], change.after?.[name]];
      // Of a mount without options only its path says that there is one.
      return name === "tmpfs" ? !alike(paths(before), paths(after)) || !alike(before, after) : !alike(before, after);
    });
    return attributes.length > 0 ? [{ address, attributes }] : [];
  });

const paths = (mounts: unknown): string[] => Object.keys(mounts ?? {}).sort();
