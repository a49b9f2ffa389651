import { test } from "@jest/globals";
import { withEnvironment } from "../../support/platforms";
import { check, expectProblem } from "./support";

test("no owner of the zone", () => {
  expectProblem(check(withEnvironment("production", { dns: { kind: "cloudflare", ownsZone: false } })), {
    path: "environments/dns/ownsZone",
    given: "no environment",
  });
});

test("two owners of the zone", () => {
  expectProblem(check(withEnvironment("staging", { dns: { kind: "cloudflare", ownsZone: true } })), {
    given: "staging and production",
  });
});
