import { expect, test } from "@jest/globals";
import { canaryRules } from "../../../model/canary";
import type { Finished } from "../../../clients/program";
import { watcher } from "../../../release/verdict/watcher";
import { siteWith } from "../../support/live";
import { type Counted, prometheusAnswer } from "../../support/prometheus-answer";

const RULES = canaryRules();
const answered = (canary: Counted, seconds: number): string => prometheusAnswer(canary, seconds, undefined, 20);
async function look(
  answer: Partial<Finished>,
  elapsedSeconds: number,
  watch = { seconds: 600, patienceSeconds: 1200 },
) {
  const asked: (readonly string[])[] = [];
  const site = siteWith();
  const found = await watcher({
    ...{ site, product: "chat", colour: "green", rules: RULES },
    docker: () =>
      Promise.resolve({
        attempt: (args) => {
          asked.push(args);
          return Promise.resolve({ code: 0, stdout: "", stderr: "", timedOut: false, ...answer });
        },
      }),
  }).look(elapsedSeconds, watch);
  return { found, asked };
}

test("asks the environment's Prometheus for this product's services, since the set has its share", async () => {
  const { asked } = await look({ stdout: answered({ requests: 200, errors: 0 }, 600) }, 600);
  expect(asked).toHaveLength(1);
  expect(asked[0]!.slice(0, 2)).toEqual(["exec", "manacore-production-prometheus"]);
  expect(decodeURIComponent(asked[0]!.join(" "))).toContain("(chat-backend|chat-web|chat-landing)-(blue|green)@file");
});

test("passes with numbers and words", async () => {
  const { found } = await look({ stdout: answered({ requests: 200, errors: 0 }, 600) }, 600);
  expect(found).toMatchObject({ verdict: "pass", requests: 200, errorShare: 0 });
  expect(found.p95Seconds).toBeLessThan(0.1);
  expect(found.text.join("\n")).toContain("error share 0 % (limit 1 %");
});

test("a breach names the metric, its value and its limit", async () => {
  const { found } = await look({ stdout: answered({ requests: 200, errors: 60 }, 30) }, 30);
  expect(found).toMatchObject({ verdict: "breach", errorShare: 0.3 });
  expect(found.text[0]).toContain("error share 30 % (limit 1 %; live set 0 %), 60 of 200 requests");
});

test("what the edge answered itself counts for the set that was down, and is said, as its log has nothing of it", async () => {
  const { found } = await look({ stdout: answered({ requests: 150, errors: 0, byEdge: 50 }, 60) }, 60);
  expect(found).toMatchObject({ verdict: "breach", requests: 200, errorShare: 0.25 });
  expect(found.text[0]).toMatch(/50 of 200 requests.*, 50 of them answered by the edge, as no server was up/);
});

test("what it answered for the live set is not this version's", async () => {
  const stdout = prometheusAnswer({ requests: 200, errors: 0 }, 600, { requests: 1000, errors: 0, byEdge: 50 }, 20);
  const { found } = await look({ stdout }, 600);
  expect(found).toMatchObject({ verdict: "pass", requests: 200, errorShare: 0 });
  expect(found.text[0]).toContain("live set 5 %), 0 of 190 requests");
});

test("the time is the step's, not the product's: the old set is kept for another one", async () => {
  const stdout = answered({ requests: 200, errors: 0 }, 60);
  expect((await look({ stdout }, 60)).found.verdict).toBe("wait");
  expect((await look({ stdout }, 60, { seconds: 60, patienceSeconds: 0 })).found.verdict).toBe("pass");
});

test("too few requests wait for the patience of the step, then a person decides", async () => {
  const stdout = answered({ requests: 3, errors: 0 }, 700);
  expect((await look({ stdout }, 700)).found).toMatchObject({ verdict: "wait", requests: 3 });
  const { found } = await look({ stdout }, 700, { seconds: 600, patienceSeconds: 60 });
  expect(found).toMatchObject({ verdict: "undecided", requests: 3 });
  expect(found.text).toEqual(["3 requests (too few, at least 100; live set 1000)"]);
});

test.each<[string, Partial<Finished>, string]>([
  [
    "no such container",
    { code: 1, stderr: "Error: No such container: manacore-production-prometheus" },
    "No such container",
  ],
  ["no answer", { code: null, timedOut: true }, "no answer within 30 s"],
  ["nothing that is understood", { stdout: "<html>" }, "not understood"],
  [
    "nothing read yet",
    { stdout: '{"status":"success","data":{"resultType":"matrix","result":[]}}' },
    "has not read the edge's numbers yet",
  ],
])("without numbers (%s) it waits, then a person decides; it never passes and never fails", async (_, answer, why) => {
  const early = await look(answer, 60);
  expect(early.found).toEqual({ verdict: "wait", text: [expect.stringContaining(why)] });
  expect((await look(answer, 700)).found.verdict).toBe("wait");
  const late = await look(answer, 1801);
  expect(late.found).toMatchObject({ verdict: "undecided", text: [expect.stringContaining("no numbers: ")] });
});
