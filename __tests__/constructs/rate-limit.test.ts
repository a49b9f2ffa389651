/** Whom the rate limit of APIs counts, by the real Traefik and the real nginx: the visitor, wherever he comes by. */
import { afterEach, describe, expect, test } from "@jest/globals";
import type { EdgeSettings } from "../../model/platform";
import {
  AT,
  CONTAINER,
  HOSTS,
  KINDS,
  LoopbackEdge,
  missingFor,
  PRIVATE_PROXY,
  TRUSTED,
} from "../support/loopback-edge";

const BURST = 5;
/** Of so many asked at once, the limit lets through its burst and little more. */
const ASKED = 4 * BURST;

describe.each(KINDS.filter((kind) => missingFor(kind) === undefined))("%s", (kind) => {
  let edge: LoopbackEdge | undefined;
  afterEach(async () => {
    await edge?.stop();
    edge = undefined;
  });
  const start = async (more: Partial<EdgeSettings> = {}): Promise<void> => {
    edge = await LoopbackEdge.start(kind, { rateLimit: { perSecond: 1, burst: BURST }, ...more });
  };

  /** @returns how many of ASKED were let through */
  const ask = async (
    from: string,
    headersOf: (i: number) => readonly (readonly [string, string])[],
  ): Promise<number> => {
    const codes = await Promise.all(
      Array.from({ length: ASKED }, (_, i) =>
        edge!.visit({ from, host: HOSTS.api, headers: headersOf(i) }).then(({ code }) => code),
      ),
    );
    expect(codes.filter((code) => code !== 200 && code !== 429)).toEqual([]);
    return codes.filter((code) => code === 200).length;
  };
  const by = (visitor: string) => ask(TRUSTED, () => [["X-Forwarded-For", visitor]]);
  const ITS_BUDGET = { least: BURST, most: BURST + 3 };
  const expectBudget = (passed: number): void => {
    expect(passed).toBeGreaterThanOrEqual(ITS_BUDGET.least);
    expect(passed).toBeLessThanOrEqual(ITS_BUDGET.most);
  };
  /** What one second gives back. */
  const expectNone = (passed: number): void => expect(passed).toBeLessThanOrEqual(2);

  test("two visitors behind one trusted proxy have a budget each, whatever they write at the left", async () => {
    await start();
    expectBudget(await by("203.0.113.7"));
    expectNone(await ask(TRUSTED, (i) => [["X-Forwarded-For", `198.51.100.${i}, 203.0.113.7`]]));
    expectBudget(await by("203.0.113.8"));
  }, 60_000);

  test("a visitor behind the proxy has one budget, whichever of its computers he comes by, and without it", async () => {
    await start();
    expectBudget(await by("127.0.0.77"));
    expectNone(await ask("127.0.1.9", () => [["X-Forwarded-For", "127.0.0.77"]]));
    expectNone(await ask("127.0.0.77", () => []));
  }, 60_000);

  test.each(["X-Forwarded-For", "CF-Connecting-IP", "X-Real-IP", "True-Client-IP", "Forwarded", "X_Forwarded_For"])(
    "a direct visitor who forges %s has one budget for all that he writes, and nobody else's",
    async (name) => {
      await start();
      expectBudget(await ask("127.0.0.31", (i) => [[name, `203.0.113.${i}`]]));
      expectNone(await ask("127.0.0.31", () => [[name, TRUSTED]]));
      expectBudget(await by("203.0.113.0"));
      expectBudget(await ask("127.0.0.32", () => []));
      expectBudget(await ask("127.0.0.33", () => [[name, "127.0.0.31"]]));
    },
    60_000,
  );

  test.each(["CF-Connecting-IP", "X-Real-IP"])(
    "behind the proxy %s gives no other budget either",
    async (name) => {
      await start();
      const forged = (i: number) => [[name, `198.51.100.${i}`] as const, ["X-Forwarded-For", "203.0.113.7"] as const];
      expectBudget(await ask(TRUSTED, forged));
      expectNone(await by("203.0.113.7"));
    },
    60_000,
  );

  test("visitors by IPv6 are counted by their network, /64", async () => {
    await start();
    expectBudget(await ask(TRUSTED, (i) => [["X-Forwarded-For", `2001:db8:0:7:${i.toString(16)}::${i + 1}`]]));
    expectNone(await by("2001:db8:0:7:ffff:ffff:ffff:ffff"));
    expectNone(await by("2001:DB8::7:0:0:0:1"));
    expectBudget(await by("2001:db8:0:8::1"));
    // Bytes that are signs to a pattern.
    expectBudget(await by("2001:db8:0a0d:0a0a::1"));
    expectNone(await by("2001:db8:0a0d:0a0a:0a0a:0a0a:0a0a:0a0a"));
  }, 60_000);

  test("containers of this host are not limited, and a proxy is none of them though its address is private", async () => {
    await start({ trustedProxies: [PRIVATE_PROXY] });
    expect(await ask(CONTAINER, (i) => [["X-Forwarded-For", `203.0.113.${i}`]])).toBe(ASKED);
    const behind = (visitor: string) => ask(AT[PRIVATE_PROXY]!, () => [["X-Forwarded-For", visitor]]);
    expectBudget(await behind("203.0.113.7"));
    // Whoever the proxy says it is.
    expectBudget(await behind(CONTAINER));
  }, 60_000);
});

test.each(KINDS)("%s is here, or this file has tested nothing of it", (kind) => {
  if (missingFor(kind)) console.warn(`${missingFor(kind)}: whom its rate limit counts was not tested`);
});
