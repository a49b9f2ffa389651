import { expect, test } from "@jest/globals";
import { referenceOf } from "../../../clients/registry/reference";

const HUB = "registry-1.docker.io";
test.each([
  ["postgres:16-alpine", HUB, "library/postgres", "16-alpine"],
  ["prom/prometheus:v3.13.5", HUB, "prom/prometheus", "v3.13.5"],
  ["docker.io/redis:7", HUB, "library/redis", "7"],
  ["docker.io/library/redis:7", HUB, "library/redis", "7"],
  ["index.docker.io/a/b:1", HUB, "a/b", "1"],
  ["quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z", "quay.io", "minio/minio", "RELEASE.2025-09-07T16-13-09Z"],
  ["docker.elastic.co/kibana/kibana:8.11.0", "docker.elastic.co", "kibana/kibana", "8.11.0"],
  ["ghcr.io/acme/chat:v1", "ghcr.io", "acme/chat", "v1"],
  ["localhost/app:1", "localhost", "app", "1"],
  ["127.0.0.1:5000/a/b:v1", "127.0.0.1:5000", "a/b", "v1"],
  ["redis:7@sha256:12ab", HUB, "library/redis", "sha256:12ab"],
])("%s", (name, host, repository, tag) => {
  expect(referenceOf(name)).toEqual({ host, repository, tag });
});

test.each(["postgres", "sha256:12ab", "", "a b:1"])("%j is no image to ask for", (name) => {
  expect(referenceOf(name)).toBeUndefined();
});
