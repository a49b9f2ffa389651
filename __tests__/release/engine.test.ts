import { describe, expect, test } from "@jest/globals";
import { loadPlatform } from "../../config/load";
import { formatWeights, type ProductRelease, type Release } from "../../model/release";
import { Engine, type EngineOptions } from "../../release/engine";
import { LockedError, type Look, type Operator } from "../../release/surroundings";
import { summary } from "../../release/plan-words";
import { type Run, start, stepsOf } from "../../release/machine";
import type { ReleaseEvent } from "../../release/report";
import type { Site } from "../../release/site";
import type { ResourceChange } from "../../terraform/plan";
import { TerraformError } from "../../terraform/working-directory";
import { NO_KEEPER, setOf } from "../support/live";

const { platform, releases } = loadPlatform();
const BEFORE: ProductRelease = { live: "blue", canary: 0, blue: { version: "v1.5.2" }, green: null };
const SWITCH = "docker_container.chat_switch_job";

/** A product in an environment without Terraform, Docker and network: it remembers what was done to it. */
class Stage {
  entry: ProductRelease | undefined = BEFORE;
  readonly done: string[] = [];
  readonly events: ReleaseEvent[] = [];
  readonly written: { event: string; step?: string; text?: readonly string[] }[] = [];
  readonly progress: (Run | undefined)[] = [];
  /** Changes that the next plan has besides the switch's. */
  more: ResourceChange[] = [];
  /** How the next applies end; then well. */
  readonly applies: ("fails" | "ok")[] = [];
  /** Does a plan find nothing? */
  nothing = false;
  looks: Look[] = [];
  operator: Operator = { interrupted: false, decide: () => Promise.resolve("go-back" as const) };
  heldBy: string | undefined;
  private planned: ProductRelease | undefined;

  readonly site: Site = {
    platform,
    environment: platform.environments.production,
    release: () => ({ ...releases.production.release, ...(this.entry ? { chat: this.entry } : {}) }),
    keeper: () => Promise.resolve(NO_KEEPER),
    save: (_, entry) => {
      this.entry = entry;
      this.done.push(`save ${entry.live} ${entry.canary}`);
    },
    render: (release: Release) => (this.planned = release["chat"]),
    terraform: {
      plan: (options) => {
        this.done.push(options?.targets ? `plan ${options.targets.join()} refresh=${String(options.refresh)}` : "plan");
        return Promise.resolve(this.nothing ? [] : [this.switchTo(this.planned!), ...this.more]);
      },
      preview: () => Promise.resolve(undefined),
      applyPlanned: (options) => {
        this.done.push("apply");
        options?.onEvent?.({ type: "apply_start", address: SWITCH, action: "create" });
        options?.onEvent?.({ type: "apply_complete", address: SWITCH, action: "create" });
        const failed = this.applies.shift() === "fails";
        return Promise.resolve({
          code: failed ? 1 : 0,
          seconds: 1,
          errors: failed
            ? [{ severity: "error" as const, summary: "not healthy", address: "docker_container.chat_green_web-0" }]
            : [],
        });
      },
      state: () =>
        Promise.resolve([
          {
            address: "docker_container.chat_green_web-0",
            type: "docker_container",
            name: "chat_green_web-0",
            tainted: true,
            values: { name: "the-container" },
          },
        ]),
    },
    docker: () =>
      Promise.resolve({
        details: () => Promise.resolve([...setOf(BOTH, "blue"), ...setOf(BOTH, "green")]),
        logs: () => Promise.resolve(["its last words"]),
        condition: () =>
          Promise.resolve({
            ...{ running: true, restarting: false, restarts: 0, exitCode: 0, outOfMemory: false },
            health: { status: "unhealthy", failures: 3, last: { exitCode: 1, output: "503, and the s3cret" } },
          }),
      }),
    redact: (text) => text.replaceAll("s3cret", "***"),
    edge: () => Promise.resolve({ address: "127.0.0.1", port: 1, tls: false }),
    credentials: { registryUsername: undefined, registryToken: undefined, smokeKey: undefined },
  };

  private switchTo(to: ProductRelease): ResourceChange {
    const labels = [
      { label: "com.manacore.release.live", value: to.live },
      { label: "com.manacore.release.weights", value: formatWeights(to) },
    ];
    return {
      ...{ address: SWITCH, mode: "managed", type: "docker_container", name: "chat_switch_job" },
      change: { actions: ["delete", "create"], before: {}, after: { labels } },
    };
  }

  engine(options: Partial<EngineOptions> = {}): Engine {
    return new Engine({
      site: this.site,
      product: "chat",
      report: (event) => this.events.push(event),
      ledger: {
        append: ({ event, step, text, progress }) => {
          this.progress.push(progress);
          this.written.push({ event, step, ...(text ? { text } : {}) });
          return Promise.resolve();
        },
      },
      watcher: {
        look: () => Promise.resolve(this.looks.shift() ?? { verdict: "pass", text: ["well"] }),
      },
      operator: this.operator,
      lock: {
        hold: () => {
          this.done.push("lock");
          return this.heldBy === undefined
            ? Promise.resolve()
            : Promise.reject(new LockedError(`held by ${this.heldBy}`));
        },
        mustHold: () => Promise.resolve(),
        release: () => {
          this.done.push("unlock");
          return Promise.resolve();
        },
      },
      allow: [],
      timings: { canarySeconds: 0, patienceSeconds: 0, keepSeconds: 0, recordSeconds: 0, everySeconds: 0 },
      ...options,
    });
  }

  /** From a step on which has no need of an edge. */
  at(step: Run["step"], now: ProductRelease): Run {
    return { ...start({ before: BEFORE, version: "v1.6.0", canaryPercent: 10 }), step, now };
  }

  failures(): string[] {
    return this.events.flatMap((event) => (event.kind === "step" && event.state === "failed" ? [event.text] : []));
  }
}

const BOTH: ProductRelease = { ...BEFORE, green: { version: "v1.6.0" } };

describe("a step", () => {
  test("plans, guards, applies, and only then writes the release file", async () => {
    const stage = new Stage();
    const run = await stage.engine().run({ ...stage.at("canary", BOTH), until: "canary" });
    expect(stage.done).toEqual(["lock", `plan ${SWITCH} refresh=false`, "apply", "save blue 10"]);
    expect(run).toMatchObject({ outcome: "done", now: { canary: 10 } });
  });
  test("that needs no change says so, writes the file and goes on", async () => {
    const stage = new Stage();
    stage.nothing = true;
    await stage.engine().run({ ...stage.at("canary", BOTH), until: "canary" });
    expect(stage.done).toEqual(["lock", `plan ${SWITCH} refresh=false`, "save blue 10"]);
    expect(stage.events).toContainEqual(expect.objectContaining({ state: "done", text: "nothing to change" }));
  });
  test("is written down before it begins and after it ended, and how", async () => {
    const stage = new Stage();
    await stage.engine().run({ ...stage.at("canary", BOTH), until: "canary" });
    expect(stage.written).toEqual([
      { event: "step-started", step: "canary" },
      { event: "step-done", step: "canary", text: ["1 replaced"] },
    ]);
  });
  test("leaves behind what another computer needs to go on", async () => {
    const stage = new Stage();
    await stage.engine().run({ ...stage.at("canary", BOTH), until: "canary" });
    expect(stage.progress).toMatchObject([
      { step: "canary", now: BOTH },
      { step: "ended", now: { canary: 10 } },
    ]);
  });
  test("by itself is no run: nothing follows it", async () => {
    const stage = new Stage();
    const to = { ...BOTH, canary: 25 };
    expect(await stage.engine().single("canary", BOTH, to, "25 %")).toMatchObject({ event: "ok" });
    expect(stage.entry).toEqual(to);
    expect(stage.progress).toEqual([undefined, undefined]);
    stage.heldBy = "somebody@elsewhere";
    expect(await stage.engine().single("canary", to, BOTH, "0 %")).toMatchObject({ event: "refused" });
  });
  test("is not begun when it cannot be written down", async () => {
    const stage = new Stage();
    const engine = stage.engine({ ledger: { append: () => Promise.reject(new Error("the bucket is gone")) } });
    await expect(engine.run(stage.at("canary", BOTH))).rejects.toThrow("the bucket is gone");
    expect(stage.done).toEqual([]);
  });
  test("whose plan has a foreign change is refused by name, nothing is applied, traffic goes back", async () => {
    const stage = new Stage();
    stage.entry = { ...BOTH, canary: 10 };
    const foreign: ResourceChange = {
      ...{ address: "docker_container.news_blue_news-api-0", mode: "managed", type: "docker_container" },
      ...{ name: "news_blue_api-0", change: { actions: ["update"], before: {}, after: {} } },
    };
    stage.more = [foreign];
    const engine = stage.engine();
    // The way back has nothing of it.
    stage.site.terraform.plan = ((original) => async (options) => {
      const changes = await original(options);
      stage.more = [];
      return changes;
    })(stage.site.terraform.plan);
    const run = await engine.run(stage.at("cutover", { ...BOTH, canary: 10 }));
    expect(stage.failures()[0]).toContain("docker_container.news_blue_news-api-0");
    expect(stage.failures()[0]).toContain("product news");
    expect(engine.refused).toBe(true);
    expect(stage.done.filter((what) => what === "apply")).toHaveLength(1);
    expect(run).toMatchObject({ outcome: "went-back" });
  });
  test("that fails names the container and its last words", async () => {
    const stage = new Stage();
    stage.applies.push("fails");
    const run = await stage.engine().run(stage.at("deploy", BEFORE));
    expect(stage.failures()[0]).toContain("not healthy");
    expect(stage.failures()[0]).toContain("the-container is unhealthy: 3 health checks in a row have failed");
    expect(stage.failures()[0]).toContain("503, and the ***");
    expect(stage.failures()[0]).toContain("the-container said last:");
    expect(stage.failures()[0]).toContain("its last words");
    // Cleaned up: the release file says what it said.
    expect(run).toMatchObject({ outcome: "failed", now: BEFORE });
    expect(stage.entry).toEqual(BEFORE);
  });
  test("that Terraform refuses to plan is over, and the program is not", async () => {
    const stage = new Stage();
    let plans = 0;
    stage.site.terraform.plan = () =>
      (plans += 1) > 1
        ? Promise.resolve([])
        : Promise.reject(new TerraformError("plan", ["no address for the Docker host"]));
    const run = await stage.engine().run(stage.at("canary", BOTH));
    expect(stage.failures()[0]).toContain("no address for the Docker host");
    expect(run).toMatchObject({ outcome: "went-back", now: BOTH });
  });
  test("is not begun once somebody else has the lock", async () => {
    const stage = new Stage();
    stage.heldBy = "somebody@elsewhere";
    await stage.engine().run(stage.at("deploy", BEFORE));
    expect(stage.failures()[0]).toContain("held by somebody@elsewhere");
    expect(stage.done).toEqual(["lock"]);
  });
});

describe("the canary", () => {
  const watching: ProductRelease = { ...BOTH, canary: 10 };
  const look = (verdict: Look["verdict"], text: string = verdict): Look => ({
    verdict,
    text: [text],
    requests: 7,
    errorShare: 0.2,
  });
  test("waits, is told each time, and passes", async () => {
    const stage = new Stage();
    stage.looks = [look("wait"), look("wait"), look("pass")];
    const run = await stage.engine().run({ ...stage.at("watch", watching), until: "watch" });
    expect(stage.events.filter(({ kind }) => kind === "watch")).toHaveLength(3);
    expect(run).toMatchObject({ outcome: "done", now: watching });
  });
  test("a breach moves traffic back within that evaluation: one resource, and nothing else is asked", async () => {
    const stage = new Stage();
    stage.looks = [look("wait"), look("breach", "error share 20.3 %")];
    const run = await stage.engine().run(stage.at("watch", watching));
    expect(stage.done).toEqual(["lock", `plan ${SWITCH} refresh=false`, "apply", "save blue 0"]);
    expect(stage.failures()).toEqual(["error share 20.3 %"]);
    expect(run).toMatchObject({ outcome: "went-back", now: { live: "blue", canary: 0, green: { version: "v1.6.0" } } });
  });
  test("too little is no pass: traffic goes back, and a person decides", async () => {
    const stage = new Stage();
    stage.looks = [look("undecided", "3 requests")];
    expect(await stage.engine().run(stage.at("watch", watching))).toMatchObject({ outcome: "undecided" });
  });
  test.each(["go-back", "go-on", "stay"] as const)("Ctrl-C asks: %s", async (answer) => {
    const stage = new Stage();
    let interrupted = true;
    stage.operator = {
      get interrupted() {
        return interrupted;
      },
      decide: () => {
        interrupted = false;
        return Promise.resolve(answer);
      },
    };
    const run = await stage.engine().run({ ...stage.at("watch", watching), until: "watch" });
    expect(run.outcome).toBe({ "go-back": "went-back", "go-on": "done", stay: "stayed" }[answer]);
    expect(run.now?.canary).toBe(answer === "go-back" ? 0 : 10);
  });
  test("Ctrl-C in another step: the next one is not begun", async () => {
    const stage = new Stage();
    stage.operator = { interrupted: true, decide: () => Promise.resolve("stay" as const) };
    const run = await stage.engine().run(stage.at("cutover", watching));
    expect(stage.failures()[0]).toBe("interrupted before it began");
    expect(run).toMatchObject({ outcome: "went-back" });
  });
});

describe("keeping the old set", () => {
  const over: ProductRelease = { ...BOTH, live: "green" };
  test("others may work meanwhile; then it is retired, under the lock again", async () => {
    const stage = new Stage();
    stage.entry = over;
    const run = await stage.engine().run(stage.at("keep", over));
    expect(stage.done).toEqual(["unlock", "lock", "plan", "apply", "save green 0"]);
    expect(run).toMatchObject({ outcome: "done", now: { blue: null } });
  });
  test("few requests are no reason not to retire; a breach is one to go back", async () => {
    const stage = new Stage();
    stage.entry = over;
    stage.looks = [{ verdict: "undecided", text: [] }];
    expect(await stage.engine().run({ ...stage.at("keep", over), until: "keep" })).toMatchObject({ outcome: "done" });
    stage.looks = [{ verdict: "breach", text: ["bad"] }];
    expect(await stage.engine().run(stage.at("keep", over))).toMatchObject({
      outcome: "went-back",
      now: { live: "blue" },
    });
  });
  test("nothing is retired after somebody else has changed the product's entry", async () => {
    const stage = new Stage();
    stage.entry = { ...over, live: "blue" };
    const run = await stage.engine().run(stage.at("keep", over));
    expect(run).toMatchObject({ outcome: "not-retired" });
    expect(stage.failures()[0]).toContain("another entry");
    expect(stage.done).not.toContain("apply");
  });
});

test("a smoke test without the key is not passed over", async () => {
  const stage = new Stage();
  const run = await stage.engine().run(stage.at("smoke", BOTH));
  expect(run).toMatchObject({ outcome: "failed" });
  expect(stage.failures()[0]).toContain("TF_VAR_smoke_key is not set");
});

test("a plan's changes in words", () => {
  const change = (...actions: string[]): ResourceChange => ({
    ...{ address: "a.b", mode: "managed", type: "a", name: "b" },
    change: { actions },
  });
  expect(
    summary([change("create"), change("create"), change("delete", "create"), change("delete"), change("update")]),
  ).toBe("2 created, 1 replaced, 1 changed, 1 removed");
});

test("the steps that a run takes", () => {
  expect(stepsOf({ before: BEFORE })).toEqual(["deploy", "smoke", "canary", "watch", "cutover", "keep", "retire"]);
  expect(stepsOf({ before: BEFORE, until: "canary" })).toEqual(["deploy", "smoke", "canary"]);
  expect(stepsOf({ before: null })).toEqual(["deploy", "smoke"]);
});
