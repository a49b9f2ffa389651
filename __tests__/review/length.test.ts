import { describe, expect, test } from "@jest/globals";
import { markdown, MOST_CHARACTERS } from "../../review/markdown";
import type { Review } from "../../review/review";
import { goldenPlan, reviewOf } from "../support/golden-plans";

const base = reviewOf(goldenPlan("destroy"));
const release = reviewOf(goldenPlan("release"));
const redact = (text: string): string => text;

/** A review with products of so many changes each. */
const withGroups = (sizes: readonly number[], of: Review = release): Review => ({
  ...of,
  groups: sizes.map((size, i) => ({
    title: `product-${i}`,
    details: Array.from({ length: size }, (_, n) => ({
      address: `docker_container.product-${i}_green_service-${n}`,
      action: "create",
      sign: "+",
      note: "v1.2.3, 1 CPU, 512 MiB",
      attributes: [],
    })),
  })),
});

const openOf = (text: string): string[] => [...text.matchAll(/<summary>(product-\d+)/g)].map(([, name]) => name!);

describe("a comment that would be too long", () => {
  test("whole products are folded, the longest first; the others stay whole", () => {
    const text = markdown(withGroups([5, 900, 20, 700]), { redact });
    expect(text.length).toBeLessThanOrEqual(MOST_CHARACTERS);
    expect(openOf(text)).toEqual(["product-0", "product-2", "product-3"]);
    expect(text).toContain("product-1: 900 changes (+ 900); too long to be shown here");
    expect(text.match(/<details>/g)).toHaveLength(text.match(/<\/details>/g)!.length);
    // Of one that is shown every change is.
    expect(text.match(/product-3_green_service-\d+/g)).toHaveLength(700);
  });

  test("one that fits is not folded at all", () => {
    expect(openOf(markdown(withGroups([5, 20]), { redact }))).toEqual(["product-0", "product-1"]);
  });

  test.each([
    [
      "many products",
      withGroups(
        Array.from({ length: 2000 }, () => 3),
        base,
      ),
    ],
    [
      "much that is removed",
      {
        ...base,
        removed: Array.from({ length: 3000 }, (_, n) => `docker_container.some_long_name_of_a_container_${n}`),
      },
    ],
    [
      "much that is lost",
      {
        ...base,
        losses: Array.from({ length: 3000 }, (_, n) => ({
          what: "volume",
          address: `docker_volume.some_long_name_${n}`,
          replaced: false,
        })),
      },
    ],
    [
      "much traffic and drift",
      {
        ...base,
        traffic: Array.from({ length: 900 }, (_, n) => ({
          product: `product-${n}`,
          clause: "all traffic goes from blue v1.0.0 to green v2.0.0".repeat(2),
          moved: true,
        })),
        drift: Array.from({ length: 900 }, (_, n) => ({
          address: `docker_container.x_${n}`,
          gone: true,
          attributes: [],
          mended: true,
        })),
      },
    ],
  ])("%s: verdict, what is lost, and how to go on are always there", (_, review) => {
    const text = markdown(review, { redact });
    expect(text.length).toBeLessThanOrEqual(MOST_CHARACTERS);
    expect(text.split("\n")[0]).toContain("everything in production is destroyed");
    expect(text).toContain("**Destroyed**");
    expect(text).toContain(`- **volume \`${review.losses[0]!.address}\` is destroyed**`);
    expect(text).toContain("It cannot be applied while a policy is broken");
    expect(text.endsWith(`Fingerprint: \`${base.fingerprint}\``)).toBe(true);
    // Cut between lines, never within one: what is left out is counted.
    if (!text.includes("<summary>product"))
      expect(text).toMatch(/and \d+ more, for which there is no room here|too long to be shown/);
  });

  test("of what is lost at least the first 50 are named", () => {
    const losses = Array.from({ length: 3000 }, (_, n) => ({
      what: "volume",
      address: `docker_volume.v_${n}`,
      replaced: false,
    }));
    const text = markdown({ ...base, losses }, { redact });
    expect(text.match(/\*\*volume `docker_volume\.v_\d+` is destroyed\*\*/g)!.length).toBeGreaterThanOrEqual(50);
  });
});
