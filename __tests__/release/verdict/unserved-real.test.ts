/**
 * With the real Traefik and Prometheus, where this computer has them: a canary's health path fails for some seconds while
 * the canary has visitors, and is up again when the release looks. What came is counted by who asked.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { setTimeout as sleep } from "node:timers/promises";
import { queries, reading } from "../../../release/verdict/metrics";
import type { Numbers } from "../../../release/verdict/reading";
import { missingForRealEdge, RealEdge, SERVICE } from "../../support/real-edge";

const missing = missingForRealEdge();
if (missing) process.stderr.write(`The edge's own answers were not counted with a real edge: ${missing}.\n`);

/** Prometheus has read the last of them. */
const READ_SECONDS = 3;
jest.setTimeout(120_000);

(missing ? describe.skip : describe)("what the edge answers itself", () => {
  let edge: RealEdge;
  let began: number;
  beforeAll(async () => {
    edge = await RealEdge.start({ blue: 80, green: 20 });
  });
  afterAll(() => edge?.stop());

  const look = async (): Promise<Numbers> => {
    await sleep(READ_SECONDS * 1000);
    const elapsed = (performance.now() - began) / 1000;
    return reading(await edge.ask(queries([SERVICE], elapsed)), [SERVICE], "green", elapsed) as Numbers;
  };
  /** Visits until green has been away for some seconds and is back. */
  async function visitors(): Promise<Record<string, number>> {
    const isUp = (): Promise<boolean> => edge.isUp("green");
    let [wasDown, backAt]: [boolean, number | undefined] = [false, undefined];
    let asking = false;
    return edge.visitUntil((seconds) => {
      if (seconds > 2 && !wasDown) edge.sets.green.healthy = false;
      if (!asking) {
        asking = true;
        void isUp().then((up) => {
          asking = false;
          if (!up) {
            wasDown = true;
            // Up again at its next check.
            edge.sets.green.healthy = true;
          } else if (wasDown) backAt ??= seconds;
        });
      }
      return (backAt !== undefined && seconds > backAt + 1) || seconds > 40;
    }, 100);
  }

  test("counts for the canary that had no server, every one, though it is up again when it is looked at", async () => {
    began = performance.now();
    const got = await visitors();
    const found = await look();
    const byEdge = got["503 by edge"]!;
    expect(byEdge).toBeGreaterThan(10);
    expect(Object.keys(got).sort()).toEqual(["200 by blue", "200 by green", "503 by edge"]);
    expect(found).toMatchObject({
      down: { canary: [], live: [] },
      canary: { requests: got["200 by green"]! + byEdge, errors: byEdge, byEdge },
      live: { requests: got["200 by blue"], errors: 0 },
    });
  });
  test("is not what a set answers with 503 itself", async () => {
    const before = await look();
    edge.sets.blue.code = 503;
    const got = await edge.visitUntil((seconds) => seconds > 2, 100);
    edge.sets.blue.code = 200;
    const after = await look();
    expect(after.canary.byEdge).toBe(before.canary.byEdge);
    expect(after.live).not.toHaveProperty("byEdge");
    expect(after.live.errors).toBe(got["503 by blue"]);
  });
  test("is all that is kept of the routers' numbers", async () => {
    const kept = await edge.ask(['{__name__=~"traefik_router_.*"}[5m:2s]']);
    expect(kept.map(({ labels }) => [labels["__name__"], labels["code"]])).toEqual([
      ["traefik_router_requests_total", "503"],
    ]);
    expect(await edge.metrics()).toContain('traefik_router_requests_total{code="200"');
  });
});
