/** The prices that Hetzner asks, from its API; where they cannot be had, a sentence says why, and others are shown. */
import type { HetznerPrices } from "../../model/cost";
import { ask } from "../http";
import { HETZNER_ENDPOINT, HetznerRefusal, HetznerSilence } from "./api";
import { Hetzner } from "./hetzner";
import type { Pricing } from "./schemas";

const TIMEOUT_SECONDS = 10;

/**
 * The prices that Hetzner asks today, net and per month.
 * @param today ISO date to put beside them
 * @throws Error with a sentence for people when they cannot be had
 */
export async function fetchHetznerPrices(
  token: string,
  endpoint = HETZNER_ENDPOINT,
  today = new Date().toISOString().slice(0, 10),
): Promise<HetznerPrices> {
  const hetzner = new Hetzner(
    { endpoint, token },
    { attempts: 1, ask: (url, question) => ask(url, { ...question, timeoutSeconds: TIMEOUT_SECONDS }) },
  );
  try {
    return pricesIn(await hetzner.pricing(), today);
  } catch (reason) {
    if (reason instanceof HetznerSilence) {
      throw new Error(`Hetzner's API did not answer: ${(reason.noAnswer.cause as Error).message}`);
    }
    if (!(reason instanceof HetznerRefusal)) throw reason;
    throw new Error(
      reason.status < 300
        ? "Hetzner's API answered with prices in a form that is not known here"
        : `Hetzner's API answered ${reason.status} to the question for prices`,
    );
  }
}

function pricesIn(pricing: Pricing, date: string): HetznerPrices {
  const monthly = (prices: Pricing["server_types"][number]["prices"]): Record<string, number> =>
    Object.fromEntries(prices.map((p) => [p.location, p.price_monthly.net]));
  return {
    date,
    currency: pricing.currency,
    serverTypes: Object.fromEntries(pricing.server_types.map((t) => [t.name, monthly(t.prices)])),
    volumePerGib: pricing.volume.price_per_gb_month.net,
    primaryIpv4: monthly(pricing.primary_ips.find((ip) => ip.type === "ipv4")?.prices ?? []),
    backupPercent: pricing.server_backup.percentage,
  };
}
