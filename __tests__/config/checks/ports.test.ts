import { test } from "@jest/globals";
import { SENTINELIQ, withService } from "../../support/platforms";
import { check, expectProblem } from "./support";

test("two services with one development port: the next free one is named", () => {
  expectProblem(check(withService("chat-web", { developmentPort: 3001 })), {
    path: "chat/chat-web/developmentPort",
    given: "3001, which mana-core-auth/mana-core-auth has",
    fix: "3010",
  });
});

test("a service with a store's development port", () => {
  expectProblem(check(withService("chat-web", { developmentPort: 5432 })), { path: "postgres/developmentPort" });
});

test("a service with the port of a store's console", () => {
  expectProblem(check(withService("saas-client", { developmentPort: 9001 }), SENTINELIQ), {
    path: "minio/developmentPort",
    given: "9001, which saas/saas-client has",
  });
});

test.each([80, 8082, 8090])("a development port that the edge needs itself: %s", (port) => {
  expectProblem(check(withService("chat-web", { developmentPort: port })), { given: `${port}, which the edge has` });
});
