import { expect, test } from "@jest/globals";
import { knock } from "../../clients/tcp";
import { WebServer } from "../support/web-server";

test("a port is open, or refuses with a word for why", async () => {
  const web = await WebServer.start(() => undefined);
  const { port } = web;
  expect(await knock("127.0.0.1", port, 1)).toEqual({ answer: "open" });
  await web.stop();
  expect(await knock("127.0.0.1", port, 1)).toEqual({ answer: "refused", word: "ECONNREFUSED" });
});
