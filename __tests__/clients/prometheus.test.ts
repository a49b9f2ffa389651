import { describe, expect, test } from "@jest/globals";
import { parseAnswers } from "../../clients/prometheus";

describe("answers", () => {
  const matrix = (values: [number, string][]): string =>
    JSON.stringify({ status: "success", data: { resultType: "matrix", result: [{ metric: { of: "x" }, values }] } });
  test("about the same series are put together, by time, each point once", () => {
    const coarse = matrix([
      [0, "1"],
      [30, "4"],
    ]);
    const fine = matrix([
      [20, "3"],
      [25, "3"],
      [30, "4"],
    ]);
    expect(parseAnswers(`${coarse}\n${fine}\n`)).toEqual([
      {
        labels: { of: "x" },
        points: [
          [0, 1],
          [20, 3],
          [25, 3],
          [30, 4],
        ].map(([at, value]) => ({ at, value })),
      },
    ]);
  });
  test("that are no numbers are left out: NaN is not 0", () => {
    expect(
      parseAnswers(
        matrix([
          [0, "NaN"],
          [5, "+Inf"],
          [10, "2"],
        ]),
      )[0]!.points,
    ).toEqual([{ at: 10, value: 2 }]);
  });
  test("of another kind are refused", () => {
    expect(() => parseAnswers('{"status":"error","errorType":"bad_data","error":"parse error"}')).toThrow();
    expect(() => parseAnswers("<html>")).toThrow();
  });
});
