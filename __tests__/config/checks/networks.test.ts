import { describe, test } from "@jest/globals";
import { withService } from "../../support/platforms";
import { check, expectProblem, withNetworks, withStore } from "./support";

describe("networks", () => {
  test("an unknown one", () => {
    expectProblem(check(withService("chat-web", { networks: ["frontend", "fronted"] })), {
      path: "chat/chat-web/networks",
      given: "fronted",
      expected: "one of frontend, backend and data",
    });
  });
  test("an unknown one of a store", () => {
    expectProblem(check(withStore("redis", { networks: ["data", "dota"] })), { path: "redis/networks", given: "dota" });
  });
  test("none with the edge", () => {
    const closed = withNetworks(() => ({ frontend: { open: true }, backend: { open: true }, data: { open: false } }));
    expectProblem(check(closed), { path: "networks", fix: "edge: true" });
  });
  test("a service where the edge is not", () => {
    expectProblem(check(withService("chat-backend", { networks: ["data"] })), {
      path: "chat/chat-backend/networks",
      given: "data, in which the edge is not",
      fix: "add frontend",
    });
  });
});
