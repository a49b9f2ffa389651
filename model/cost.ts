import type { Environment } from "./environment";
import type { Platform, Price } from "./platform";

/** One line of the monthly cost. `price` is undefined where no source names one. */
export interface CostLine {
  readonly item: string;
  readonly price: Price | undefined;
}

/** Prices that Hetzner's own API gave (net, per month), by what they are for. */
export interface HetznerPrices {
  readonly date: string;
  readonly currency: "EUR" | "USD";
  /** Server type → location → amount. */
  readonly serverTypes: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Per GiB. */
  readonly volumePerGib: number;
  /** Per IPv4 address, by location. */
  readonly primaryIpv4: Readonly<Record<string, number>>;
  /** Per cent of the server's price. */
  readonly backupPercent: number;
}

/**
 * What an environment costs a month. With `live` prices, everything that Hetzner sells is priced by Hetzner's API;
 * without, by the documents, which name servers only.
 */
export function monthlyCost(platform: Platform, environment: Environment, live?: HetznerPrices): CostLine[] {
  const { host } = environment;
  const others = platform.otherCosts?.[environment.name] ?? [];
  if (host.kind === "local") return [...others];

  const fromApi = (amount: number | undefined): Price | undefined =>
    live && amount !== undefined
      ? { amount, currency: live.currency, source: "Hetzner API /v1/pricing", date: live.date }
      : undefined;
  const server = live
    ? fromApi(live.serverTypes[host.serverType]?.[host.location])
    : platform.serverTypes[host.serverType]?.price;
  const gib = host.volume.gibibytes;
  return [
    { item: `server ${host.serverType}`, price: server },
    ...(host.backups
      ? [
          {
            item: "server backups",
            price: fromApi(live && server ? (server.amount * live.backupPercent) / 100 : undefined),
          },
        ]
      : []),
    { item: `volume ${gib} GB`, price: fromApi(live && live.volumePerGib * gib) },
    { item: "IPv4 address", price: fromApi(live?.primaryIpv4[host.location]) },
    ...others,
  ];
}

/** Sums by currency, e.g. `{ USD: 131 }`. Lines without a price are not in it. */
export function totals(lines: readonly CostLine[]): Partial<Record<Price["currency"], number>> {
  const sums: Partial<Record<Price["currency"], number>> = {};
  for (const { price } of lines) {
    if (price) sums[price.currency] = Math.round(((sums[price.currency] ?? 0) + price.amount) * 100) / 100;
  }
  return sums;
}
