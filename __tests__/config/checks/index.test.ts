import { expect, test } from "@jest/globals";
import { checkPlatform } from "../../../config/checks";
import type { Platform } from "../../../model/platform";
import { both, EVERY_PLATFORM, variant, withService } from "../../support/platforms";
import { withHost, withStore } from "./support";

test.each(EVERY_PLATFORM)("%s as it is has no problem, and no warning", (_, { problems }) => {
  expect(problems).toEqual([]);
});

test("all problems are reported together", () => {
  const change = (platform: Platform): Platform =>
    withHost({ serverType: "ccx99" })(
      withStore("redis", { bindAddress: "0.0.0.0" })(withService("chat-web", { dependsOn: ["x"] })(platform)),
    );
  const { platform, releases } = variant({ platform: change, releases: { chat: { ...both(0), blue: null } } });
  expect(checkPlatform(platform, releases).map((p) => p.path)).toEqual([
    "chat/chat-web/dependsOn",
    "redis/bindAddress",
    "environments/staging/host/serverType",
    "config/releases/manacore/production.json products/chat/live",
  ]);
});
