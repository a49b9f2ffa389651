import { describe, expect, test } from "@jest/globals";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { markdown, MOST_CHARACTERS } from "../../review/markdown";
import { planRedactor } from "../../review/secrets";
import { GOLDEN_PLANS, goldenPlan, reviewOf } from "../support/golden-plans";

const NAMES = ["first-deploy", "release", "canary", "cutover", "rollback", "retire", "drift", "destroy"];
const reviews = new Map(NAMES.map((name) => [name, reviewOf(goldenPlan(name))]));
const verdict = (name: string): string => reviews.get(name)!.verdict;
const comment = (name: string): string => markdown(reviews.get(name)!, { redact: planRedactor(goldenPlan(name)) });
/** Of the table and the lists above what is folded. */
const above = (name: string): string => comment(name).split("<details>")[0]!;

test("there is a plan of each kind, and no other", () => {
  expect(GOLDEN_PLANS).toEqual([...NAMES].sort());
});

describe.each(NAMES)("the comment on %s", (name) => {
  test("is as in its file (npm test -- -u takes a change over)", () => {
    const path = join(__dirname, "golden", `${name}.md`);
    const update = process.argv.some((argument) => ["-u", "--updateSnapshot"].includes(argument));
    if (update || !existsSync(path)) {
      expect(process.env["CI"] && !update ? `${path} is missing` : "").toBe("");
      writeFileSync(path, `${comment(name)}\n`);
    }
    expect(`${comment(name)}\n`).toBe(readFileSync(path, "utf8"));
  });

  test("begins with the verdict and ends with the fingerprint", () => {
    const lines = comment(name).split("\n");
    expect(lines[0]).toMatch(/^### (✅|⚠️|🛑) /);
    expect(lines.at(-1)).toBe(`Fingerprint: \`${reviews.get(name)!.fingerprint}\``);
    expect(comment(name).length).toBeLessThanOrEqual(MOST_CHARACTERS);
  });
});

describe("at first glance", () => {
  test("a first deploy: what is made, and that nothing else happens", () => {
    expect(verdict("first-deploy")).toMatch(
      /^first deploy of production: 1 server, 2 stores \(postgres and redis\), 2 products \(.*chat.*\); \d+ resources added, nothing else$/,
    );
    expect(comment("first-deploy")).toMatch(/^### ✅/);
    expect(above("first-deploy")).not.toMatch(/Destroyed|Removed|Drift/);
  });

  test("a release: the new set arrives, the traffic stays, nothing else happens", () => {
    expect(verdict("release")).toBe(
      "chat: green v1.6.0 arrives, traffic stays on blue v1.5.2; 3 containers added, a migration runs; nothing else",
    );
    expect(comment("release")).toMatch(/^### ✅/);
    expect(above("release")).toContain("Nothing that serves visitors is replaced.");
  });

  test("a canary: who gets how much", () => {
    expect(verdict("canary")).toBe("chat: green v1.6.0 gets 10 % of the traffic, blue v1.5.2 keeps 90 %; nothing else");
    expect(above("canary")).toContain("**green v1.6.0 gets 10 % of the traffic");
  });

  test("a cutover and a rollback: where all of the traffic goes", () => {
    expect(verdict("cutover")).toBe("chat: all traffic goes from blue v1.5.2 to green v1.6.0; nothing else");
    expect(verdict("rollback")).toContain("from green v1.6.0 to blue v1.5.2; nothing else");
  });

  test("a retired set: it goes, and the traffic stays", () => {
    expect(verdict("retire")).toBe(
      "chat: green v1.6.0 goes, traffic stays on blue v1.5.2; 3 containers removed; nothing else",
    );
  });

  test("drift: what changed outside, what visitors notice now, and that the plan puts it right", () => {
    const [first, ...rest] = verdict("drift").split("; ");
    expect(first).toMatch(/^chat: \w+ of the live blue v1.5.2 is missing and made again$/);
    expect(rest.at(-1)).toMatch(
      /^drift: outside of Terraform docker_container\.chat_blue_\S+ is gone, hcloud_firewall\.host_firewall was changed$/,
    );
    expect(comment("drift")).toMatch(/^### ⚠️/);
    expect(above("drift")).toContain("**now, until this is applied**");
    expect(above("drift")).toContain("`+ direction=in port=22 protocol=tcp source_ips=0.0.0.0/0`");
    expect(above("drift").match(/this plan puts it right/g)).toHaveLength(2);
  });

  test("a destroy: the data first, in bold, and that it is not to be applied", () => {
    expect(verdict("destroy")).toMatch(
      /^everything in production is destroyed: 6 volumes, .*1 server, 2 public addresses with what is on them/,
    );
    expect(comment("destroy")).toMatch(/^### 🛑/);
    const [, list] = above("destroy").split("**Destroyed**");
    expect(list!.trimStart()).toMatch(/^- \*\*volume `docker_volume\.\w+` is destroyed\*\*/);
    expect(list).toContain("- **volume `hcloud_volume.host_data` is destroyed**");
    expect(list).toContain("- **server `hcloud_server.host_server` is destroyed**");
    expect(above("destroy").indexOf("**Destroyed**")).toBeLessThan(above("destroy").indexOf("**Traffic**"));
    expect(comment("destroy")).toContain("this plan is not to be applied");
    expect(comment("destroy")).not.toContain("--reviewed");
  });
});
