import { describe, expect, test } from "@jest/globals";
import { parseEnv } from "node:util";
import { deliveryValues } from "../../inputs/delivery-values";
import { deliveryExample } from "../../inputs/examples";
import { EVERY_PLATFORM } from "../support/platforms";

describe.each(EVERY_PLATFORM)("%s", (_, { platform: each }) => {
  test("the example of its delivery file has every value that belongs there, each empty", () => {
    const text = deliveryExample(each, each.delivery!);
    const names = deliveryValues(each, each.delivery!, () => ({}), {}).filter(({ file }) => file === "delivery");
    expect(parseEnv(text)).toEqual(Object.fromEntries(names.map(({ name }) => [name, ""])));
    expect(text).not.toMatch(/.{121}/);
  });
});
