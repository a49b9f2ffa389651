/** What each store's own documents say of its versions. */
import { describe, expect, test } from "@jest/globals";
import { type ImageName, parseImage } from "../../model/image-version";
import { type Obstacle, obstacles, programOf } from "../../review/store-rules";

const between = (from: string, to: string): Obstacle[] => {
  const [was, is] = [from, to].map((text) => parseImage(text)!) as [ImageName, ImageName];
  return obstacles(was, is, programOf(was)!, "store");
};
const ES = "docker.elastic.co/elasticsearch/elasticsearch";
const MINIO = "quay.io/minio/minio";
const r = (day: string): string => `${MINIO}:RELEASE.${day}T16-13-09Z`;

describe("may have the data", () => {
  test.each([
    ["postgres:16-alpine", "postgres:16.4-alpine"],
    ["postgres:16.4-alpine", "postgres:16.2-alpine3.20"],
    ["postgres:16-alpine", "docker.io/library/postgres:16-alpine@sha256:0a"],
    ["postgres:9.6.1", "postgres:9.6.24"],
    ["pgvector/pgvector:0.7.0-pg16", "pgvector/pgvector:0.8.0-pg16"],
    ["redis:7-alpine", "redis:7-alpine"],
    ["redis:7-alpine", "redis:8-alpine"],
    ["redis:7-alpine", "redis:7.4-alpine"],
    ["redis:6.2", "redis:5.0.14"],
    ["redis:8.4", "redis:8.0.3"],
    ["redis:7.4.2", "redis:7.4.1"],
    ["redis:8.8.1", "redis:8.8.0"],
    [`${ES}:8.11.0`, `${ES}:8.12.0`],
    [`${ES}:8.19.2`, `${ES}:9.1.0`],
    [`${ES}:7.17.29`, `${ES}:8.0.0`],
    [r("2024-01-01"), r("2025-09-07")],
    [r("2024-01-01"), r("2024-01-01")],
  ])("%s, then %s", (from, to) => {
    expect(between(from, to)).toEqual([]);
  });
});

describe("may not", () => {
  test.each([
    ["postgres:16-alpine", "postgres:18-alpine", /PostgreSQL 18 does not start on data of PostgreSQL 16.*\/18\/docker/],
    ["postgres:16-alpine", "postgres:17-alpine", /17 does not start on data of PostgreSQL 16$/],
    ["postgres:16.4", "postgres:15.8", /15 does not start on data of PostgreSQL 16/],
    ["postgres:9.6", "postgres:9.5", /9.5 does not start/],
    ["postgres:9", "postgres:9", /do not say which versions/],
    ["postgres:18beta1", "postgres:18", /18 may not start on data of 18beta1/],
    ["postgres:16-alpine", "postgres:latest", /do not say which versions/],
    ["postgres:latest", "postgres:latest", /do not say which versions/],
    ["postgres", "postgres:16", /no tag/],
    ["postgres:16-alpine", "postgres:16-bookworm", /from Alpine to Debian/],
    ["pgvector/pgvector:0.7.0-pg16", "pgvector/pgvector:0.8.0-pg17", /17 does not start/],
    ["postgres:16", "pgvector/pgvector:pg16", /another program/],
    ["redis:7.4.3", "redis:7.2.7", /7.2.7 does not read what Redis 7.4.3/],
    ["redis:7.0", "redis:6.2", /does not read/],
    ["redis:8.6", "redis:8.4", /does not read/],
    ["redis:8.8", "redis:8.6", /does not read/],
    ["redis:9.2", "redis:9.0", /does not read/],
    ["redis:8-alpine", "redis:7-alpine", /does not read/],
    ["redis:7-alpine", "redis:7.2-alpine", /do not say which versions/],
    ["redis:7-alpine", "redis:alpine", /do not say which versions/],
    ["redis:7.4", "valkey/valkey:8.0", /valkey is another program/],
    [`${ES}:8.11.1`, `${ES}:8.11.0`, /older, and there is no way back/],
    [`${ES}:8.18.0`, `${ES}:9.1.0`, /from the last minor one/],
    [`${ES}:7.17.0`, `${ES}:9.1.0`, /from the last minor one/],
    [`${ES}:9.3.0`, `${ES}:10.0.0`, /from the last minor one/],
    [`${ES}:9.0.0-rc1`, `${ES}:9.1.0`, /a preview/],
    [`${ES}:8.11.0`, `${ES}:latest`, /do not say which versions/],
    [r("2025-09-07"), r("2025-09-06"), /is older than/],
    [r("2022-05-01"), r("2025-09-07"), /no single drive/],
    [r("2025-09-07"), `${MINIO}:latest`, /do not say which versions/],
    [`${MINIO}:edge`, `${MINIO}:edge`, /do not say which versions/],
  ])("%s, then %s", (from, to, what) => {
    const [obstacle, ...others] = between(from, to);
    expect(obstacle?.what).toMatch(what);
    expect(others).toEqual([]);
    // A way out, in words and with something to type or to change.
    expect(obstacle!.fix.length).toBeGreaterThan(40);
  });
  test("with the commands of the way out", () => {
    const [fix] = between("postgres:16", "postgres:17").map((each) => each.fix);
    expect(fix).toContain("docker exec store pg_dumpall -U postgres > all.sql");
    expect(fix).toContain("pg_upgrade");
    expect(fix).toContain("new volume");
    expect(between(r("2025-09-07"), r("2025-09-06"))[0]!.fix).toContain("mc mirror");
  });
});

test.each([
  ...["postgres:16-alpine", "redis:7-alpine", "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z"],
  "docker.elastic.co/elasticsearch/elasticsearch:8.11.0",
])("%s gets a digest, another one, and none again: its tag says that the data can be read", (name) => {
  const [none, one, other] = ["", `@sha256:${"1".repeat(64)}`, `@sha256:${"2".repeat(64)}`].map((digest) =>
    parseImage(`${name}${digest}`)!,
  ) as [ImageName, ImageName, ImageName];
  const found = [
    [none, one],
    [one, other],
    [other, none],
  ].map(([from, to]) => obstacles(from!, to!, programOf(none)!, "store"));
  expect(found).toEqual([[], [], []]);
});
