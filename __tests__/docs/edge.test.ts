/** The page about the edge names what a service may believe, and what it is never given. */
import { expect, test } from "@jest/globals";
import { emptiedHeaders, SET_BY_EDGE } from "../../model/visitor-headers";
import { page, section } from "./pages";

const [set, emptied] = section(page("docs/edge.md"), "What a service may believe").split("<!-- emptied -->") as [
  string,
  string,
];

test("every header that the edge sets has its row", () => {
  const rows = [...set.matchAll(/^\| `([\w-]+)` +\|/gm)].map(([, name]) => name);
  expect(rows).toEqual(Object.keys(SET_BY_EDGE));
});

test("every header that it empties is named, and no other", () => {
  const [part] = emptied.split("<!-- /emptied -->") as [string];
  expect([...part.matchAll(/`([\w-]+)`/g)].map(([, name]) => name).sort()).toEqual(emptiedHeaders().sort());
});
