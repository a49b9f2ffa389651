/** One change in words, and what was reviewed as a file. */
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ProblemsError } from "../../model/problem";
import { detailsOf, differences, shown } from "../../review/details";
import { parsePlan } from "../../review/plan-file";
import { readRecord, recordDifference, recordOf, type ReviewRecord } from "../../review/record";
import type { Plan, ResourceChange } from "../../terraform/plan";
import { container, labels, MANACORE, plan, resource, reviewed, type Values } from "../support/plan";

let fingerprint = "0123456789abcdef";
jest.mock("../../review/fingerprint", () => ({ fingerprint: () => fingerprint }));

const redact = (text: string): string => text.replaceAll("hidden", "***");
const EDGE = "docker_container.edge";
const edge = (before: Values, after: Values, more: Parameters<typeof resource>[4] = {}): ResourceChange =>
  resource(EDGE, "changes", container(before), container(after), more);
const detail = (change: ResourceChange) => detailsOf([change], plan([change]), MANACORE)[0]!;
const attributes = (change: ResourceChange): string[] =>
  detail(change).attributes.map(({ name, text }) => `${name} ${text}`);

describe("one change in words", () => {
  test("its sign, what it is, and each attribute before and after", () => {
    expect(detail(edge({ memory: 256 }, { memory: 512 }))).toEqual({
      address: EDGE,
      action: "update",
      sign: "~",
      note: "0.5 CPU, 512 MiB",
      attributes: [{ name: "memory", text: "256 → 512", forces: false }],
    });
  });
  test("what comes and goes is not shown attribute by attribute", () => {
    expect(detail(resource(EDGE, "comes", container())).attributes).toEqual([]);
    expect(detail(resource(EDGE, "goes", container())).attributes).toEqual([]);
    expect(detail(resource(EDGE, "is forgotten", container())).sign).toBe("✕");
  });
  test("of a release's container its version, of a job that it runs once, of an image its name", () => {
    const version = { labels: labels({ version: "v1.6.0" }) };
    expect(detail(resource(EDGE, "comes", container(version))).note).toBe("v1.6.0, 0.5 CPU, 512 MiB");
    expect(detail(resource(EDGE, "comes", container({ must_run: false }))).note).toBe("runs once");
    expect(detail(resource("docker_image.a", "comes", { name: "a:1" })).note).toBe("a:1");
  });
  test("why it is replaced, where the change does not say it", () => {
    const tainted = resource(EDGE, "is replaced, old first", container(), container(), {
      action_reason: "replace_because_tainted",
    });
    expect(detail(tainted).note).toContain("its creation failed last time");
    expect(detail(resource("docker_volume.a", "goes", {}, {}, { deposed: "0a" })).note).toContain(
      "left over from a replacement",
    );
  });
  test("what forces the replacement is marked", () => {
    const change = resource(EDGE, "is replaced, old first", container({ image: "a" }), container({ image: "b" }), {
      change: { replace_paths: [["image"]] },
    });
    expect(detail(change).attributes).toEqual([{ name: "image", text: "a → b", forces: true }]);
  });
  test("variables by name only, marked or not", () => {
    const env = (...lines: string[]): Values => ({ env: lines });
    expect(attributes(edge(env("A=1", "B=hidden", "C=3"), env("A=1", "B=other", "D=4")))).toEqual(["env B, C, D"]);
    expect(attributes(edge(env("A=1", "B=2"), env("B=2", "A=1")))).toEqual(["env the same variables"]);
  });
  test("labels one by one, without the platform's prefix and the hash of the settings", () => {
    const values = (of: Record<string, string>): Values => ({ labels: labels(of) });
    expect(
      attributes(
        edge(
          values({ "release.live": "blue", settings: "1", a: "x" }),
          values({ "release.live": "green", settings: "2", a: "x" }),
        ),
      ),
    ).toEqual(["label release.live blue → green"]);
  });
  test("a sensitive attribute is named, and nothing of it is shown", () => {
    expect(
      attributes(edge({ command: ["x"] }, { command: ["y"] }, { change: { before_sensitive: { command: [true] } } })),
    ).toEqual(["command (sensitive)"]);
  });
  test("names and uploads, which differ each time, are left out", () => {
    expect(
      attributes(edge({ name: "a-1", upload: [{ content: "x" }] }, { name: "a-2", upload: [{ content: "y" }] })),
    ).toEqual([]);
  });
});

describe("a value before and after", () => {
  const rule = (port: string, ...source_ips: string[]): object => ({
    direction: "in",
    port,
    protocol: "tcp",
    source_ips,
    description: "",
  });
  test("of a firewall's rules only those that differ, without what is empty in them", () => {
    const [web, ssh, world] = [rule("443", "0.0.0.0/0"), rule("22", "203.0.113.7/32"), rule("22", "0.0.0.0/0", "::/0")];
    expect(differences([web, ssh], [world, web])).toEqual([
      "- direction=in port=22 protocol=tcp source_ips=203.0.113.7/32",
      "+ direction=in port=22 protocol=tcp source_ips=0.0.0.0/0,::/0",
    ]);
    expect(differences([], [web])).toEqual(["+ direction=in port=443 protocol=tcp source_ips=0.0.0.0/0"]);
  });
  test("of many that differ only how long both are", () => {
    const many = Array.from({ length: 9 }, (_, n) => rule(String(n), "0.0.0.0/0"));
    expect(differences([], many)).toEqual([expect.stringMatching(/^\[\] → \d+ characters$/)]);
  });
  test("of plain values both", () => {
    expect(differences(["a"], ["a", "b"])).toEqual(['["a"] → ["a","b"]']);
    expect(differences(undefined, "x")).toEqual(["none → x"]);
  });
  test("nothing, an empty text and a long one each have a word", () => {
    expect([null, undefined, "", 0, false, "x".repeat(120), "x".repeat(121), "a\nb"].map(shown)).toEqual([
      ...["none", "none", "empty", "0", "false", "x".repeat(120)],
      ...["121 characters", "3 characters"],
    ]);
  });
});

const recordOfPlan = (of: Plan, mark = fingerprint): ReviewRecord => {
  fingerprint = mark;
  return recordOf(of, reviewed(of), redact);
};
const change = plan([edge({ memory: 256 }, { memory: 512 })]);

describe("the record of a review", () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "record-"));
  });
  afterAll(() => rmSync(directory, { recursive: true }));
  const written = (text: string): string => {
    const path = join(directory, "review.json");
    writeFileSync(path, text);
    return path;
  };

  test("comes back as it was written", () => {
    const record = recordOfPlan(change);
    expect(readRecord(written(JSON.stringify(record)))).toEqual(record);
    expect(record).toMatchObject({ platform: "manacore", environment: "production", at: "2026-11-21T12:00:00.000Z" });
    expect(record.changes).toEqual({ [EDGE]: { actions: "update", attributes: { memory: "256 → 512" } } });
  });
  test("has no secret: sensitive values are left out, others masked, long ones hashed once they are", () => {
    const sensitive = { change: { after_sensitive: { command: [true] } } };
    const of = plan([
      edge({ command: ["a"], image: "a" }, { command: ["4711"], image: `hidden${"x".repeat(300)}` }, sensitive),
    ]);
    const { changes } = recordOfPlan(of);
    expect(changes[EDGE]!.attributes["command"]).toBe("(sensitive)");
    expect(JSON.stringify(changes)).not.toMatch(/4711|hidden/);
    expect(changes[EDGE]!.attributes["image"]).toMatch(/^a → 306 characters$|characters, sha256 [0-9a-f]{12}$/);
  });
  test.each([
    ["no JSON", "{"],
    ["another JSON", "{}"],
    ["a fingerprint that is none", JSON.stringify({ ...recordOfPlan(change), fingerprint: "ABC" })],
    ["a list", "[]"],
  ])("%s is no record", (_, text) => {
    expect(() => readRecord(written(text))).toThrow(/which is no record of a review/);
  });
  test("a file that is not there, and a folder", () => {
    expect(() => readRecord(join(directory, "none.json"))).toThrow(/which is not there/);
    mkdirSync(join(directory, "folder"));
    expect(() => readRecord(join(directory, "folder"))).toThrow(ProblemsError);
  });
});

describe("in what two plans differ", () => {
  const then = recordOfPlan(change, "1".repeat(16));
  const difference = (now: Plan, mark = "2".repeat(16)): string[] => recordDifference(then, recordOfPlan(now, mark));
  test("nothing", () => {
    expect(difference(change, "1".repeat(16))).toEqual([]);
  });
  test("a change more, a change fewer", () => {
    expect(difference(plan([...change.resource_changes, resource("docker_network.n", "comes")]))).toEqual([
      "+ docker_network.n: create, which was not reviewed",
    ]);
    expect(difference(plan([]))).toEqual([`- ${EDGE}: update, which was reviewed and is not planned any more`]);
  });
  test("nothing, where only the ends of new names are others, as they come of the plan's time", () => {
    const at = (timestamp: string): Plan => {
      const end = createHash("sha256").update(timestamp).digest("hex").slice(0, 8);
      return plan([resource("docker_container.a", "comes", container({ name: `a-${end}` }))], { timestamp });
    };
    const [first, second] = ["2026-11-21T12:00:00Z", "2026-11-22T12:00:00Z"].map((time) => recordOfPlan(at(time)));
    expect(recordDifference(first!, second!)).toEqual([]);
    expect(second!.changes["docker_container.a"]!.attributes["name"]).toBe("none → a-<new>");
  });
  test("another value, another attribute, another action", () => {
    expect(difference(plan([edge({ memory: 256 }, { memory: 1024 })]))).toEqual([
      `~ ${EDGE}`,
      "    memory: 256 → 512, now 256 → 1024",
    ]);
    expect(difference(plan([edge({ cpus: "1" }, { cpus: "2" })]))).toEqual([
      `~ ${EDGE}`,
      "    cpus: as it is, now 1 → 2",
      "    memory: 256 → 512, now as it is",
    ]);
    expect(difference(plan([resource(EDGE, "goes", container())]))[1]).toBe("    update, now delete");
  });
  test("a leftover of a replacement is told apart from what has its address", () => {
    const deposed = resource(EDGE, "goes", container(), {}, { deposed: "0a1b2c3d" });
    expect(difference(plan([...change.resource_changes, deposed]))).toEqual([
      `+ ${EDGE} (deposed 0a1b2c3d): delete, which was not reviewed`,
    ]);
  });
  test("what is beside the changes: imports, moves, actions, checks, outputs", () => {
    const imported = resource("docker_volume.v", "stays", {}, {}, { change: { importing: { id: "manacore-v" } } });
    const moved = resource("docker_network.n", "stays", {}, {}, { previous_address: "docker_network.old" });
    const now = plan([...change.resource_changes, imported, moved], {
      action_invocations: [{ address: "action.cloud_reboot.a" }],
      checks: [{ address: { to_display: "check.disk" }, status: "fail" }],
      output_changes: {
        address: { actions: ["update"], before: "a", after: "b" },
        password: { actions: ["create"], after: "4711", after_sensitive: true },
        same: { actions: ["no-op"], before: "a", after: "a" },
      },
    });
    const lines = difference(now);
    expect(lines.filter((line) => !/^(\+ docker_|~ prevent)/.test(line))).toEqual([
      "+ action action.cloud_reboot.a: by itself, as it was asked for, which was not reviewed",
      "+ check check.disk: fails, which was not reviewed",
      "+ import of docker_volume.v: from manacore-v, which was not reviewed",
      "+ move to docker_network.n: from docker_network.old, which was not reviewed",
      "+ output address: a → b, which was not reviewed",
      "+ output password: create (sensitive), which was not reviewed",
    ]);
    expect(JSON.stringify(recordOfPlan(now))).not.toContain("4711");
    expect(recordDifference(recordOfPlan(now), recordOfPlan(change))).toContain(
      "- import of docker_volume.v: from manacore-v, which was reviewed and is not planned any more",
    );
  });
  test("only a secret: where it may be", () => {
    const sensitive = { change: { after_sensitive: { command: true } } };
    const of = (value: string): Plan =>
      plan([edge({ command: [] }, { command: [value] }, sensitive), resource("docker_network.n", "comes")]);
    const lines = recordDifference(recordOfPlan(of("one"), "1".repeat(16)), recordOfPlan(of("two"), "2".repeat(16)));
    expect(lines).toEqual([expect.stringContaining("a sensitive value or an expression"), `    ${EDGE}`]);
    expect(difference(change)).toEqual([expect.stringContaining("a sensitive value or an expression"), `    ${EDGE}`]);
  });
});

describe("a plan in JSON", () => {
  const good = { format_version: "1.2", timestamp: "2026-11-21T12:00:00Z", resource_changes: [], configuration: {} };
  const parse = (of: object | string): Plan =>
    parsePlan(typeof of === "string" ? of : JSON.stringify(of), "standard input");
  test("is read with all that is in it; what Terraform leaves out is empty", () => {
    const { resource_changes: _, ...shorter } = good;
    expect(parse({ ...shorter, complete: true })).toMatchObject({
      resource_changes: [],
      resource_drift: [],
      complete: true,
    });
    expect(parse({ ...good, timestamp: "2026-11-21T13:00:00+01:00", errored: false })).toMatchObject({
      errored: false,
    });
  });
  test.each<[string, object | string, string]>([
    ["nothing", " \n", "nothing"],
    ["a saved plan", "PK\u0003\u0004", "the saved plan itself"],
    ["another text", "Terraform will perform", "no JSON"],
    ["a list", [], "JSON that is no plan"],
    ["a state", { format_version: "1.0", values: {} }, "timestamp"],
    ["another format", { ...good, format_version: "2.0" }, "format_version"],
    ["a time that is none", { ...good, timestamp: "yesterday" }, "timestamp"],
    ["a plan that ended half-way", { ...good, errored: true }, "ended with an error"],
    [
      "a change without actions",
      { ...good, resource_changes: [{ address: "a", mode: "managed", type: "b", name: "c", change: {} }] },
      "resource_changes.0.change.actions",
    ],
  ])("%s is refused, and nothing of it is shown", (_, given, said) => {
    let reason: unknown;
    try {
      parse(given);
    } catch (caught) {
      reason = caught;
    }
    expect(reason).toBeInstanceOf(ProblemsError);
    const [problem] = (reason as ProblemsError).problems;
    expect(problem).toMatchObject({ path: "standard input" });
    expect(problem!.given).toContain(said);
    expect((reason as Error).message).not.toMatch(/will perform|yesterday/);
  });
});
