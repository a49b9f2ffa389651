import { describe, expect, test } from "@jest/globals";
import { databaseUrl, setVersion, template } from "../../../model/values";
import { SENTINELIQ } from "../../support/platforms";
import { check, expectProblem, withNetworks, withStore } from "./support";

describe("a database that can be reached from outside", () => {
  test("by a network", () => {
    expectProblem(check(withStore("postgres", { networks: ["data", "frontend"] })), {
      path: "postgres/networks",
      given: "frontend",
    });
  });
  test("by an address", () => {
    expectProblem(check(withStore("redis", { bindAddress: "0.0.0.0" })), { path: "redis/bindAddress" });
  });
});

describe("a store", () => {
  const closed = withNetworks((networks) => ({
    ...networks,
    inside: { open: false },
    public: { open: false, edge: true },
  }));
  test("with a port to publish, where every network is closed", () => {
    const problems = check(closed, SENTINELIQ);
    expect(problems.map(({ path }) => path)).toEqual(
      SENTINELIQ.platform.stores.map(({ name }) => `${name}/developmentPort`),
    );
    expect(problems.find(({ path }) => path.startsWith("minio"))).toMatchObject({
      given: "9000, 9001, but every network is closed",
      fix: "add a network with open: true",
    });
  });
  test("with ports for people only, where every network is closed", () => {
    const problems = check((p) => closed(withStore("minio", { developmentPort: undefined as never })(p)), SENTINELIQ);
    expect(problems.map(({ path }) => path)).toContainEqual("minio/insidePorts");
  });
  test("in a closed network with the edge", () => {
    const networks = withNetworks((all) => ({ ...all, network: { open: false, edge: true } }));
    const problems = check(networks, SENTINELIQ);
    expect(problems).toHaveLength(SENTINELIQ.platform.stores.length);
    expect(problems[0]).toMatchObject({
      path: "postgres/networks",
      expected: expect.stringContaining("there is none"),
    });
  });
  test("with files for a read-only file system", () => {
    expectProblem(check(withStore("logstash", { sandbox: {} }), SENTINELIQ), {
      path: "logstash/files",
      fix: "readOnly: false",
    });
  });
  test.each([
    ["a product's database", databaseUrl()],
    ["a set's version", template`v${setVersion()}`],
  ])("that asks for %s", (given, value) => {
    expectProblem(check(withStore("kibana", { env: { ADDRESS: value } }), SENTINELIQ), {
      path: "kibana/env/ADDRESS",
      given,
    });
  });
});

test.each(["postgres", "postgres:latest"])("a store without a version: %s", (image) => {
  expectProblem(check(withStore("postgres", { image })), { path: "postgres/image", given: image });
});
