/** The answers of Hetzner Cloud's API, as far as they are read here (docs.hetzner.cloud). */
import { z } from "zod";

export const idSchema = z.object({ id: z.int() });
const labels = z.record(z.string(), z.string());

export const serverSchema = z.object({
  id: z.int(),
  name: z.string(),
  status: z.string(),
  labels,
  public_net: z.object({
    ipv4: z.object({ ip: z.string() }).nullable(),
    firewalls: z.array(z.object({ id: z.int(), status: z.string() })),
  }),
});
export type Server = z.infer<typeof serverSchema>;

/** What a firewall is in front of: a server, or every server whose labels fit. */
export type Target =
  | { readonly type: "server"; readonly server: { readonly id: number } }
  | { readonly type: "label_selector"; readonly label_selector: { readonly selector: string } };

const targetSchema = z.object({
  type: z.string(),
  server: idSchema.nullish(),
  label_selector: z.object({ selector: z.string() }).nullish(),
});

export const firewallSchema = z
  .object({
    id: z.int(),
    name: z.string(),
    labels,
    rules: z.array(
      z.object({
        direction: z.string(),
        protocol: z.string(),
        port: z.string().nullish(),
        source_ips: z.array(z.string()).default([]),
      }),
    ),
    applied_to: z.array(targetSchema),
  })
  .transform(({ applied_to, ...firewall }) => ({ ...firewall, targets: applied_to.flatMap(targetIn) }));
export type Firewall = z.infer<typeof firewallSchema>;

function targetIn({ type, server, label_selector }: z.infer<typeof targetSchema>): Target[] {
  if (type === "server" && server) return [{ type, server: { id: server.id } }];
  return type === "label_selector" && label_selector
    ? [{ type, label_selector: { selector: label_selector.selector } }]
    : [];
}

export const primaryIpSchema = z.object({ name: z.string(), ip: z.string(), assignee_id: z.int().nullish() });
export type PrimaryIp = z.infer<typeof primaryIpSchema>;

export const networkSchema = z.object({ subnets: z.array(z.object({ ip_range: z.string().nullish() })).default([]) });
export const volumeSchema = z.object({ server: z.int().nullish() });

export const actionSchema = z.object({
  id: z.int(),
  command: z.string(),
  status: z.enum(["running", "success", "error"]),
  error: z.object({ code: z.string(), message: z.string() }).nullish(),
});

/** Amounts come as decimal strings. */
const amount = z.object({ net: z.coerce.number() });
const byLocation = z.array(z.object({ location: z.string(), price_monthly: amount }));

/** The part of the answer to GET /pricing that we use ("Pricing"). */
export const pricingSchema = z.object({
  currency: z.enum(["EUR", "USD"]),
  server_types: z.array(z.object({ name: z.string(), prices: byLocation })),
  primary_ips: z.array(z.object({ type: z.string(), prices: byLocation })),
  volume: z.object({ price_per_gb_month: amount }),
  server_backup: z.object({ percentage: z.coerce.number() }),
});
export type Pricing = z.infer<typeof pricingSchema>;

export const refusalSchema = z.object({ error: z.object({ code: z.string(), message: z.string().default("") }) });
export const pageSchema = z.object({
  meta: z.object({ pagination: z.object({ next_page: z.int().nullish() }) }).optional(),
});
