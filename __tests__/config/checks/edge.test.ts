import { test } from "@jest/globals";
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
