/** What can be read but not changed: locations, server types, ISOs, prices. */
import {
  INCLUDED_TRAFFIC,
  type Iso,
  ISOS,
  type Location,
  LOCATIONS,
  monthlyPrice,
  SERVER_TYPES,
  type ServerType,
} from "./catalog";
import { gone, notFound } from "./errors";
import { list, type ListOptions } from "./lists";
import { ok, type Routes } from "./routes";
import { datacenterJson } from "./primary-ips";

export function catalogRoutes(routes: Routes): void {
  fixed(routes, "location", LOCATIONS, (location) => location);
  fixed(routes, "server_type", SERVER_TYPES, serverTypeJson);
  fixed(routes, "iso", ISOS, (iso: Iso) => iso, { architecture: (iso) => iso.architecture });
  datacenterRoutes(routes);
  routes.get("/pricing", () => ok({ pricing: pricingJson() }));
}

function datacenterRoutes(routes: Routes): void {
  if (routes.cloud.options.legacyDatacenters) {
    fixed(routes, "datacenter", LOCATIONS.map(datacenterJson), (datacenter) => {
      const ids = SERVER_TYPES.filter((type) => type.soldIn.includes(datacenter.location.name)).map((type) => type.id);
      return { ...datacenter, server_types: { supported: ids, available: ids, available_for_migration: ids } };
    });
    return;
  }
  for (const path of ["/datacenters", "/datacenters/:id"]) {
    routes.get(path, () => {
      throw gone("data centers were removed: use locations", "2026-06-02-datacenters-deprecated");
    });
  }
}

function fixed<Item extends { readonly id: number; readonly name: string }>(
  routes: Routes,
  key: string,
  items: readonly Item[],
  json: (item: Item) => unknown,
  filters: ListOptions<Item>["filters"] = {},
): void {
  routes.get(`/${key}s`, (call) =>
    list(call, {
      key: `${key}s`,
      items,
      json,
      sort: { id: (item) => item.id, name: (item) => item.name },
      filters: { name: (item) => item.name, ...filters },
    }),
  );
  routes.get(`/${key}s/:id`, ({ id, params }) => {
    const item = items.find((entry) => entry.id === id);
    if (!item) throw notFound(key, params.id ?? "");
    return ok({ [key]: json(item) });
  });
}

const price = (net: number) => ({ net: net.toFixed(10), gross: (net * 1.19).toFixed(10) });

/** A month costs at most 624 hours: https://docs.hetzner.com/cloud/billing/faq */
const periods = (monthly: number) => ({ price_hourly: price(monthly / 624), price_monthly: price(monthly) });

const serverTypePrices = (type: ServerType) =>
  type.soldIn.map((location) => ({
    location,
    ...periods(monthlyPrice(type)),
    included_traffic: INCLUDED_TRAFFIC,
    price_per_tb_traffic: price(1),
  }));

export const serverTypeJson = (type: ServerType) => ({
  id: type.id,
  name: type.name,
  description: type.description,
  category: type.category,
  cores: type.cores,
  memory: type.memory,
  disk: type.disk,
  storage_type: "local",
  cpu_type: type.cpu_type,
  architecture: type.architecture,
  prices: serverTypePrices(type),
  deprecated: false,
  deprecation: null,
  locations: LOCATIONS.filter((location) => type.soldIn.includes(location.name)).map(({ id, name }) => ({
    id,
    name,
    recommended: true,
    available: true,
    deprecation: null,
  })),
});

const everywhere = (monthly: number) =>
  LOCATIONS.map((location: Location) => ({ location: location.name, ...periods(monthly) }));

function pricingJson() {
  return {
    currency: "EUR",
    vat_rate: "19.00",
    image: { price_per_gb_month: price(0.01) },
    floating_ips: [
      { type: "ipv4", prices: everywhere(3) },
      { type: "ipv6", prices: everywhere(1) },
    ],
    primary_ips: [
      { type: "ipv4", prices: everywhere(0.5) },
      { type: "ipv6", prices: everywhere(0) },
    ],
    server_backup: { percentage: "20.0000000000" },
    server_types: SERVER_TYPES.map((type) => ({ id: type.id, name: type.name, prices: serverTypePrices(type) })),
    load_balancer_types: [],
    volume: { price_per_gb_month: price(0.05) },
  };
}
