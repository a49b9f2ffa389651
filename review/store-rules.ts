/**
 * Which images of a store can read what another image of it has written, by the projects' own documents. A rule looks at
 * what the two tags say; where they say too little, the answer is no.
 */
import {
  type ImageName,
  isNoOlder,
  isOlder,
  lastOf,
  parseVersion,
  POSTGRES_MOVED,
  postgresPlaces,
  postgresVersion,
  stepOf,
  type TagVersion,
} from "../model/image-version";

/** Why the new image is not to have the old one's data. */
export interface Obstacle {
  /** "PostgreSQL 18 does not start on data of PostgreSQL 16". */
  readonly what: string;
  /** The way out, with its commands. */
  readonly fix: string;
  /** Does it start, with something wrong? @default false: it does not, or nobody knows */
  readonly starts?: boolean;
}

export type StoreProgram = "postgres" | "redis" | "elasticsearch" | "minio";

/** Programs by the last part of their images' names. Others that read the same data are programs of their own. */
const PROGRAMS: Readonly<Record<string, StoreProgram>> = {
  ...{ postgres: "postgres", postgresql: "postgres", pgvector: "postgres", postgis: "postgres" },
  ...{ timescaledb: "postgres", "timescaledb-ha": "postgres" },
  ...{ redis: "redis", elasticsearch: "elasticsearch", "elasticsearch-oss": "elasticsearch", minio: "minio" },
};

export const programOf = (image: ImageName): StoreProgram | undefined => PROGRAMS[lastOf(image)];

/** @param container the store's, for the commands of the way out */
export function obstacles(from: ImageName, to: ImageName, program: StoreProgram, container: string): Obstacle[] {
  const [was, is] = [lastOf(from), lastOf(to)];
  if (was !== is) {
    return [{ what: `${is} is another program than ${was}, whose data it gets`, fix: otherProgram(container) }];
  }
  return RULES[program](from, to, container);
}

const otherProgram = (container: string): string =>
  `put the data into a new store with a volume of its own, with the tools of the old program (docker exec ${container} …)`;

type Rule = (from: ImageName, to: ImageName, container: string) => Obstacle[];

/** Docker's words for an image: with its tag, or that it has none. */
const tagOf = ({ tag }: ImageName): string => (tag === undefined ? "no tag" : `the tag ${tag}`);

/** A tag that says too little, or may be another image tomorrow. */
const unsaid = (name: string, from: ImageName, to: ImageName, fix: string): Obstacle => ({
  what: `${name} from ${tagOf(from)} to ${tagOf(to)}: these do not say which versions they are, so nothing says that the new one can read the data`,
  fix: `give both their versions as tags, the old one as it runs now; ${fix}`,
});

const isSame = (from: ImageName, to: ImageName): boolean => from.tag === to.tag;

// PostgreSQL: data of another major version cannot be read, of another minor one always ("Upgrading a PostgreSQL Cluster").

/** The major version, where the tag says it. */
export const postgresMajor = (image: ImageName): number | undefined => {
  const major = postgresVersion(image)?.major;
  return major === undefined ? undefined : Math.floor(Number(major));
};

const dumpAndRestore = (container: string): string =>
  [
    `dump it with the version that runs (docker exec ${container} pg_dumpall -U postgres > all.sql)`,
    "make a second store with another name, and so a new volume, for the new version",
    `restore (docker exec -i <new container> psql -U postgres -f - < all.sql), move what needs it, and let the old one go`,
    "or, while nothing runs, pg_upgrade --old-datadir … --new-datadir … --old-bindir … --new-bindir … with both versions' programs, into a new volume",
  ].join("; ");

const postgres: Rule = (from, to, container) => {
  const [was, is] = [postgresVersion(from), postgresVersion(to)];
  const fix = dumpAndRestore(container);
  if (!was || !is) return [unsaid("PostgreSQL", from, to, `where the first numbers differ: ${fix}`)];
  if (was.major !== is.major) {
    const moved =
      Number(is.major) >= POSTGRES_MOVED && Number(was.major) < POSTGRES_MOVED
        ? `; it also keeps its data in another place of the image, ${postgresPlaces(Number(is.major)).data}`
        : "";
    return [{ what: `PostgreSQL ${is.major} does not start on data of PostgreSQL ${was.major}${moved}`, fix }];
  }
  if (was.preview !== is.preview) {
    const named = (version: typeof was): string => `${version.major}${version.preview ?? ""}`;
    return [
      { what: `PostgreSQL ${named(is)} may not start on data of ${named(was)}: a preview has data of its own`, fix },
    ];
  }
  return otherLibrary(from, to, container);
};

/** Alpine sorts text otherwise than Debian, and an index is in the order in which it was made (docker-library/postgres#327). */
function otherLibrary(from: ImageName, to: ImageName, container: string): Obstacle[] {
  const [was, is] = [from, to].map(({ tag = "" }) => /alpine/.test(tag));
  if (was === is) return [];
  const [old, now] = was ? ["Alpine", "Debian"] : ["Debian", "Alpine"];
  return [
    {
      what: `from ${old} to ${now} text is sorted otherwise: indices over text are wrong, and rows are not found`,
      fix: `stay with ${old}; or afterwards, before anybody writes: docker exec ${container} reindexdb -U postgres --all, then ALTER DATABASE … REFRESH COLLATION VERSION`,
      starts: true,
    },
  ];
}

// Redis: a snapshot of a newer format is refused ("Can't handle RDB format version"); the file of commands begins with one.

/** The versions of Redis with which the format of its snapshots (RDB 6, 7 … 14) became another one (redis/redis, librdb). */
const RDB: readonly (readonly number[])[] = [
  [2, 6],
  [3, 2],
  [4, 0],
  [5, 0],
  [7, 0],
  [7, 2],
  [7, 4],
  [8, 6],
  [8, 8],
];
/** Newer ones are not known here. */
const RDB_KNOWN: TagVersion = { numbers: [8, 8] };

const redis: Rule = (from, to, container) => {
  const [was, is] = [from, to].map(({ tag = "" }) => parseVersion(tag));
  const fix = `stay with the newer one; or have its data as commands (docker exec ${container} redis-cli CONFIG SET aof-use-rdb-preamble no, then BGREWRITEAOF) and give them to a new store with a new volume (redis-cli --pipe < appendonly.aof….base.aof); what is only a cache may begin empty, on a new volume`;
  if (!was || !is) return [unsaid("Redis", from, to, fix)];
  if (isSame(from, to) || isNoOlder(is, was)) return [];
  const [, most] = stepOf(was, RDB);
  const [least] = stepOf(is, RDB);
  const known = isNoOlder(RDB_KNOWN, was) || isSameMinor(was, RDB_KNOWN);
  if (known && least >= most) return [];
  if (!isOlder(is, was)) return [unsaid("Redis", from, to, fix)];
  return [
    { what: `${namedBy("Redis", to)} does not read what ${namedBy("Redis", from)} has written: it is older`, fix },
  ];
};

const isSameMinor = ({ numbers: [a, b] }: TagVersion, { numbers: [c, d] }: TagVersion): boolean => a === c && b === d;

const namedBy = (name: string, { tag }: ImageName): string => `${name} ${tag}`;

// Elasticsearch: "In-place downgrades to earlier versions are not supported"; the next major from the last minor only.

/** The last minor version of each major one ("Upgrade Elasticsearch", Elastic). */
const LAST_MINOR: Readonly<Record<number, number>> = { 5: 6, 6: 8, 7: 17, 8: 19 };

const elasticsearch: Rule = (from, to, container) => {
  const [was, is] = [from, to].map(({ tag = "" }) => parseVersion(tag));
  const back = `start the version that ran before as a new store with a new volume, and restore a snapshot that it has made (docker exec ${container} curl -X POST localhost:9200/_snapshot/<repository>/<snapshot>/_restore), or fetch the indices (POST _reindex with a remote source)`;
  if (!was || !is) return [unsaid("Elasticsearch", from, to, back)];
  if (isSame(from, to)) return [];
  const named = [from, to].map((image) => namedBy("Elasticsearch", image));
  if (!isNoOlder(is, was)) {
    return isOlder(is, was)
      ? [
          {
            what: `${named[1]} does not start on data of ${named[0]}: it is older, and there is no way back in place`,
            fix: back,
          },
        ]
      : [unsaid("Elasticsearch", from, to, back)];
  }
  if (was.preview !== undefined) {
    return [{ what: `${named[1]} is not to have data of a preview, ${named[0]}`, fix: back }];
  }
  const [[major = 0, minor = 0], [next = 0]] = [was.numbers, is.numbers];
  if (next === major) return [];
  const last = LAST_MINOR[major];
  const by = last === undefined ? `the last minor version of ${major}` : `${major}.${last}`;
  if (next === major + 1 && last !== undefined && minor >= last) return [];
  return [
    {
      what: `${named[1]} does not start on data of ${named[0]}: a major version is reached from the last minor one before it`,
      fix: `a snapshot first (docker exec ${container} curl -X PUT localhost:9200/_snapshot/<repository>/<snapshot>); then ${by}, look at GET _migration/deprecations, and one major version at a time`,
    },
  ];
};

// MinIO: a release is named by its time. "You cannot trivially downgrade" (Upgrade a MinIO Deployment).

/** The first release without the backend of old single drives: "found backend type fs, expected xl or xl-single". */
const MINIO_WITHOUT_FS = "2022-10-29";

/** Its time, as text that sorts: "2025-09-07T16-13-09Z". */
function minioTime({ tag = "" }: ImageName): string | undefined {
  const time = /^RELEASE\.(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ)/.exec(tag)?.[1];
  if (time !== undefined) return time;
  // Bitnami's: "2024.1.31-debian-11-r0".
  const [, year, month, day] = /^(20\d\d)\.(\d{1,2})\.(\d{1,2})(?!\w)/.exec(tag) ?? [];
  return year === undefined ? undefined : `${year}-${month!.padStart(2, "0")}-${day!.padStart(2, "0")}`;
}

const minio: Rule = (from, to) => {
  const [was, is] = [from, to].map(minioTime);
  const fix =
    "start the other release as a second store with a volume of its own, and copy: mc mirror --preserve <old>/<bucket> <new>/<bucket>, with mc admin cluster bucket export and iam export before";
  if (was === undefined || is === undefined) return [unsaid("MinIO", from, to, fix)];
  if (is < was) return [{ what: `MinIO of ${is} is older than that of ${was}, whose data it gets`, fix }];
  return was < MINIO_WITHOUT_FS && is >= MINIO_WITHOUT_FS
    ? [{ what: `MinIO of ${is} reads no single drive as one of ${was} may have it`, fix }]
    : [];
};

const RULES: Readonly<Record<StoreProgram, Rule>> = { postgres, redis, elasticsearch, minio };
