/** A plan with the plugins of one lock is another one than with those of another (docs/adr/0015). */
import { describe, expect, test } from "@jest/globals";
import { strToU8, zipSync } from "fflate";
import fc from "fast-check";
import { MANACORE } from "../support/plan";
import { configurationOf } from "../../review/configuration";
import { document } from "../../review/document";
import { factChanges, factsOf } from "../../review/facts";
import { fingerprint, normalized } from "../../review/fingerprint";
import { reviewPlan } from "../../review/review";
import { lockFor, lockText, type PluginLock, stackLockText } from "../../terraform/plugin-lock";
import { NoPlanSource, planSource, type PlanSource } from "../../terraform/plan-source";
import { PROVIDER_VERSIONS } from "../../constructs/provider-versions";
import { goldenPlan } from "../support/golden-plans";
import { MADE_UP } from "../support/made-up-lock";

const LOCK = lockFor(MADE_UP, { docker: PROVIDER_VERSIONS.docker });
const source = (lock: string): PlanSource =>
  planSource(
    zipSync({ tfplan: strToU8("x"), "tfconfig/m-/cdk.tf.json": strToU8("{}"), ".terraform.lock.hcl": strToU8(lock) }),
  );
const plan = goldenPlan("release");
const mark = (lock: PluginLock): string => fingerprint(plan, source(stackLockText(lock)));
const facts = (lock: PluginLock) => factsOf(configurationOf(source(stackLockText(lock))), String);

/** The same lock, with one hash that is another one. */
const swapped = (lock: PluginLock, at: number): PluginLock =>
  lock.map((one) => ({
    ...one,
    hashes: one.hashes.map((hash, i) => (i === at % one.hashes.length ? `h1:${"C".repeat(43)}=` : hash)),
  }));
/** As `init` notes it without a lock: the plugin of this kind of computer alone. */
const own = (at: number): PluginLock => LOCK.map((one) => ({ ...one, hashes: [one.hashes[at]!], platforms: {} }));

describe("the fingerprint", () => {
  test("is another one with another lock, whichever hash differs", () => {
    const before = mark(LOCK);
    for (const at of [0, 1, 2, 3]) expect(mark(swapped(LOCK, at))).not.toBe(before);
    expect(mark(LOCK.map((one) => ({ ...one, hashes: one.hashes.slice(1) })))).not.toBe(before);
  });

  test("is another one where the lock is gone", () => expect(mark(own(0))).not.toBe(mark(LOCK)));

  test("is the same however the lock is written, and in whatever order", () => {
    const text = JSON.stringify(normalized(plan, source(lockText(LOCK))));
    fc.assert(
      fc.property(fc.shuffledSubarray([...LOCK[0]!.hashes], { minLength: 4, maxLength: 4 }), (hashes) => {
        const entry = `provider "${LOCK[0]!.address}" { version = "4.5.0"\n hashes = [${hashes.map((h) => `"${h}"`).join(", ")}] }`;
        expect(JSON.stringify(normalized(plan, source(entry)))).toBe(text);
      }),
    );
  });

  test("without a lock is the same on two kinds of computers, each with its own plugin", () =>
    expect(mark(own(0))).toBe(mark(own(1))));
});

describe("a review", () => {
  const texts = (lock: PluginLock): string => {
    const environment = MANACORE.environments.production;
    const made = { refreshed: true, at: new Date() };
    const more = { source: source(stackLockText(lock)) };
    const review = reviewPlan(plan, { platform: MANACORE, environment, made, ...more });
    return JSON.stringify(document(review, (text) => text));
  };

  test("says which plugins nobody holds to a lock, and nothing where one does", () => {
    expect(texts(own(0))).toContain("Not checked: the content of ");
    expect(texts(LOCK)).not.toContain("Not checked");
  });

  test("says what became of the lock since the last apply, and how bad that is", () => {
    const said = (before: PluginLock, after: PluginLock): string[] =>
      factChanges(facts(before), facts(after)).map(
        ({ mood, text }) => `${mood}: ${text.replace(/[0-9a-f]{12}/g, "…")}`,
      );
    const [docker] = LOCK.map(({ address }) => address);
    expect(said(LOCK, LOCK)).toEqual([]);
    expect(said(LOCK, swapped(LOCK, 1))).toEqual([
      `danger: the lock of ${docker}'s plugin is another one: 4.5.0, 4 hashes, sha256 … → 4.5.0, 4 hashes, sha256 …`,
    ]);
    expect(said(LOCK, own(0))).toEqual([
      `danger: the plugin of ${docker} is locked no more: whatever has its version is taken`,
    ]);
    expect(said(own(0), LOCK)).toEqual([`care: the lock of ${docker}'s plugin comes: 4.5.0, 4 hashes, sha256 …`]);
    expect(
      said(
        LOCK,
        swapped(LOCK, 1).map((one) => ({ ...one, version: "4.6.0" })),
      ),
    ).toEqual([
      expect.stringContaining("care: the lock of"),
      expect.stringContaining("care: the version of the provider"),
    ]);
  });
});

test("a plan whose lock cannot be read does not say what it was made of", () =>
  expect(() => source("<<<<<<<")).toThrow(NoPlanSource));
