import { expect, test } from "@jest/globals";
import { Networks } from "../../constructs/docker/networks";
import type { Platform } from "../../model/platform";
import { engineIn, synthChecked } from "../support/engine";
import { MANACORE } from "../support/platforms";

const made = (given: Platform["networks"]): Networks => {
  let networks: Networks | undefined;
  synthChecked((scope) => (networks = new Networks(scope, "networks", engineIn(scope), given)));
  return networks!;
};

test("stores publish from an open one without the edge, if there is one", () => {
  const given = { inside: { open: true }, closed: { open: false }, public: { open: true, edge: true } };
  expect(made(given).publishing).toBe("inside");
  expect(made(given).edge).toEqual(["public"]);
});

test("else from the last open one, and from none where all are closed", () => {
  expect(made(MANACORE.platform.networks).publishing).toBe("backend");
  expect(made({ closed: { open: false } }).publishing).toBeUndefined();
});
