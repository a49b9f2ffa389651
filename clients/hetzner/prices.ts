import { z } from "zod";
import type { HetznerPrices } from "../../model/cost";

/** Amounts come as decimal strings. */
const amount = z.object({ net: z.coerce.number() });
const byLocation = z.array(z.object({ location: z.string(), price_monthly: amount }));

/** The part of the answer to GET /v1/pricing that we use (docs.hetzner.cloud, "Pricing"). */
const answer = z.object({
  pricing: z.object({
    currency: z.enum(["EUR", "USD"]),
    server_types: z.array(z.object({ name: z.string(), prices: byLocation })),
    primary_ips: z.array(z.object({ type: z.string(), prices: byLocation })),
    volume: z.object({ price_per_gb_month: amount }),
    server_backup: z.object({ percentage: z.coerce.number() }),
  }),
});

const TIMEOUT_MS = 10_000;

/**
 * The prices that Hetzner asks today, net and per month.
 * @param today ISO date to put beside them
 * @throws Error with a sentence for people when they cannot be had
 */
export async function fetchHetznerPrices(
  token: string,
  endpoint = "https://api.hetzner.cloud/v1",
  today = new Date().toISOString().slice(0, 10),
): Promise<HetznerPrices> {
  const response = await fetch(`${endpoint}/pricing`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((reason: unknown) => {
    throw new Error(`Hetzner's API did not answer: ${reason instanceof Error ? reason.message : String(reason)}`);
  });
  if (!response.ok) throw new Error(`Hetzner's API answered ${response.status} to the question for prices`);
  const parsed = answer.safeParse(await response.json());
  if (!parsed.success) throw new Error("Hetzner's API answered with prices in a form that is not known here");

  const { pricing } = parsed.data;
  const monthly = (prices: z.infer<typeof byLocation>): Record<string, number> =>
    Object.fromEntries(prices.map((p) => [p.location, p.price_monthly.net]));
  return {
    date: today,
    currency: pricing.currency,
    serverTypes: Object.fromEntries(pricing.server_types.map((t) => [t.name, monthly(t.prices)])),
    volumePerGib: pricing.volume.price_per_gb_month.net,
    primaryIpv4: monthly(pricing.primary_ips.find((ip) => ip.type === "ipv4")?.prices ?? []),
    backupPercent: pricing.server_backup.percentage,
  };
}
