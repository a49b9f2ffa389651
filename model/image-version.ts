/** An image's name and the version that its tag says. */

export interface ImageName {
  /** With its registry, as it was written: "quay.io/minio/minio". */
  readonly repository: string;
  readonly tag?: string;
  /** "sha256:…" */
  readonly digest?: string;
}

/** Image name with its tag → "sha256:…". */
export type Digests = Readonly<Record<string, string>>;

export const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** A version as far as a tag says it: "16-alpine" says nothing of the second number. */
export interface TagVersion {
  /** At least one. */
  readonly numbers: readonly number[];
  /** "beta1", "rc2": not a release. */
  readonly preview?: string;
}

/** Reads "registry:5000/owner/name:tag@sha256:…". @returns undefined: an image's id, or no name of an image */
export function parseImage(text: string): ImageName | undefined {
  if (/^sha256:/.test(text)) return undefined;
  const [, repository, tag, digest] =
    /^([^\s:@]+(?::\d+(?=\/))?(?:\/[^\s:@]+)*)(?::([\w][\w.-]*))?(?:@(sha256:[0-9a-f]+))?$/i.exec(text) ?? [];
  if (repository === undefined) return undefined;
  return { repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** "postgres" of "docker.io/library/postgres". */
export const lastOf = ({ repository }: ImageName): string => repository.slice(repository.lastIndexOf("/") + 1);

/** A number over this is a day or a hash, and no version. */
const LARGEST = 999;

/** Reads "v16.3-alpine", "18beta1-bookworm", "8.0.0-rc1". @returns undefined: it says none, as "latest" or a hash does */
export function parseVersion(tag: string): TagVersion | undefined {
  const [, text, preview] =
    /^v?(\d+(?:\.\d+)*)(?:[-.]?((?:alpha|beta|rc|m|preview|snapshot)[-.]?\d*))?(?![a-z0-9])/i.exec(tag) ?? [];
  if (text === undefined) return undefined;
  const numbers = text.split(".").map(Number);
  if (numbers.some((number) => number > LARGEST)) return undefined;
  return preview === undefined ? { numbers } : { numbers, preview: preview.toLowerCase() };
}

/** PostgreSQL's major version: of "0.8.0-pg16" that of its own. Before 10 the second number is major, too. */
export function postgresVersion({
  tag = "",
}: ImageName): { readonly major: string; readonly preview?: string | undefined } | undefined {
  const pg = /(?:^|[-_.])pg(\d+(?:\.\d+)*)(?!\w)/.exec(tag)?.[1];
  const version = parseVersion(pg ?? tag);
  const [first = 0, second] = version?.numbers ?? [];
  if (!version || first === 0 || (first < 10 && second === undefined)) return undefined;
  return { major: first < 10 ? `${first}.${second}` : String(first), preview: version.preview };
}

/** From this version on PostgreSQL's image keeps data in another place (docker-library/postgres#1259). */
export const POSTGRES_MOVED = 18;

/** PostgreSQL's places in its image: where its data is, and where a volume has to be for it. */
export function postgresPlaces(major: number): { readonly data: string; readonly volume: string } {
  const home = "/var/lib/postgresql";
  if (major >= POSTGRES_MOVED) return { data: `${home}/${major}/docker`, volume: home };
  return { data: `${home}/data`, volume: `${home}/data` };
}

/** Numbers from the first; of what is not said: the lowest that there may be, or the highest. */
type Unsaid = "lowest" | "highest";

function compare(a: readonly number[], b: readonly number[], [inA, inB]: readonly [Unsaid, Unsaid]): number {
  const filled = (numbers: readonly number[], unsaid: Unsaid, at: number): number =>
    numbers[at] ?? (unsaid === "lowest" ? 0 : Infinity);
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const [left, right] = [filled(a, inA, at), filled(b, inB, at)];
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

/** Is a version certainly no older than another: whatever the two do not say? */
export const isNoOlder = (version: TagVersion, than: TagVersion): boolean =>
  compare(version.numbers, than.numbers, ["lowest", "highest"]) >= 0;

/** Is a version certainly older than another? */
export const isOlder = (version: TagVersion, than: TagVersion): boolean =>
  compare(version.numbers, than.numbers, ["highest", "lowest"]) < 0;

/** Which of rising versions a version is at or past, at the least and at the most: -1 for none. */
export function stepOf(
  version: TagVersion,
  steps: readonly (readonly number[])[],
): readonly [least: number, most: number] {
  const past = (unsaid: Unsaid): number =>
    steps.findLastIndex((step) => compare(version.numbers, step, [unsaid, "lowest"]) >= 0);
  return [past("lowest"), past("highest")];
}
