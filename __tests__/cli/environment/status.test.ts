import { describe, expect, test } from "@jest/globals";
import { age, describeStatus } from "../../../cli/environment/status";
import type { Entry } from "../../../release/journal/entry";
import { contentOf } from "../../../release/journal/journal";
import type { JournalContent } from "../../../release/journal/unfinished";
import { start } from "../../../release/machine";
import { TerraformError } from "../../../terraform/working-directory";
import { ago, container, NOW, setOf, switchOf } from "../../support/live";
import { BOTH, ENTRY, statusWith } from "../../support/status";

const show = async (...given: Parameters<typeof statusWith>) => describeStatus(await statusWith(...given), NOW);

describe("what people see", () => {
  test("each set with its version, traffic and containers; since when; what was before", async () => {
    const containers = [
      ...setOf(BOTH, "blue").map((each) => ({ ...each, startedAt: ago(12.4 * 86_400) })),
      ...setOf(BOTH, "green").map((each) => ({
        ...each,
        startedAt: ago(900),
        restarts: each.name.includes("web") ? 2 : 0,
      })),
      switchOf("chat", BOTH, { createdAt: ago(400) }),
    ];
    const text = await show({ entry: BOTH, containers, plan: () => Promise.resolve([]) });
    expect(text.replace(/ +$/gm, "")).toBe(
      [
        "manacore-production",
        "  product  set         version  traffic  since  containers",
        "  chat     blue        v1.5.2      90 %  6 min  3 healthy: backend 12 d, web 12 d, landing 12 d",
        "           green idle  v1.6.0      10 %         3 healthy: backend 15 min, web 15 min (restarted 2×), landing 15 min",
        "",
        "No drift: everything is as the files say.",
      ].join("\n"),
    );
  });

  test("a line of the journal that cannot be read, in a warning; the rest is told all the same", async () => {
    const journal = { entries: [], lines: [], unreadable: contentOf('{"v":2}\nhalf a li').unreadable, place: "/j" };
    const text = await show({ journal, containers: [...setOf(ENTRY, "blue"), switchOf("chat", ENTRY)] });
    expect(text).toMatch(/^\/j:1 cannot be read: written by a newer Twinset \(version 2 of the journal\); use the/m);
    expect(text).toMatch(
      /^\/j:2 cannot be read: not whole; look at it: sed -n 2p \/j; say that .*--past [0-9a-f]{12}\.$/m,
    );
    expect(text).toContain("v1.5.2");
  });

  test("containers that are ill, by name, and how many are well", async () => {
    const [migration, backend, web, landing] = setOf(ENTRY, "blue");
    const containers = [
      migration!,
      { ...backend!, health: "unhealthy" as const, startedAt: ago(30) },
      { ...web!, running: false, exitCode: 1 },
      landing!,
      switchOf("chat", ENTRY),
    ];
    const text = await show({ containers });
    expect(text).toContain("1 of 3 healthy: backend unhealthy 30 s, web stopped, landing 60 min");
    expect(text).toContain("chat: manacore-production-chat-backend-blue-0-00000000 is unhealthy");
    expect(text).toContain("chat: manacore-production-chat-web-blue-0-00000000 is stopped");
  });

  test("replicas are told apart, in their order", async () => {
    const labels = { project: "chat", set: "blue", service: "web", version: "v1.5.2" };
    const replica = (n: number) => container(`chat-web-blue-${n}`, { ...labels, replica: String(n) });
    const containers = [replica(1), replica(0), switchOf("chat", ENTRY)];
    expect(await show({ containers })).toContain("2 healthy: web 0 60 min, web 1 60 min");
  });

  test("drift line by line; not looked for; and not known, without secrets", async () => {
    const change = {
      ...{ address: "docker_container.redis", mode: "managed", type: "docker_container", name: "redis" },
      change: { actions: ["delete", "create"] },
    };
    expect(await show({ plan: () => Promise.resolve([change]) })).toContain(
      "Drift: an apply would change 1:\n  docker_container.redis delete+create",
    );
    expect(await show({}, false)).toContain("Drift was not looked for (--quick).");
    const refused = () => Promise.reject(new TerraformError("plan", ["token s3cret is not valid"]));
    expect(await show({ plan: refused })).toContain("Drift is not known: terraform plan: token *** is not valid");
  });

  test("nothing runs yet", async () => {
    const status = await statusWith({ containers: [] });
    expect(status.products).toMatchObject([{ sets: [], problems: ["is in the release file, but does not run"] }]);
    expect(describeStatus(status, NOW)).toMatch(/chat +-/);
  });

  test("traffic that is not known, after a switch that failed", async () => {
    const failed = switchOf("chat", { ...ENTRY, live: "green" }, { exitCode: 1, createdAt: ago(1) });
    expect(await show({ containers: [...setOf(ENTRY, "blue"), failed] })).toMatch(/blue +v1\.5\.2 +\? +3 healthy/);
  });
});

describe("from the journal", () => {
  const line = { v: 1, run: "20261121-1100-abcdef", product: "chat", who: "till@laptop" } as const;
  const started: Entry = {
    ...{ ...line, id: "1", at: "2026-11-21T11:00:00.000Z", event: "started", from: ENTRY, to: BOTH },
    progress: start({ before: ENTRY, version: "v1.6.0", canaryPercent: 10 }),
  };
  const watching: Entry = { ...line, id: "2", at: "2026-11-21T11:05:00.000Z", event: "step-started", step: "watch" };
  const journalOf = (...entries: Entry[]): JournalContent => ({
    ...{ entries, lines: entries.map((_, i) => i + 1), unreadable: [] },
  });

  test("a run that has not ended, with the command to go on", async () => {
    expect(await show({ entry: BOTH, journal: journalOf(started, watching) })).toContain(
      "chat: under way: v1.6.0 by till@laptop since 2026-11-21T11:00:00.000Z, at watch (twinset release chat --resume --environment production)",
    );
  });
  test("one that has ended is not told; what was live before is, the newest first, three at most", async () => {
    const lived = (version: string, i: number): Entry => ({
      ...{ ...line, id: `l${i}`, at: "2026-11-01T11:00:00.000Z", event: "step-done", step: "cutover" },
      from: { ...ENTRY, blue: { version } },
    });
    const ended: Entry = { ...line, id: "3", at: "2026-11-21T12:00:00.000Z", event: "ended", outcome: "done" };
    const versions = ["v1.1.0", "v1.2.0", "v1.3.0", "v1.4.0", "v1.4.0", "v1.5.2"];
    const text = await show({ journal: journalOf(...versions.map(lived), started, watching, ended) });
    expect(text).not.toContain("under way");
    expect(text).toContain("chat: before that v1.4.0, v1.3.0, v1.2.0");
  });
});

test.each([
  [0, "0 s"],
  [119, "119 s"],
  [120, "2 min"],
  [7199, "119 min"],
  [7200, "2 h"],
  [172_799, "47 h"],
  [172_800, "2 d"],
  [-5, "0 s"],
])("%s s are %s", (seconds, text) => {
  expect(age(ago(seconds).toISOString(), NOW)).toBe(text);
});
