/** Runs as a reporter is told of them: what the engine said, and when. Pages show these, and tests hold both together. */
import { jest } from "@jest/globals";
import { conclusion } from "../../cli/release/words";
import { canaryRules } from "../../model/canary";
import type { ProductRelease } from "../../model/release";
import type { Outcome, Run, Step } from "../../release/machine";
import type { ReleaseEvent, Reporter } from "../../release/report";
import type { SetMetrics } from "../../release/verdict/reading";
import { judge } from "../../release/verdict/verdict";

/** Seconds since the run began, and what was told then. */
export type Told = readonly [seconds: number, event: ReleaseEvent];

export const BEGAN = new Date("2026-11-21T13:57:00Z");

/** Tells a reporter, at the times that it was told at. */
export function replay(
  events: readonly Told[],
  report: Reporter,
  after: (event: ReleaseEvent) => void = () => {},
): void {
  jest.useFakeTimers({ now: BEGAN });
  try {
    for (const [seconds, event] of events) {
      jest.setSystemTime(BEGAN.getTime() + seconds * 1000);
      report(event);
      after(event);
    }
  } finally {
    jest.useRealTimers();
  }
}

const ALL: readonly Step[] = ["deploy", "smoke", "canary", "watch", "cutover", "keep", "retire"];
const BEFORE: ProductRelease = { live: "blue", canary: 0, blue: { version: "v1.5.2" }, green: null };
const BOTH: ProductRelease = { ...BEFORE, green: { version: "v1.6.0" } };
const AFTER: ProductRelease = { ...BOTH, live: "green", blue: null };

const begin: ReleaseEvent = {
  ...{ kind: "begin", run: "20261121-1357-3f2a1b", platform: "manacore", environment: "production", product: "chat" },
  ...{ version: "v1.6.0", from: "v1.5.2", resumed: false, steps: ALL },
};
const begins = (step: Step, text: string): ReleaseEvent => ({ kind: "step", step, state: "begins", text });
const done = (step: Step, seconds: number, ...text: string[]): ReleaseEvent => ({
  ...{ kind: "step", step, state: "done", seconds, text: text.join("\n") },
});
const failed = (step: Step, seconds: number, ...text: string[]): ReleaseEvent => ({
  ...{ kind: "step", step, state: "failed", seconds, text: text.join("\n") },
});
const plan = (step: Step, ...changes: string[]): ReleaseEvent => ({ kind: "plan", step, changes, allowed: [] });
const progress = (done: number, total: number, waitingFor?: string): ReleaseEvent => ({
  ...{ kind: "progress", done, total, waitingFor },
});
const traffic = (blue: number, green?: number): ReleaseEvent => ({
  ...{ kind: "traffic", weights: { blue, ...(green === undefined ? {} : { green }) } },
});

/** As the verdict has it, so that no page shows words that it does not say. */
function watched(elapsedSeconds: number, requests: number, errors: number): { event: ReleaseEvent; text: string[] } {
  const rules = canaryRules();
  const set = (requests: number, errors: number): SetMetrics => ({
    ...{ requests, errors },
    durations: [
      { le: 0.3, count: Math.round(requests * 0.9) },
      { le: 0.5, count: Math.round(requests * 0.99) },
      { le: Infinity, count: requests },
    ],
  });
  const { findings } = judge(rules, {
    elapsedSeconds,
    canary: set(requests, errors),
    live: set(9 * requests, requests / 200),
  });
  const { maxErrorShare, maxP95Seconds, minRequests } = rules;
  const text = findings.map((finding) => finding.text);
  return {
    text,
    event: {
      ...{ kind: "watch", seconds: elapsedSeconds, ofSeconds: 600, requests, errorShare: errors / requests },
      ...{ p95Seconds: 0.411, minRequests, maxErrorShare, maxP95Seconds, text: text.join("; ") },
    },
  };
}

const end = (seconds: number, run: Pick<Run, "now" | "outcome"> & Partial<Run>): ReleaseEvent => {
  const full = { before: BEFORE, version: "v1.6.0", canaryPercent: 10, step: "ended", attempts: 0, ...run } as Run;
  const { text, next } = conclusion(full, "chat", "production");
  return { kind: "end", outcome: run.outcome as Outcome, seconds, text, next };
};

const SWITCH = "docker_container.chat_switch_job";
const set = (colour: string, action: string): string[] => [
  ...["backend", "web", "landing"].map((role) => `docker_image.chat_${colour}_${role}-image ${action}`),
  `docker_container.chat_${colour}_migration ${action}`,
  ...["backend", "web", "landing"].map((role) => `docker_container.chat_${colour}_${role}-0 ${action}`),
];
const deployPlan = plan("deploy", ...set("green", "create"), `${SWITCH} delete+create`);
const DEPLOY: readonly Told[] = [
  [0, begin],
  [0, begins("deploy", "v1.6.0 goes to green: migration, containers, healthy")],
  [7, deployPlan],
  [8, progress(0, 8, "docker_image.chat_green_backend-image")],
  [20, progress(3, 8, "docker_container.chat_green_migration")],
  [24, progress(4, 8, "docker_container.chat_green_backend-0")],
  [48, progress(7, 8, SWITCH)],
  [52, progress(8, 8)],
  [52, traffic(100, 0)],
  [52.3, done("deploy", 52.3, "7 created, 1 replaced")],
];
const CANARY: readonly Told[] = [
  ...DEPLOY,
  [52.4, begins("smoke", "green is asked through the edge of manacore-production, without any visitor")],
  [
    52.6,
    done(
      "smoke",
      0.2,
      "chat-backend: https://api-chat.manacore.app/api/health 200 in 43 ms",
      "chat-web: https://app-chat.manacore.app/api/health 200 in 31 ms",
      "chat-landing: https://chat.manacore.app/health 200 in 22 ms",
    ),
  ],
  [53, begins("canary", "10 % of the requests go to green")],
  [58, plan("canary", `${SWITCH} delete+create`)],
  [59, progress(0, 1, SWITCH)],
  [62, progress(1, 1)],
  [62, traffic(90, 10)],
  [62.1, done("canary", 9.1, "1 replaced")],
  [63, begins("watch", "errors and response times of green for 10 min")],
  [68, watched(6, 18, 0).event],
  [98, watched(36, 112, 0).event],
];

const good = watched(600, 1840, 4);
/** From the first step to the last. */
export const RELEASE: readonly Told[] = [
  ...CANARY,
  [363, watched(301, 922, 1).event],
  [662, good.event],
  [662, done("watch", 599, ...good.text)],
  [663, begins("cutover", "all traffic goes to green")],
  [668, plan("cutover", `${SWITCH} delete+create`)],
  [672, traffic(0, 100)],
  [672.2, done("cutover", 9.2, "1 replaced")],
  [673, begins("keep", "the old set stays for 60 min, to go back to")],
  [678, { ...good.event, seconds: 6, ofSeconds: 3600, requests: 141 } as ReleaseEvent],
  [4273, done("keep", 3600, "nothing spoke against it")],
  [4274, begins("retire", "the old set of chat goes")],
  [4280, plan("retire", ...set("blue", "delete"), `${SWITCH} delete+create`)],
  [4316, { kind: "traffic", weights: { green: 100 } }],
  [4316, done("retire", 42, "1 replaced, 7 removed")],
  [4317, end(4317, { now: AFTER, outcome: "done" })],
];

const bad = watched(96, 300, 61);
/** A version that answers with errors. */
export const BREACH: readonly Told[] = [
  ...CANARY,
  [158, bad.event],
  [158, failed("watch", 95, ...bad.text)],
  [158, begins("back", "all traffic goes back to blue")],
  [160, plan("back", `${SWITCH} delete+create`)],
  [164, traffic(100, 0)],
  [164.1, done("back", 6.1, "1 replaced")],
  [165, end(165, { now: BOTH, outcome: "went-back" })],
];

const SICK = "manacore-production-chat-backend-green-0-20261121";
/** A version whose container never gets healthy. */
export const NEVER_HEALTHY: readonly Told[] = [
  ...DEPLOY.slice(0, 6),
  [
    208,
    failed(
      "deploy",
      208,
      "docker_container.chat_green_backend-0: container failed to be in healthy state",
      `  container ${SICK} is unhealthy: 5 health checks in a row have failed, the last one with exit code 1:`,
      "    wget: server returned error: HTTP/1.1 503 Service Unavailable",
      `  container ${SICK} said last:`,
      "    Error: cannot reach the payment provider",
      "        at connect (/app/dist/payment.js:41:11)",
    ),
  ],
  [208, begins("clean-up", "what was begun of v1.6.0 goes; traffic was never on it")],
  [214, plan("clean-up", ...set("green", "delete"))],
  [220, traffic(100)],
  [220, done("clean-up", 12, "7 removed")],
  [221, end(221, { now: BEFORE, outcome: "failed" })],
];

/** Ctrl-C in the canary, and the answer: back. */
export const INTERRUPTED: readonly Told[] = [
  ...CANARY,
  [
    120,
    {
      kind: "line",
      level: "warning",
      text: "Interrupted: what is under way comes to its end first. Ctrl-C once more ends Twinset at once.",
    },
  ],
  [120, { kind: "asked", what: "watch" }],
  [125, done("watch", 62, "you said: go back")],
  [125, begins("back", "all traffic goes back to blue")],
  [131, traffic(100, 0)],
  [131, done("back", 6, "1 replaced")],
  [132, end(132, { now: BOTH, outcome: "went-back" })],
];
