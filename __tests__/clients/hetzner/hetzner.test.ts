import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { Hetzner, HetznerRefusal, HetznerSilence } from "../../../clients/hetzner/hetzner";
import { ask } from "../../../clients/http";
import { type HetznerSimulator, startHetzner } from "../../../simulators/hetzner";
import { Hetzner as RawHetzner, TOKEN } from "../../simulators/hetzner-client";
import { WebServer } from "../../support/web-server";

let simulator: HetznerSimulator;
beforeEach(async () => {
  simulator = await startHetzner({ actionSeconds: 0 });
});
afterEach(() => simulator.stop());

const pause = async (): Promise<void> => undefined;
const access = () => ({ endpoint: simulator.baseUrl, token: TOKEN });
const reasonOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (reason: unknown) => reason,
  );

describe("one client, in two manners", () => {
  test("a pipeline's asks again until what passes has passed", async () => {
    simulator.faults.inject({ fault: { kind: "error", status: 503 }, method: "GET", times: 7 });
    expect(await new Hetzner(access(), { pause }).server("none")).toBeUndefined();
    expect(simulator.faults.hits).toHaveLength(7);
  });

  test("the doctor's asks once, in its own way, and tells the refusal in its own words", async () => {
    simulator.faults.inject({ fault: { kind: "error", status: 503 }, method: "GET", times: 7 });
    const asked: string[] = [];
    const hetzner = new Hetzner(access(), {
      attempts: 1,
      ask: (url, question) => {
        asked.push(new URL(url).pathname);
        return ask(url, question);
      },
    });
    const reason = await reasonOf(hetzner.server("none"));
    expect(reason).toBeInstanceOf(HetznerRefusal);
    expect(reason).toMatchObject({ request: "GET /servers", said: "503 unavailable" });
    expect(asked).toEqual(["/v1/servers"]);
  });

  test("nobody answers", async () => {
    const reason = await reasonOf(new Hetzner({ endpoint: "http://127.0.0.1:2", token: TOKEN }, { pause }).project());
    expect(reason).toBeInstanceOf(HetznerSilence);
    expect((reason as HetznerSilence).noAnswer.message).toBe("no answer from 127.0.0.1:2 (ECONNREFUSED)");
    expect((reason as HetznerSilence).message).toContain("no answer: connect ECONNREFUSED 127.0.0.1:2");
  });

  test("what answers is not Hetzner", async () => {
    const web = await WebServer.start((_, response) => response.end("<html>"));
    const hetzner = new Hetzner({ endpoint: `http://127.0.0.1:${web.port}`, token: TOKEN }, { attempts: 1 });
    expect(await reasonOf(hetzner.firewalls({ name: "x" }))).toMatchObject({
      said: "something that is no list of firewalls",
    });
    await web.stop();
  });
});

test("things are found by their names, and networks and volumes by their ids", async () => {
  const raw = new RawHetzner(simulator.baseUrl);
  const { network } = (
    await raw.post("/networks", {
      name: "shop",
      ip_range: "10.0.0.0/16",
      subnets: [{ type: "cloud", network_zone: "eu-central", ip_range: "10.0.1.0/24" }],
    })
  ).body;
  const { volume } = (await raw.post("/volumes", { name: "data", size: 10, location: "fsn1" })).body;
  const hetzner = new Hetzner(access(), { pause });
  expect(await hetzner.idOf("networks", "shop")).toBe(network.id);
  expect(await hetzner.idOf("networks", "none")).toBeUndefined();
  expect(await hetzner.subnetRanges(String(network.id))).toEqual(["10.0.1.0/24"]);
  expect(await hetzner.subnetRanges("4711")).toEqual([]);
  expect(await hetzner.serverOfVolume(String(volume.id))).toBeUndefined();
});
