import { expect, test } from "@jest/globals";
import { parseArgs } from "node:util";
import { MOVES_OPTIONS, movesOptions } from "../../../bench/moves/options";

const given = (...args: string[]) => movesOptions(parseArgs({ args, options: MOVES_OPTIONS }).values, {});

test("without any, ten rounds on all products", () => {
  expect(given()).toMatchObject({ count: 10, products: undefined, mishaps: 3, parts: true });
  expect(given("--products", "all").products).toBeUndefined();
});

test("some products, fewer rounds, nothing broken", () => {
  expect(given("--products", "chat,auth", "--moves-count", "2", "--mishaps", "0", "--no-parts")).toMatchObject({
    ...{ count: 2, products: ["chat", "auth"], mishaps: 0, parts: false },
  });
});

test("what is no number is refused with what is expected", () => {
  expect(() => given("--moves-count", "many")).toThrow(/--moves-count: many given, a whole number from 1 expected/);
  expect(() => given("--rate", "0")).toThrow(/from 1/);
  expect(() => given("--requests", "")).toThrow(/--requests/);
});
