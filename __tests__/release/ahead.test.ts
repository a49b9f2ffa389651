/** Forward moves: the edge goes ahead by what the guard has read, and visitors come back where Terraform does not follow. */
import { describe, expect, test } from "@jest/globals";
import { MovedMeanwhile, type Move, type ServedSplit } from "../../clients/edge-keeper";
import { formatWeights, type ProductRelease, weights } from "../../model/release";
import type { Keeper } from "../../release/at-edge";
import { Engine } from "../../release/engine";
import { switchAddress } from "../../release/guard";
import type { ReleaseEvent } from "../../release/report";
import type { ResourceChange } from "../../terraform/plan";
import { TerraformError } from "../../terraform/working-directory";
import { siteWith } from "../support/live";

const BOTH: ProductRelease = {
  ...{ live: "blue", canary: 0, blue: { version: "v1.5.2" }, green: { version: "v1.6.0" } },
};
const CANARY: ProductRelease = { ...BOTH, canary: 10 };
const OTHER: ResourceChange = {
  ...{ address: "hcloud_server.host_server", mode: "managed", type: "hcloud_server", name: "host_server" },
  change: { actions: ["update"], before: {}, after: {} },
};

function switchTo(to: ProductRelease, upload: unknown = ["both"]): ResourceChange {
  const labels = [
    { label: "com.manacore.release.live", value: to.live },
    { label: "com.manacore.release.weights", value: formatWeights(to) },
  ];
  return {
    ...{ address: switchAddress("chat"), mode: "managed", type: "docker_container", name: "chat_switch_job" },
    change: { actions: ["delete", "create"], before: { upload: ["both"] }, after: { labels, upload } },
  };
}

interface Given {
  /** What the part of the stack says; an error. @default the move alone */
  readonly preview?: readonly ResourceChange[] | Error;
  /** What the plan of the whole says. @default the move alone */
  readonly plan?: readonly ResourceChange[] | Error;
  readonly applyFails?: boolean;
  /** What was planned ahead leads to; is the state the same still? @default nothing was */
  readonly foreseen?: { readonly to: ProductRelease; readonly isCurrent: boolean };
  /** Does somebody else move the traffic back before Terraform is told? */
  readonly others?: boolean;
}

/** One canary of 10 %. */
async function canary({ preview, plan, applyFails = false, foreseen, others = false }: Given = {}) {
  const done: string[] = [];
  const events: ReleaseEvent[] = [];
  let served = {
    ...{ product: "chat", revision: "0", recorded: true, inForce: true, live: "blue", weights: weights(BOTH) },
    ...{ versions: { blue: "v1.5.2", green: "v1.6.0" }, at: "2026-11-28T22:00:00Z", who: "ann", why: "", by: "switch" },
    ...{ lease: 120, leaseLeft: undefined, watchedLeft: undefined, past: [] },
  } as ServedSplit;
  const put = (move: Omit<Move, "product" | "revision">): void => {
    served = { ...served, ...move, revision: `${served.revision}+`, recorded: false };
  };
  const keeper: Keeper = {
    facts: () => Promise.reject(new Error("not asked")),
    served: () => Promise.resolve(served),
    renew: () => Promise.resolve(),
    move: (move) => {
      if (move.revision !== served.revision) return Promise.reject(new MovedMeanwhile("moved"));
      put(move);
      done.push(`edge ${move.by} ${formatWeights({ ...BOTH, canary: move.weights.green ?? 0 })}`);
      return Promise.resolve();
    },
  };
  const answer = (given: readonly ResourceChange[] | Error | undefined): Promise<ResourceChange[]> =>
    given instanceof Error ? Promise.reject(given) : Promise.resolve([...(given ?? [switchTo(CANARY)])]);
  const site = siteWith(
    { entry: BOTH },
    {
      keeper: () => Promise.resolve(keeper),
      save: (_, { canary: share }) => void done.push(`save ${share}`),
      terraform: {
        preview: async (address) => {
          done.push(`preview ${address}`);
          return { changes: await answer(preview), isCurrent: () => Promise.resolve(true) };
        },
        plan: () => {
          done.push("plan");
          if (others)
            put({ weights: { blue: 100, green: 0 }, live: "blue", by: "person", who: "bob", why: "rollback" });
          return answer(plan);
        },
        applyPlanned: () => {
          done.push("apply");
          const errors = applyFails ? [{ severity: "error" as const, summary: "no engine" }] : [];
          return Promise.resolve({ code: applyFails ? 1 : 0, seconds: 1, errors });
        },
        state: () => Promise.resolve([]),
      },
    },
  );
  const isCurrent = (): Promise<boolean> => Promise.resolve(foreseen!.isCurrent);
  const ahead = foreseen && {
    to: foreseen.to,
    preview: Promise.resolve({ changes: [switchTo(foreseen.to)], isCurrent }),
  };
  const engine = new Engine({
    foreseen: ahead,
    ...{ site, product: "chat", allow: [], report: (event: ReleaseEvent) => events.push(event) },
    ledger: { append: () => Promise.resolve() },
    watcher: { look: () => Promise.resolve({ verdict: "wait", text: [] }) },
    operator: { interrupted: false, decide: () => Promise.resolve("go-back" as const) },
    lock: { hold: () => Promise.resolve(), mustHold: () => Promise.resolve(), release: () => Promise.resolve() },
    timings: { canarySeconds: 0, patienceSeconds: 0, keepSeconds: 0, recordSeconds: 0, everySeconds: 0 },
  });
  const { event, text } = await engine.single("canary", BOTH, CANARY, "10 %");
  const said = events.flatMap((each) => (each.kind === "line" ? [each.text] : []));
  return { done, event, text: text.join("\n"), said: said.join("\n"), served };
}

const PREVIEW = `preview ${switchAddress("chat")}`;
const AHEAD = "edge forward blue=90,green=10";
const BACK = "edge run blue=100,green=0";

describe("a canary", () => {
  test("is at the edge before the whole is planned, and Terraform is told then", async () => {
    const { done, event } = await canary();
    expect(event).toBe("ok");
    expect(done).toEqual([PREVIEW, AHEAD, "plan", "apply", "save 10"]);
  });

  test.each([
    ["changes more than the switch", [switchTo(CANARY), OTHER]],
    ["brings a routing that the edge does not know", [switchTo(CANARY, ["another"])]],
    ["would split the traffic otherwise", [switchTo(BOTH)]],
    ["changes nothing", []],
    ["cannot be made", new TerraformError("plan", ["Error: plugins"])],
  ])("does not go ahead where the part %s", async (_, preview) => {
    const { done, said } = await canary({ preview, plan: [switchTo(CANARY, ["another"])] });
    expect(done).toEqual([PREVIEW, "plan", "apply", "save 10"]);
    // Why it takes longer is said.
    expect(said).toEqual(preview instanceof Error ? expect.stringContaining("Error: plugins") : "");
  });

  test("whose whole plan is refused by the guard: visitors are back, in words", async () => {
    const { done, event, text, said, served } = await canary({ plan: [switchTo(CANARY), OTHER] });
    expect(event).toBe("refused");
    expect(done).toEqual([PREVIEW, AHEAD, "plan", BACK]);
    expect(text).toContain("hcloud_server.host_server");
    expect(said).toContain("visitors who had gone ahead are back on blue");
    expect(served.weights).toEqual({ blue: 100, green: 0 });
  });

  test("whose whole plan cannot be made: visitors are back, in words", async () => {
    const { done, event, said } = await canary({ plan: new TerraformError("plan", ["Error: no bucket"]) });
    expect({ done, event }).toEqual({ done: [PREVIEW, AHEAD, "plan", BACK], event: "refused" });
    expect(said).toContain("visitors who had gone ahead are back on blue");
  });

  test("whose apply fails: visitors are back, in words", async () => {
    const { done, event, said } = await canary({ applyFails: true });
    expect({ done, event }).toEqual({ done: [PREVIEW, AHEAD, "plan", "apply", BACK], event: "failed" });
    expect(said).toContain("visitors who had gone ahead are back on blue");
  });

  test("that somebody else has ended meanwhile is theirs: nothing is moved for it", async () => {
    const refused = await canary({ others: true, plan: [switchTo(CANARY), OTHER] });
    expect(refused.done).toEqual([PREVIEW, AHEAD, "plan"]);
    const failed = await canary({ others: true, applyFails: true });
    expect(failed.done).toEqual([PREVIEW, AHEAD, "plan", "apply"]);
  });

  test("that was planned ahead, while other things were looked at, is not planned so again", async () => {
    const { done } = await canary({ foreseen: { to: CANARY, isCurrent: true } });
    expect(done).toEqual([AHEAD, "plan", "apply", "save 10"]);
  });

  test.each([
    ["by a state that is another one now", { to: CANARY, isCurrent: false }],
    ["for another share", { to: { ...BOTH, canary: 20 }, isCurrent: true }],
  ])("that was planned ahead %s is planned anew", async (_, foreseen) => {
    const { done } = await canary({ foreseen });
    expect(done).toEqual([PREVIEW, AHEAD, "plan", "apply", "save 10"]);
  });
});
