import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { z } from "zod";
import { Cloudflare, cloudflareUrl, resultIn, saidBy } from "../../clients/cloudflare";
import { type CloudflareSimulator, startCloudflare } from "../../simulators/cloudflare";

const ZONE = "7e".repeat(16);
const TOKEN = "c".repeat(40);
const zone = z.object({ name: z.string() });

let simulator: CloudflareSimulator;
beforeEach(async () => {
  simulator = await startCloudflare({
    token: TOKEN,
    zones: [{ id: ZONE, name: "example.org", plan: "free" }],
    accountId: "ac".repeat(16),
  });
});
afterEach(() => simulator.stop());
const cloudflare = (token = TOKEN): Cloudflare => new Cloudflare({ baseUrl: simulator.baseUrl, token });

test("every answer is one: what is in its envelope, or the refusal in a few words", async () => {
  const shown = await cloudflare().ask(`/zones/${ZONE}`);
  expect(resultIn(shown, zone)).toEqual({ name: "example.org" });
  expect(resultIn(shown, z.array(zone))).toBeUndefined();
  const refused = await cloudflare("x".repeat(40)).ask("/user/tokens/verify");
  expect(resultIn(refused, zone)).toBeUndefined();
  expect(saidBy(refused)).toBe("401, code 1000");
});

test("of a thing that is asked for, one that is not there is undefined, and another refusal an error", async () => {
  expect(await cloudflare().get(`/zones/${ZONE}`, zone)).toEqual({ name: "example.org" });
  expect(await cloudflare().get(`/zones/${ZONE}/dns_records/${"0".repeat(32)}`, zone)).toBeUndefined();
  await expect(cloudflare("x".repeat(40)).get(`/zones/${ZONE}/dns_records`, zone)).rejects.toThrow(
    /^GET \/client\/v4\/zones\/\w+\/dns_records: 40\d$/,
  );
  await expect(cloudflare().delete(`/zones/${ZONE}/dns_records/${"0".repeat(32)}`)).rejects.toThrow(
    /^DELETE \/client\/v4\/zones\/\w+\/dns_records\/\w+: 404$/,
  );
});

test("its address is Cloudflare's own, or what the environment says", () => {
  expect(cloudflareUrl({})).toBe("https://api.cloudflare.com/client/v4");
  expect(cloudflareUrl({ CLOUDFLARE_BASE_URL: "http://127.0.0.1:8/" })).toBe("http://127.0.0.1:8");
});
