import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { otherColour, type ProductRelease, weights } from "../../model/release";
import { canary, change, cutover, deploy, retire } from "../../release/steps";

const start: ProductRelease = { live: "blue", canary: 0, blue: { version: "v1" }, green: null };

describe("the steps of a release", () => {
  test("in their order bring a version from nothing to all traffic", () => {
    const deployed = deploy(start, { version: "v2" });
    expect(deployed).toEqual({ live: "blue", canary: 0, blue: { version: "v1" }, green: { version: "v2" } });
    expect(weights(canary(deployed, 10))).toEqual({ blue: 90, green: 10 });
    const over = cutover(canary(deployed, 10));
    expect(weights(over)).toEqual({ blue: 0, green: 100 });
    expect(retire(over)).toEqual({ live: "green", canary: 0, blue: null, green: { version: "v2" } });
  });

  test("rollback is the cutover once more", () => {
    const deployed = deploy(start, { version: "v2" });
    expect(cutover(cutover(deployed))).toEqual(deployed);
  });

  test("none but the cutover changes which set is live, and none but retire takes a set away", () => {
    const steps = fc.constantFrom<(release: ProductRelease) => ProductRelease>(
      (release) => deploy(release, { version: "v9" }),
      (release) => canary(release, 25),
      retire,
    );
    fc.assert(
      fc.property(fc.array(steps), (taken) => {
        const end = taken.reduce((release, step) => step(release), start);
        expect(end.live).toBe("blue");
        expect(end.blue).toEqual(start.blue);
        expect([null, "v9"]).toContain(end[otherColour(end.live)]?.version ?? null);
      }),
    );
  });

  test("change touches one product, and says when there is no such product", () => {
    const release = { chat: start, news: start };
    const changed = change(release, "chat", (entry) => deploy(entry, { version: "v2" }));
    expect(changed["news"]).toBe(start);
    expect(changed["chat"]?.green).toEqual({ version: "v2" });
    expect(() => change(release, "shop", cutover)).toThrow("shop is not in the release");
  });
});
