/** The program beside the edge, really run, with an edge that serves what its files say. */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { edgeProgram } from "../../constructs/edge/edge-program";
import { SERVES, SERVES_ANOTHER, ShellEdge } from "../support/shell-edge";

const CONTENT = (what: string): string => `{"for": "${what}", "X-Twinset-Revision": "@REVISION@"}\n`;
const BOTH = `{"blue": "@BLUE@", "green": "@GREEN@", "X-Twinset-Revision": "@REVISION@"}\n`;
const CONTENTS = { blue: CONTENT("blue"), green: CONTENT("green"), both: BOTH };

const VERSIONS = ["v1.5.2", "v1.6.0"];
const BLUE = ["switch", "chat", "blue=100,green=0", "blue", ...VERSIONS, "120"];
const CANARY = ["switch", "chat", "blue=90,green=10", "blue", ...VERSIONS, "120"];
const GREEN = ["switch", "chat", "blue=0,green=100", "green", ...VERSIONS, "120"];

let edge: ShellEdge;
beforeEach(() => {
  edge = new ShellEdge(edgeProgram({ extension: ".yml", reload: [] }));
  edge.next(CONTENTS);
});
afterEach(() => edge.stop());

const facts = (): Record<string, string> =>
  Object.fromEntries(
    edge
      .run(["facts", "chat"])
      .said.split("\n")
      .filter((line) => !line.startsWith("past"))
      .map((line) => [line.split(" ")[0]!, line.split(" ").slice(1).join(" ")]),
  );
const session = (...calls: string[][]) =>
  edge.run(["session"], calls.map((call) => `${call.join("\u001f")}\n`).join(""));
const move = (split: string, live: string, revision = facts()["revision"]!) =>
  session(["move", "chat", revision, split, live, "person", "2026-11-28T22:00:00Z", "ann", "rollback"]);

describe("a switch", () => {
  test("puts the file in place, with its own revision in it, and leaves nothing else that the edge reads", () => {
    writeFileSync(edge.routing("chat.yml"), '{"old": true}');
    const { code, said } = edge.run(BLUE);
    expect(said).toMatch(/the edge serves revision [0-9a-f]{12} of chat\.yml/);
    expect(code).toBe(0);
    expect(edge.served("chat.yml")).toMatch(/^\{"for": "blue", "X-Twinset-Revision": "[0-9a-f]{12}"\}$/m);
    expect(readdirSync(edge.routing("")).sort()).toEqual([".splits", "chat.yml"]);
    expect(readdirSync(edge.routing(".splits/tmp"))).toEqual([]);
  });

  test("writes the weights as numbers where two sets share the traffic", () => {
    expect(edge.run(CANARY).code).toBe(0);
    expect(edge.served("chat.yml")).toMatch(/^\{"blue": 90, "green": 10, /);
  });

  test("that the edge never serves puts the former file back and fails", () => {
    writeFileSync(edge.routing("chat.yml"), '{"old": true}');
    edge.serving(SERVES_ANOTHER);
    const { code, said } = edge.run(BLUE);
    expect(said).toContain("the former routing of chat is back");
    expect(code).toBe(1);
    expect(edge.served("chat.yml")).toBe('{"old": true}');
  });

  test("that the edge never serves leaves what was known of the former split", () => {
    edge.run(BLUE);
    const before = facts();
    edge.serving(SERVES_ANOTHER);
    expect(edge.run(CANARY).code).toBe(1);
    edge.serving(SERVES);
    expect(facts()).toEqual(before);
  });

  test("that the edge never serves, and that is the first, leaves no file", () => {
    edge.serving(SERVES_ANOTHER);
    expect(edge.run(BLUE).code).toBe(1);
    expect(edge.served("chat.yml")).toBeUndefined();
  });

  test("that was left by a killed Terraform does not take back what the next run's job has written", () => {
    writeFileSync(edge.routing("chat.yml"), '{"old": true}');
    edge.serving(`echo '{"later": true}' > ${edge.routing("chat.yml")}; ${SERVES_ANOTHER}`);
    const { code, said } = edge.run(BLUE);
    expect(said).toContain("another job has changed the routing of chat since");
    expect(code).toBe(1);
    expect(edge.served("chat.yml")).toBe('{"later": true}\n');
  });

  test("keeps the routing of the sets that it knows, and of no others", () => {
    edge.run(BLUE);
    edge.next({ ...CONTENTS, blue: CONTENT("another blue") });
    edge.run(GREEN);
    expect(readdirSync(edge.routing(".splits/chat")).filter((name) => name.startsWith("sets-"))).toHaveLength(1);
  });

  test("of one set alone says so where another split is asked for", () => {
    edge.next({ blue: CONTENTS.blue });
    edge.run(["switch", "chat", "blue=100", "blue", "v1.5.2", "-", "120"]);
    const { said } = move("blue=0,green=100", "green");
    expect(said).toContain("chat has no routing for blue=0,green=100");
    expect(said).toMatch(/^\.1$/m);
    expect(facts()).toMatchObject({ split: "blue=100", file: "yes" });
  });
});

describe("a move past Terraform", () => {
  test("puts the very content into force that the switch writes, and says that Terraform does not know", () => {
    edge.run(BLUE);
    const written = edge.served("chat.yml");
    edge.run(CANARY);
    const { said } = move("blue=100,green=0", "blue");
    expect(said).toMatch(/^\.0$/m);
    expect(edge.served("chat.yml")).toBe(written);
    expect(facts()).toMatchObject({
      ...{ split: "blue=100,green=0", live: "blue", blue: "v1.5.2", green: "v1.6.0", by: "person", recorded: "no" },
      ...{ who: "ann", why: "rollback", at: "2026-11-28T22:00:00Z", file: "yes" },
    });
  });

  test("is recorded by the switch that says the same", () => {
    edge.run(CANARY);
    move("blue=100,green=0", "blue");
    expect(edge.run(BLUE).code).toBe(0);
    expect(facts()).toMatchObject({ recorded: "yes", by: "switch" });
  });

  test("stops a switch that does not know of it, in words, and nothing moves", () => {
    edge.run(CANARY);
    move("blue=100,green=0", "blue");
    const before = edge.served("chat.yml");
    const { code, said } = edge.run(GREEN);
    expect(code).toBe(1);
    expect(said).toContain("chat has blue=100,green=0 since 2026-11-28T22:00:00Z: ann, rollback.");
    expect(said).toContain("nothing was moved");
    expect(edge.served("chat.yml")).toBe(before);
  });

  test("does not happen where somebody else has moved the traffic meanwhile", () => {
    edge.run(CANARY);
    const { revision } = facts();
    edge.run(GREEN);
    const { said } = move("blue=100,green=0", "blue", revision);
    expect(said).toContain("chat was moved meanwhile: blue=0,green=100");
    expect(said).toMatch(/^\.3$/m);
    expect(facts()).toMatchObject({ split: "blue=0,green=100" });
  });

  test("to where the traffic is already leaves what Terraform knows", () => {
    edge.run(BLUE);
    expect(move("blue=100,green=0", "blue").said).toMatch(/^\.0$/m);
    expect(facts()).toMatchObject({ recorded: "yes" });
  });

  test("that was killed between its two renamings counts if its file is in place", () => {
    edge.run(CANARY);
    const now = edge.routing(".splits/chat/now");
    const next = edge.routing(".splits/chat/coming");
    writeFileSync(next, "split blue=0,green=100\nlive green\nrevision 000000000000\n");
    expect(facts()).toMatchObject({ split: "blue=90,green=10" });
    expect(existsSync(next)).toBe(false);
    writeFileSync(edge.routing("chat.yml"), "111111111111");
    writeFileSync(next, "split blue=0,green=100\nlive green\nrevision 111111111111\n");
    expect(facts()).toMatchObject({ split: "blue=0,green=100", file: "yes" });
    expect(existsSync(now)).toBe(true);
  });

  test("waits for whoever is at it, and not for a process that was killed", () => {
    edge.run(CANARY);
    const { revision } = facts();
    mkdirSync(edge.routing(".splits/chat/busy"));
    expect(move("blue=100,green=0", "blue", revision).said).toMatch(/^\.0$/m);
  });
});

describe("a lease", () => {
  const tick = () => edge.run(["tick", "chat"]);

  test("that ran out ends the canary, and says why", () => {
    edge.run(CANARY);
    edge.at(1119);
    tick();
    expect(facts()).toMatchObject({ split: "blue=90,green=10", "lease-left": "1" });
    edge.at(1120);
    tick();
    expect(facts()).toMatchObject({
      ...{ split: "blue=100,green=0", live: "blue", by: "lease", recorded: "no" },
      ...{ who: "the keeper beside the edge", why: "nobody watched the canary (blue=90,green=10) for 120 s" },
    });
    expect(edge.served("chat.yml")).toContain('"for": "blue"');
  });

  test("that is renewed goes on", () => {
    edge.run(CANARY);
    edge.at(1100);
    expect(session(["renew", "chat", facts()["revision"]!]).said).toMatch(/^\.0$/m);
    edge.at(1200);
    tick();
    expect(facts()).toMatchObject({ split: "blue=90,green=10", "lease-left": "20" });
  });

  test("cannot be renewed for a split that is no longer in force", () => {
    edge.run(CANARY);
    const { revision } = facts();
    edge.at(1120);
    tick();
    const { said } = session(["renew", "chat", revision!]);
    expect(said).toMatch(/^\.3$/m);
    expect(said).toContain("by the keeper beside the edge, nobody watched the canary");
  });

  test("leads back to the live set, whichever that is", () => {
    edge.run(["switch", "chat", "blue=10,green=90", "green", ...VERSIONS, "120"]);
    edge.at(1120);
    tick();
    expect(facts()).toMatchObject({ split: "blue=0,green=100", live: "green" });
  });

  test("never acts on a finished cutover", () => {
    edge.run(CANARY);
    edge.run(GREEN);
    // Left by a program that was killed at the very end.
    writeFileSync(edge.routing(".splits/chat/lease"), "boot boot-1\nuntil 1\n");
    edge.at(9999);
    const before = edge.served("chat.yml");
    tick();
    expect(edge.served("chat.yml")).toBe(before);
    expect(facts()).toMatchObject({ split: "blue=0,green=100", recorded: "yes" });
  });

  test("begins anew when the host was started again, as whoever watches may be there still", () => {
    edge.run(CANARY);
    edge.reboot("boot-2", 5);
    tick();
    expect(facts()).toMatchObject({ split: "blue=90,green=10", "lease-left": "120" });
    edge.at(125);
    tick();
    expect(facts()).toMatchObject({ split: "blue=100,green=0", by: "lease" });
  });

  test("that the edge does not go along with leaves the canary as it is, and is tried again", () => {
    edge.run(CANARY);
    edge.at(1120);
    edge.serving(SERVES_ANOTHER);
    tick();
    expect(facts()).toMatchObject({ split: "blue=90,green=10" });
    edge.serving(SERVES);
    tick();
    expect(facts()).toMatchObject({ split: "blue=100,green=0", by: "lease" });
  });

  test("of a set that is kept is told, and nothing is moved when it runs out", () => {
    edge.run(GREEN);
    session(["renew", "chat", facts()["revision"]!]);
    edge.at(1060);
    expect(facts()).toMatchObject({ "watched-left": "60" });
    edge.at(1300);
    tick();
    expect(facts()).toMatchObject({ split: "blue=0,green=100", "watched-left": "-180" });
  });
});

test("what was in force before is remembered", () => {
  edge.run(BLUE);
  edge.run(CANARY);
  edge.run(GREEN);
  const past = edge.run(["facts", "chat"]).said.match(/^past .*$/gm)!;
  expect(past.map((line) => line.split("\u001f").slice(1, 4).join(" "))).toEqual([
    "switch blue=100,green=0 blue",
    "switch blue=90,green=10 blue",
    "switch blue=0,green=100 green",
  ]);
});

describe("the settings' job", () => {
  test("takes away files of products that are gone, and no others", () => {
    edge.run(BLUE);
    for (const file of ["gone.yml", ".chat.yml.other.old"]) writeFileSync(edge.routing(file), "{}");
    mkdirSync(edge.routing(".splits/gone"));
    edge.next({ all: CONTENT("all") });
    expect(edge.run(["settings", "settings.yml", "chat"]).code).toBe(0);
    expect(readdirSync(edge.routing("")).sort()).toEqual([
      ".chat.yml.other.old",
      ".splits",
      "chat.yml",
      "settings.yml",
    ]);
    expect(readdirSync(edge.routing(".splits")).sort()).toEqual(["chat", "settings", "tmp"]);
  });

  test("keeps its own file, whatever the edge wants it to be called", () => {
    edge.next({ all: CONTENT("all") });
    rmSync(join(edge.root, "routing"), { recursive: true });
    mkdirSync(join(edge.root, "routing"));
    expect(edge.run(["settings", "00-settings.yml"]).said).toContain("does not serve");
    edge.serving(SERVES.replace('"$file"', edge.routing("00-settings.yml")));
    expect(edge.run(["settings", "00-settings.yml"]).code).toBe(0);
    expect(edge.served("00-settings.yml")).toContain('"for": "all"');
  });
});
