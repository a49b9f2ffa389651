/** Containers that get the data of another image: which image had the volume before, and whether the new one can read it. */
import { type ImageName, parseImage, postgresPlaces } from "../model/image-version";
import type { Platform } from "../model/platform";
import { isEffective, type Plan, type ResourceChange } from "../terraform/plan";
import { type Configured, configuredIn, hasMark, withoutIndex } from "./attributes";
import { actionOf, goes, isService, managed, partOf } from "./parts";
import { type Obstacle, obstacles, postgresMajor, programOf, type StoreProgram } from "./store-rules";

/** A store whose new image is not to have the data that is there. */
export interface StoreObstacle extends Obstacle {
  /** Of the container. */
  readonly address: string;
  /** As the catalog calls it; for what is not in it, its address. */
  readonly store: string;
}

type Values = Readonly<Record<string, unknown>>;

/** Values before or after, without any that is marked as sensitive: what is found in them is said. */
function unmarked({ change }: ResourceChange, side: "before" | "after"): Values | undefined {
  const values = change[side];
  if (!values) return undefined;
  const marks = side === "before" ? change.before_sensitive : change.after_sensitive;
  const isMarked = (name: string): boolean =>
    typeof marks === "object" && marks !== null ? hasMark((marks as Values)[name]) : marks === true;
  return Object.fromEntries(Object.entries(values).filter(([name]) => !isMarked(name)));
}

export function storeObstacles(plan: Plan, platform: Platform): StoreObstacle[] {
  const configured = configuredIn(plan);
  return managed(plan).flatMap((resource): StoreObstacle[] => {
    const { after } = resource.change;
    if (resource.type !== "docker_container" || !after || !isService(resource)) return [];
    const to = imageAfter(resource, plan, configured);
    const part = partOf(resource, platform);
    const store = part.kind === "store" ? part.store : resource.address;
    return [...ofImages(resource, to, store, plan, platform), ...ofPlace(resource, to)].map((each) => ({
      ...each,
      address: resource.address,
      store,
    }));
  });
}

function ofImages(
  resource: ResourceChange,
  to: ImageName | undefined,
  store: string,
  plan: Plan,
  platform: Platform,
): Obstacle[] {
  const { after } = resource.change;
  const before = isEffective(resource) ? userBefore(resource, plan) : undefined;
  if (!before || before.change.before?.["image"] === after?.["image"]) return [];
  const from = imageBefore(before, plan);
  const program = programFor(store, [to, from], platform);
  if (program === undefined) return [];
  if (!from || !to) {
    const which = from ? "it is to get" : "had its data before";
    return [
      {
        what: `nothing says which image ${which}, so nothing says that the new one can read the data`,
        fix: "name images with their versions, in a docker_image that the container refers to",
      },
    ];
  }
  const same = from.digest !== undefined && from.digest === to.digest;
  return same ? [] : obstacles(from, to, program, String(unmarked(resource, "after")?.["name"] ?? "<container>"));
}

/** What the catalog says of a store comes first: an image's name may be anybody's. */
function programFor(
  store: string,
  images: readonly (ImageName | undefined)[],
  platform: Platform,
): StoreProgram | undefined {
  const kind = platform.stores.find(({ name }) => name === store)?.kind;
  if (kind === "postgres" || kind === "redis") return kind;
  return images.map((image) => image && programOf(image)).find((program) => program !== undefined);
}

interface Mounted {
  readonly name: string;
  readonly path: string;
}

const listIn = (values: Values | null | undefined, name: string): readonly Values[] => {
  const list = values?.[name];
  return Array.isArray(list) ? (list as Values[]).filter((each) => each !== null && typeof each === "object") : [];
};

/** Volumes and folders of the host that keep what is written to them. */
const volumesOf = (values: Values | null | undefined): Mounted[] =>
  [
    ...listIn(values, "volumes").map((each) => [each["volume_name"] || each["host_path"], each["container_path"]]),
    ...listIn(values, "mounts")
      .filter(({ type }) => type !== "tmpfs")
      .map(({ source, target }) => [source, target]),
  ].flatMap(([name, path]) => (typeof name === "string" && name !== "" ? [{ name, path: String(path ?? "") }] : []));

/** Is there nothing on it after the apply but what comes then? */
const isFresh = (volume: string, plan: Plan): boolean => {
  const own = managed(plan).filter(
    ({ type, change }) => type === "docker_volume" && (change.after ?? change.before)?.["name"] === volume,
  );
  return own.some(({ change }) => change.actions.includes("create") || goes(actionOf(change)));
};

/** Who had one of its volumes before, with what is on it: the container itself, or another one that goes, or was lost. */
function userBefore({ address, change }: ResourceChange, plan: Plan): ResourceChange | undefined {
  const kept = volumesOf(change.after)
    .map(({ name }) => name)
    .filter((name) => !isFresh(name, plan));
  const users = [...plan.resource_changes, ...(plan.resource_drift ?? [])].filter(
    (each) =>
      each.type === "docker_container" &&
      isService(each) &&
      volumesOf(each.change.before).some(({ name }) => kept.includes(name)),
  );
  return users.find((each) => each.address === address) ?? users[0];
}

const images = (plan: Plan): readonly ResourceChange[] =>
  [...plan.resource_changes, ...(plan.resource_drift ?? [])].filter(({ type }) => type === "docker_image");

/** A container has its image by its id, by its digest or by its name. */
function imageFor(id: string, plan: Plan, sides: readonly ("before" | "after")[]): ImageName | undefined {
  const named = sides
    .flatMap((side) => images(plan).map((image) => unmarked(image, side)))
    .find((values) => [values?.["image_id"], values?.["repo_digest"]].includes(id));
  return parseImage(typeof named?.["name"] === "string" ? named["name"] : id);
}

function imageBefore(resource: ResourceChange, plan: Plan): ImageName | undefined {
  const id = unmarked(resource, "before")?.["image"];
  return typeof id === "string" ? imageFor(id, plan, ["before", "after"]) : undefined;
}

/** An image that is pulled by this very plan has no id yet: the stack says which one it is. */
function imageAfter(resource: ResourceChange, plan: Plan, configured: Configured): ImageName | undefined {
  const id = unmarked(resource, "after")?.["image"];
  if (typeof id === "string") return imageFor(id, plan, ["after", "before"]);
  const text = JSON.stringify(configured.get(withoutIndex(resource.address))?.expressions?.["image"] ?? "");
  const referred = /\b(docker_image\.[\w-]+)/.exec(text)?.[1];
  const found = images(plan).find((each) => withoutIndex(each.address) === referred && each.change.after);
  const name = found && unmarked(found, "after")?.["name"];
  return typeof name === "string" ? parseImage(name) : undefined;
}

/** From Docker Hub, or from a mirror of it. */
const OFFICIAL = /^(?:[^/]*[.:][^/]*\/)?(?:library\/)?postgres$/;

/**
 * Is PostgreSQL's volume where its image keeps data? From 18 on that is another place: an image refuses to start over a
 * volume in the old one, or, on Alpine before April 2026, starts with an empty database in a volume without a name
 * (docker-library/postgres#1409). Before 18 the image has such a volume of its own beneath (docker-library/docs#2505).
 */
function ofPlace(resource: ResourceChange, image: ImageName | undefined): Obstacle[] {
  const major = image && OFFICIAL.test(image.repository) && postgresMajor(image);
  const places = volumesOf(unmarked(resource, "after"))
    .map(({ path }) => path.replace(/\/+$/, ""))
    .filter((path) => path !== "");
  if (!major || places.length === 0) return [];
  const own = postgresPlaces(major);
  const said = listOfTexts(resource.change.after?.["env"]).find((text) => text.startsWith("PGDATA="));
  const data = said?.slice("PGDATA=".length) ?? own.data;
  // A volume above the image's own would not be written to.
  const hidden = (place: string): boolean =>
    own.volume.startsWith(`${place}/`) && `${data}/`.startsWith(`${own.volume}/`);
  const covers = (place: string): boolean => `${data}/`.startsWith(`${place}/`) && !hidden(place);
  if (places.some(covers)) return [];
  return [
    {
      what: `PostgreSQL ${major} keeps its data in ${said === undefined ? data : "the place that PGDATA says"}, and its volume is at ${places.join(", ")}: it does not start, or what it writes is lost with the container`,
      fix: `have the volume at ${own.volume}, a new one where there is data already`,
    },
  ];
}

const listOfTexts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
