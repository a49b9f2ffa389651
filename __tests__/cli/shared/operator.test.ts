import { afterEach, describe, expect, test } from "@jest/globals";
import { PassThrough } from "node:stream";
import { type TerminalOperator, terminalOperator } from "../../../cli/shared/operator";

let operator: TerminalOperator;
afterEach(() => operator.close());

/** An operator at a terminal of the test's own. */
function at(interactive: boolean, isTTY = interactive) {
  const input = Object.assign(new PassThrough(), { isTTY });
  const output = new PassThrough();
  const said: string[] = [];
  const exits: number[] = [];
  const asked: string[] = [];
  output.on("data", (text: Buffer) => asked.push(String(text)));
  operator = terminalOperator(interactive, (text) => said.push(text), {
    ...{ input, output, exit: (code) => void exits.push(code) },
  });
  return { input, said, exits, asked };
}
const signal = (name: "SIGINT" | "SIGTERM" = "SIGINT"): void => void process.emit(name, name);
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("Ctrl-C", () => {
  test("is heard at once, says so, and is remembered until it is answered", async () => {
    const { said } = at(false);
    expect(operator.interrupted).toBe(false);
    let waited = true;
    operator.interruption!.addEventListener("abort", () => (waited = false));
    signal();
    expect([operator.interrupted, waited]).toEqual([true, false]);
    expect(said).toEqual([
      "Interrupted: what is under way comes to its end first. Ctrl-C once more ends Twinset at once.",
    ]);
    await operator.decide("watch");
    expect(operator.interrupted).toBe(false);
    expect(operator.interruption!.aborted).toBe(false);
  });
  test("twice at a terminal: the person means it", () => {
    const { exits } = at(true);
    signal();
    expect(exits).toEqual([]);
    signal();
    expect(exits).toEqual([130]);
  });
  test("again after an answer is the first one again", async () => {
    const { exits, said } = at(false, true);
    signal();
    await operator.decide("watch");
    signal();
    expect(exits).toEqual([]);
    expect(said).toHaveLength(2);
  });
  test("a pipeline sends SIGINT, then SIGTERM, then kills: it is no reason to stop the way back", () => {
    const { exits, said } = at(false);
    signal("SIGINT");
    signal("SIGTERM");
    signal("SIGINT");
    expect(exits).toEqual([]);
    expect(said).toHaveLength(1);
  });
  test("SIGTERM alone is an interruption, too", () => {
    at(false);
    signal("SIGTERM");
    expect(operator.interrupted).toBe(true);
  });
  test("when all is over it does what it always does", () => {
    const before = process.listenerCount("SIGINT");
    at(false);
    expect(process.listenerCount("SIGINT")).toBe(before + 1);
    operator.close();
    expect(process.listenerCount("SIGINT")).toBe(before);
    expect(process.listenerCount("SIGTERM")).toBe(0);
  });
});

describe("the question", () => {
  test.each([
    ["b", "go-back"],
    ["B\n", "go-back"],
    ["back", "go-back"],
    ["s", "stay"],
    [" o ", "go-on"],
  ])("%j is %s", async (answer, decision) => {
    const { input } = at(true);
    const decided = operator.decide("watch");
    input.write(`${answer}\n`);
    expect(await decided).toBe(decision);
  });
  test("is asked again until there is an answer", async () => {
    const { input, asked } = at(true);
    const decided = operator.decide("watch");
    for (const line of ["", "x", "toString", "s"]) {
      await tick();
      input.write(`${line}\n`);
    }
    expect(await decided).toBe("stay");
    expect(asked.join("").match(/Interrupted in the canary/g)).toHaveLength(4);
  });
  test("is another one while the old set is kept", async () => {
    const { input, asked } = at(true);
    const decided = operator.decide("keep");
    input.write("o\n");
    expect(await decided).toBe("go-on");
    expect(asked.join("")).toContain("Interrupted while the old set is kept");
  });
  test("a terminal that is gone, or Ctrl-D, means what is safe", async () => {
    const { input } = at(true);
    const decided = operator.decide("watch");
    await tick();
    input.end();
    expect(await decided).toBe("go-back");
  });
  test("a terminal that was gone before, too", async () => {
    const { input } = at(true);
    input.end();
    input.resume();
    await tick();
    expect(await operator.decide("watch")).toBe("go-back");
  });
  test("where nobody can answer there is none: back", async () => {
    const { asked } = at(false);
    expect(await operator.decide("keep")).toBe("go-back");
    expect(asked).toEqual([]);
  });
});
