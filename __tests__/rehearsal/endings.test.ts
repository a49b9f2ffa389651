import { describe, expect, test } from "@jest/globals";
import { Endings } from "../../rehearsal/endings";

describe("endings", () => {
  test("run last first, each once", async () => {
    const order: string[] = [];
    const endings = new Endings();
    endings.stops(() => void order.push("first"));
    endings.removes(() => void order.push("second"));
    await endings.end();
    await endings.end();
    expect(order).toEqual(["second", "first"]);
  });

  test("what was made stays when it is to be kept; what runs ends all the same", async () => {
    const order: string[] = [];
    const endings = new Endings();
    endings.stops(() => void order.push("stopped"));
    endings.removes(() => void order.push("removed"));
    await endings.end({ keep: true });
    expect(order).toEqual(["stopped"]);
  });

  test("one that fails does not keep the others, and is told", async () => {
    const order: string[] = [];
    const endings = new Endings();
    endings.stops(() => void order.push("first"));
    endings.stops(() => Promise.reject(new Error("is in use")));
    await expect(endings.end()).rejects.toThrow("is in use");
    expect(order).toEqual(["first"]);
  });
});
