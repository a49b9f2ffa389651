import { describe, expect, test } from "@jest/globals";
import { App } from "cdktf";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addStacks } from "../../../main";
import { ENVIRONMENTS } from "../../../model/environment-name";
import { RESERVED_NAMES } from "../../../model/names";
import { MANACORE, withProduct } from "../../support/platforms";
import { check, expectProblem, product, service } from "./support";

describe("names", () => {
  test("two products of one name", () => {
    expectProblem(check(withProduct({ ...product("news"), services: [service("news-backend", 3900)] })), {
      path: "news",
      given: '2 products "news"',
    });
  });
  test("two services of one name", () => {
    const twice = withProduct(
      product("chat2", [service("chat2-backend", 3900), { ...service("chat2-backend", 3901), role: "other" }]),
    );
    expect(check(twice).map((p) => p.given)).toContainEqual('service and service with the name "chat2-backend"');
  });
  test("a service with a store's name", () => {
    const clash = check(withProduct(product("redis", [{ ...service("redis", 3900), dependsOn: [] }])));
    expect(clash.map((p) => p.given)).toContainEqual('service and store with the name "redis"');
  });
  test("two services in one role", () => {
    const problems = check(withProduct(product("pair", [service("pair-a", 3900), service("pair-b", 3901)])));
    expectProblem(problems, { path: "pair", given: 'role "backend"' });
  });
  test("a name that DNS does not know", () => {
    const problems = check(withProduct(product("my_app", [service("my_app-backend", 3900)])));
    expect(problems.map((p) => p.given)).toEqual(
      expect.arrayContaining(['the service name "my_app-backend"', 'the product name "my_app"']),
    );
  });
  test("a name that makes a container name too long", () => {
    const name = `${"x".repeat(40)}`;
    expectProblem(check(withProduct(product(name))), { path: `${name}/${name}-backend/name`, fix: "shorten" });
  });
  test("a service that does not begin with its product's name", () => {
    expectProblem(check(withProduct(product("notes", [service("memos-backend", 3900)]))), {
      path: "notes/memos-backend/name",
      fix: "notes-backend",
    });
  });
  test.each(["settings", "host", "postgres"])("a product with a name that the stack needs itself: %s", (name) => {
    const problems = check(withProduct(product(name, [service(`${name}-api`, 3900)])));
    expectProblem(problems, { path: name, given: `the product name ${name}` });
  });
  test("a store with such a name", () => {
    const [redis] = MANACORE.platform.stores.filter(({ name }) => name === "redis");
    const problems = check((platform) => ({
      ...platform,
      stores: [...platform.stores, { ...redis!, name: "prometheus", developmentPort: undefined }],
    }));
    expectProblem(problems, { path: "prometheus", given: "the store name prometheus", fix: "rename the store" });
  });
  test("every name that a stack needs itself is known", () => {
    const app = new App({ outdir: mkdtempSync(join(tmpdir(), "twinset-names-")), stackTraces: false });
    const own = addStacks(app, MANACORE, ENVIRONMENTS).flatMap((stack) =>
      stack.node.children.map((child) => child.node.id),
    );
    rmSync(app.outdir, { recursive: true });
    const { products, stores } = MANACORE.platform;
    const others = new Set([...products, ...stores].map((p) => p.name));
    expect([...new Set(own)].filter((id) => !others.has(id) && !RESERVED_NAMES.includes(id))).toEqual([]);
  });
});
