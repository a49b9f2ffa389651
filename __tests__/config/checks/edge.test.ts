import { expect, test } from "@jest/globals";
import type { Platform } from "../../../model/platform";
import { withEnvironment } from "../../support/platforms";
import { check, expectProblem } from "./support";

test("nginx with a challenge that its companion does not know", () => {
  const tls = { kind: "letsencrypt", challenge: "http", email: "ops@example.org" } as const;
  const change = (p: Platform): Platform => ({
    ...withEnvironment("production", { tls })(p),
    edge: { ...p.edge, kind: "nginx" },
  });
  expectProblem(check(change), { path: "environments/production/tls/challenge", given: "http, with nginx" });
});

test.each([
  ["X-Forwarded-For", "a header that the edge sets"],
  ["x-real-ip", "a header that the edge sets"],
  ["X-Twinset-Key", "no header that the edge empties"],
  ["X-Api-Version", "no header that the edge empties"],
])("a platform that lets %s through", (name, given) => {
  const change = (p: Platform): Platform => ({ ...p, edge: { ...p.edge, letThrough: [name] } });
  expectProblem(check(change), { path: `edge/letThrough/${name}`, given });
});

test("a platform that lets through what the edge empties", () => {
  const change = (p: Platform): Platform => ({ ...p, edge: { ...p.edge, letThrough: ["x-http-method-override"] } });
  expect(check(change).filter(({ path }) => path.startsWith("edge/"))).toEqual([]);
});
