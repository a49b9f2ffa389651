/** The histories' edge in memory answers as the program beside the edge does: the same calls to both, in any order. */
import { afterAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { splitsIn } from "../../clients/edge-keeper";
import { edgeProgram } from "../../constructs/edge/edge-program";
import { EdgeTwin, type Putting } from "../support/model/edge-twin";
import { SERVES, SERVES_ANOTHER, ShellEdge } from "../support/shell-edge";

const SEQUENCES = 40;
const SPLITS = ["blue=100,green=0", "blue=90,green=10", "blue=0,green=100", "blue=40,green=60", "blue=100"] as const;
const LIVE = ["blue", "green"] as const;
const CALLER = ["2026-11-28T22:00:00Z", "ann", "rollback"] as const;

const set = fc.constantFrom("v1", "v2", "v3");
const operation = fc.oneof(
  fc.record({
    op: fc.constant("switch" as const),
    ...{ split: fc.constantFrom(...SPLITS), live: fc.constantFrom(...LIVE), blue: set, green: fc.option(set) },
  }),
  fc.record({
    op: fc.constant("move" as const),
    ...{ split: fc.constantFrom(...SPLITS), live: fc.constantFrom(...LIVE), stale: fc.boolean() },
    by: fc.constantFrom("person", "run"),
  }),
  fc.record({ op: fc.constant("renew" as const), stale: fc.boolean() }),
  fc.record({ op: fc.constant("tick" as const) }),
  fc.record({ op: fc.constant("later" as const), seconds: fc.constantFrom(1, 20, 61) }),
  fc.record({ op: fc.constant("reboot" as const) }),
  fc.record({ op: fc.constant("serving" as const), well: fc.boolean() }),
);

/** As ShellEdge has it: an edge that says nothing of what its files say. */
class Twin extends EdgeTwin {
  well = true;
  override served(subject: string): string {
    return this.well ? super.served(subject) : "000000000000";
  }
}

const line = (name: string): string => `{"for": "${name}", "X-Twinset-Revision": "@REVISION@"}\n`;
const contentsOf = (blue: string, green: string | null): Record<string, string> => ({
  blue: line(blue),
  ...(green === null
    ? {}
    : {
        green: line(green),
        both: `{"${blue}": "@BLUE@", "${green}": "@GREEN@", "X-Twinset-Revision": "@REVISION@"}\n`,
      }),
});

const edges: ShellEdge[] = [];
afterAll(() => edges.forEach((edge) => edge.stop()));

test("the twin says what the shell says", () => {
  fc.assert(
    fc.property(fc.array(operation, { minLength: 3, maxLength: 14 }), (operations) => {
      const shell = new ShellEdge(edgeProgram({ extension: ".yml", reload: [] }));
      edges.push(shell);
      const host = { uptime: 1000, boot: "boot-1", date: "" };
      const twin = new Twin(() => host);
      const finished = (putting: Putting) => ("finish" in putting ? putting.finish() : putting);
      // Dates are the computer's own on one side; those of callers are compared.
      const known = (lines: readonly string[]) =>
        splitsIn(lines).map(({ at, past, ...split }) => ({
          ...split,
          at: at === CALLER[0] ? at : "now",
          past: past.map((each) => ({ ...each, at: each.at === CALLER[0] ? each.at : "now" })),
        }));
      for (const given of operations) {
        const revision = twin.subjects.get("chat")?.now?.revision ?? "none";
        const of = (stale: boolean): string => (stale ? "0123456789ab" : revision);
        const session = (call: readonly string[]): number =>
          Number(/^\.(\d+)$/m.exec(shell.run(["session"], `${call.join("\u001f")}\n`).said)?.[1]);
        switch (given.op) {
          case "switch": {
            const { split, live, blue, green } = given;
            const contents = contentsOf(blue, green);
            shell.next(contents);
            const { code } = shell.run(["switch", "chat", split, live, blue, green ?? "-", "60"]);
            expect(finished(twin.switch("chat", split, live, [blue, green ?? "-"], 60, contents)).code).toBe(code);
            break;
          }
          case "move": {
            const { split, live, by, stale } = given;
            const code = session(["move", "chat", of(stale), split, live, by, ...CALLER]);
            expect(finished(twin.move("chat", of(stale), split, live, by, ...CALLER)).code).toBe(code);
            break;
          }
          case "renew":
            expect(twin.renew("chat", of(given.stale)).code).toBe(session(["renew", "chat", of(given.stale)]));
            break;
          case "tick":
            shell.run(["tick", "chat"]);
            finished(twin.tick("chat"));
            break;
          case "later":
            host.uptime += given.seconds;
            shell.at(host.uptime);
            break;
          case "reboot":
            host.boot = `${host.boot}+`;
            host.uptime = 5;
            shell.reboot(host.boot, host.uptime);
            break;
          case "serving":
            twin.well = given.well;
            shell.serving(given.well ? SERVES : SERVES_ANOTHER);
        }
        expect(known(twin.facts("chat"))).toEqual(known(shell.run(["facts", "chat"]).said.split("\n")));
      }
    }),
    { numRuns: SEQUENCES, seed: 1128 },
  );
}, 600_000);
