import { describe, expect, test } from "@jest/globals";
import { checkRelease } from "../../../config/checks/release";
import type { ProductRelease } from "../../../model/release";
import { both, MANACORE, SENTINELIQ } from "../../support/platforms";

const PATH = "config/releases/manacore/production.json";

describe("checking", () => {
  const check = (release: Record<string, ProductRelease>, pinned = true) =>
    checkRelease(release, PATH, MANACORE.platform.products, pinned);

  test("both sets, with a canary: no problem", () => {
    expect(check({ chat: both(10) })).toEqual([]);
  });
  test("an unknown product", () => {
    expect(check({ chatt: both(0) })).toMatchObject([{ path: `${PATH} products/chatt`, given: "chatt" }]);
  });
  test("a live colour without a version", () => {
    expect(check({ chat: { ...both(0), blue: null } })).toMatchObject([
      { path: `${PATH} products/chat/live`, fix: "give blue a version, or make green live" },
    ]);
  });
  test("a canary without a second set", () => {
    expect(check({ chat: { ...both(10), green: null } })).toMatchObject([{ path: `${PATH} products/chat/canary` }]);
  });
  test.each(["latest", "main", "pr-17"])("the moving tag %s in production", (version) => {
    expect(check({ chat: { ...both(0), blue: { version } } })).toMatchObject([
      { path: `${PATH} products/chat/blue/version`, given: version },
    ]);
  });
  test("a moving tag where versions need not be pinned", () => {
    expect(check({ chat: { ...both(0), blue: { version: "main" } } }, false)).toEqual([]);
  });
  test.each(["v1 .0", "-v1", "a/b"])("%j is no tag", (version) => {
    expect(check({ chat: { ...both(0), blue: { version } } })).toMatchObject([{ given: JSON.stringify(version) }]);
  });
  describe("tags", () => {
    const tagged = (tags: Record<string, string>, pinned = true) =>
      checkRelease(
        { saas: { live: "blue", canary: 0, blue: { version: "1.2.0", tags }, green: null } },
        "config/releases/sentineliq/production.json",
        SENTINELIQ.platform.products,
        pinned,
      );
    test("one per service: no problem", () => {
      expect(tagged({ "saas-server": "sha-a1b2c3d", "saas-client": "1.2.1" })).toEqual([]);
    });
    test("of a service that the product does not have", () => {
      expect(tagged({ "saas-worker": "1.2.0" })).toMatchObject([
        {
          path: "config/releases/sentineliq/production.json products/saas/blue/tags/saas-worker",
          expected: "one of saas-server and saas-client",
          fix: "remove the tag or correct the service's name",
        },
      ]);
    });
    test("that move, in production", () => {
      expect(tagged({ "saas-server": "main" })).toMatchObject([
        { path: expect.stringMatching(/products\/saas\/blue\/tags\/saas-server$/), given: "main" },
      ]);
    });
    test("that move, where versions need not be pinned", () => {
      expect(tagged({ "saas-server": "main" }, false)).toEqual([]);
    });
    test("that are none", () => {
      expect(tagged({ "saas-server": "a b" })).toMatchObject([{ given: '"a b"' }]);
    });
  });
  test("a digest of a service that the product does not have", () => {
    const digests = { "news-api": `sha256:${"0".repeat(64)}` };
    expect(check({ chat: { ...both(0), blue: { version: "v1", digests } } })).toMatchObject([
      { path: `${PATH} products/chat/blue/digests/news-api` },
    ]);
  });
});
