import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fetchHetznerPrices } from "../../../clients/hetzner/prices";

let server: Server;
let answer: { status: number; body: unknown };
let asked: { url?: string | undefined; authorization?: string | undefined };

beforeEach(async () => {
  server = createServer((request, response) => {
    asked = { url: request.url, authorization: request.headers.authorization };
    response.writeHead(answer.status, { "content-type": "application/json" }).end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const endpoint = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
const monthly = (net: string) => ({ price_hourly: { net: "0", gross: "0" }, price_monthly: { net, gross: "9" } });

test("net monthly prices by location", async () => {
  answer = {
    status: 200,
    body: {
      pricing: {
        currency: "EUR",
        vat_rate: "19.00",
        server_types: [{ id: 1, name: "ccx43", prices: [{ location: "fsn1", ...monthly("119.5000000000") }] }],
        primary_ips: [
          { type: "ipv6", prices: [{ location: "fsn1", ...monthly("0") }] },
          { type: "ipv4", prices: [{ location: "fsn1", ...monthly("0.5") }] },
        ],
        volume: { price_per_gb_month: { net: "0.0440", gross: "0.0524" } },
        server_backup: { percentage: "20.0000000000" },
      },
    },
  };
  expect(await fetchHetznerPrices("token", endpoint(), "2026-01-02")).toEqual({
    date: "2026-01-02",
    currency: "EUR",
    serverTypes: { ccx43: { fsn1: 119.5 } },
    volumePerGib: 0.044,
    primaryIpv4: { fsn1: 0.5 },
    backupPercent: 20,
  });
  expect(asked).toEqual({ url: "/v1/pricing", authorization: "Bearer token" });
});

test("a refusal is told without the token", async () => {
  answer = { status: 401, body: {} };
  const failure = await fetchHetznerPrices("my-token", endpoint()).catch((reason: Error) => reason.message);
  expect(failure).toBe("Hetzner's API answered 401 to the question for prices");
});

test("an answer of another form is not taken for prices", async () => {
  answer = { status: 200, body: { pricing: { currency: "EUR" } } };
  await expect(fetchHetznerPrices("t", endpoint())).rejects.toThrow("in a form that is not known");
});

test("no answer", async () => {
  const gone = endpoint();
  await new Promise((resolve) => server.close(resolve));
  await expect(fetchHetznerPrices("t", gone)).rejects.toThrow("did not answer");
});
