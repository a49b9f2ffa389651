import { z } from "zod";
import { type Action, ActionFailure, actionJson } from "./actions";
import { invalidInput, operationError } from "./errors";
import { parseRange } from "./ip";
import { labelsSchema, parseSelector } from "./labels";
import { readRoutes } from "./lists";
import { type Call, created, idSchema, noContent, ok, type Routes } from "./routes";
import { type Cloud, find, type Firewall, type FirewallRule, type FirewallTarget, mustBeUnique } from "./state";

/** https://docs.hetzner.com/cloud/firewalls/overview#limits */
const FIREWALLS_PER_SERVER = 5;

const PORT = /^(\d{1,5})(?:-(\d{1,5}))?$/;
const isPort = (text: string): boolean => {
  const [, from, to = from] = PORT.exec(text) ?? [];
  return Number(from) >= 1 && Number(to) <= 65535 && Number(from) <= Number(to);
};

const cidrsSchema = z
  .array(z.string().refine((text) => parseRange(text) !== undefined, "is no network in CIDR notation"))
  .max(100)
  .optional();

const ruleSchema = z
  .object({
    direction: z.enum(["in", "out"]),
    protocol: z.enum(["tcp", "udp", "icmp", "esp", "gre"]),
    port: z.string().optional(),
    source_ips: cidrsSchema,
    destination_ips: cidrsSchema,
    description: z.string().max(255).optional(),
  })
  .superRefine((rule, context) => {
    const wrong = (field: string, message: string): void =>
      context.addIssue({ code: "custom", path: [field], message });
    const hasPorts = rule.protocol === "tcp" || rule.protocol === "udp";
    if (hasPorts && rule.port === undefined) wrong("port", `is required for ${rule.protocol}`);
    if (!hasPorts && rule.port !== undefined) wrong("port", `cannot be set for ${rule.protocol}`);
    if (hasPorts && rule.port !== undefined && !isPort(rule.port)) wrong("port", "is no port or range of ports");
    const ips = rule.direction === "in" ? "source_ips" : "destination_ips";
    if ((rule[ips] ?? []).length === 0) wrong(ips, `is required for direction ${rule.direction}`);
  })
  .transform((rule): FirewallRule => ({
    direction: rule.direction,
    protocol: rule.protocol,
    port: rule.port ?? null,
    source_ips: rule.source_ips ?? [],
    destination_ips: rule.destination_ips ?? [],
    description: rule.description ?? null,
  }));
const rulesSchema = z.array(ruleSchema).max(50);

const targetSchema = z
  .object({
    type: z.enum(["server", "label_selector"]),
    server: z.object({ id: idSchema }).optional(),
    label_selector: z.object({ selector: z.string() }).optional(),
  })
  .transform((given, context): FirewallTarget => {
    if (given.type === "server" && given.server) return { type: "server", server: given.server.id };
    if (given.type === "label_selector" && given.label_selector) {
      return { type: "label_selector", selector: given.label_selector.selector };
    }
    context.addIssue({ code: "custom", path: [given.type], message: "is required" });
    return z.NEVER;
  });

const same = (a: FirewallTarget, b: FirewallTarget): boolean =>
  a.type === "server" && b.type === "server"
    ? a.server === b.server
    : a.type === "label_selector" && b.type === "label_selector" && a.selector === b.selector;

/** Ids of the servers that a target means. */
function serversOf(cloud: Cloud, target: FirewallTarget): number[] {
  if (target.type === "server") return [target.server];
  const selects = parseSelector(target.selector);
  return [...cloud.servers.values()].filter((server) => selects(server.labels)).map((server) => server.id);
}

/** Firewalls in front of a server, by name of it or by a label. */
export const firewallsOf = (cloud: Cloud, server: number): Firewall[] =>
  [...cloud.firewalls.values()].filter((firewall) =>
    firewall.targets.some((target) => serversOf(cloud, target).includes(server)),
  );

export function firewallRoutes(routes: Routes): void {
  const { cloud } = routes;
  const { firewalls } = cloud;
  const json = (firewall: Firewall) => firewallJson(cloud, firewall);
  readRoutes(routes, {
    kind: "firewall",
    items: firewalls,
    json,
    labels: (firewall) => firewall.labels,
    sort: { id: (entry) => entry.id, name: (entry) => entry.name, created: (entry) => entry.created.getTime() },
    filters: { name: (firewall) => firewall.name },
  });

  const creation = z.object({
    name: z.string().min(1).max(128),
    labels: labelsSchema.optional(),
    rules: rulesSchema.optional(),
    apply_to: z.array(targetSchema).optional(),
  });
  routes.post("/firewalls", creation, (call) => {
    const { body } = call;
    mustBeUnique(firewalls, body.name);
    const firewall: Firewall = { ...cloud.fresh(body.name, body.labels), rules: body.rules ?? [], targets: [] };
    const targets = body.apply_to ?? [];
    mustBeApplicable(firewall, targets, 422);
    firewalls.set(firewall.id, firewall);
    const actions = targets.map((target) => apply(call, firewall, target));
    return created({ firewall: json(firewall), actions: actions.map(actionJson) });
  });

  const update = z.object({ name: z.string().min(1).max(128).optional(), labels: labelsSchema.optional() });
  routes.put("/firewalls/:id", update, ({ id, body }) => {
    const firewall = free(id);
    if (body.name) mustBeUnique(firewalls, body.name, id);
    firewall.name = body.name ?? firewall.name;
    firewall.labels = body.labels ?? firewall.labels;
    return ok({ firewall: json(firewall) });
  });

  routes.delete("/firewalls/:id", ({ id }) => {
    const firewall = free(id);
    if (firewall.targets.length > 0) {
      throw operationError("resource_in_use", `firewall with ID ${id} is still in use`);
    }
    firewalls.delete(id);
    return noContent;
  });

  routes.post("/firewalls/:id/actions/set_rules", z.object({ rules: rulesSchema }), ({ id, body, start }) => {
    const firewall = free(id);
    const set = start({
      command: "set_firewall_rules",
      resources: [{ type: "firewall", id }],
      effect: () => {
        firewall.rules = body.rules;
      },
    });
    const applied = [...new Set(firewall.targets.flatMap((target) => serversOf(cloud, target)))].map((server) =>
      start({
        command: "apply_firewall",
        resources: [
          { type: "server", id: server },
          { type: "firewall", id },
        ],
        locks: [],
        after: set,
      }),
    );
    return created({ actions: [set, ...applied].map(actionJson) });
  });

  const applying = z.object({ apply_to: z.array(targetSchema) });
  routes.post("/firewalls/:id/actions/apply_to_resources", applying, (call) => {
    const firewall = find(firewalls, "firewall", call.id);
    mustBeApplicable(firewall, call.body.apply_to, 404);
    return created({ actions: call.body.apply_to.map((target) => actionJson(apply(call, firewall, target))) });
  });

  const removing = z.object({ remove_from: z.array(targetSchema) });
  routes.post("/firewalls/:id/actions/remove_from_resources", removing, (call) => {
    const firewall = find(firewalls, "firewall", call.id);
    for (const target of call.body.remove_from) {
      if (firewall.targets.some((other) => same(target, other))) continue;
      if (target.type === "server" && firewallsOf(cloud, target.server).includes(firewall)) {
        throw operationError(
          "firewall_managed_by_label_selector",
          `firewall is applied to server ${target.server} by a label selector and cannot be removed by hand`,
        );
      }
      if (target.type === "server" && cloud.servers.has(target.server)) {
        // Since 4 August 2025 it is no error to remove what is not there.
        continue;
      }
      throw operationError("firewall_resource_not_found", "resource of the firewall not found", 404);
    }
    const actions = call.body.remove_from.map((target) =>
      call.start({
        command: "remove_firewall",
        resources: refs(firewall, target),
        locks: [],
        effect: () => {
          firewall.targets = firewall.targets.filter((other) => !same(target, other));
        },
      }),
    );
    return created({ actions: actions.map(actionJson) });
  });

  function free(id: number): Firewall {
    const firewall = find(firewalls, "firewall", id);
    cloud.mustBeFree({ type: "firewall", id });
    return firewall;
  }

  function mustBeApplicable(firewall: Firewall, targets: readonly FirewallTarget[], notFoundStatus: number): void {
    for (const [index, target] of targets.entries()) {
      if (firewall.targets.some((other) => same(target, other))) {
        throw operationError("firewall_already_applied", "firewall is already applied to resource");
      }
      if (targets.slice(0, index).some((other) => same(target, other))) {
        throw operationError("server_already_added", "resource was given more than once");
      }
      if (target.type === "label_selector") {
        parseSelector(target.selector);
        continue;
      }
      if (!cloud.servers.has(target.server)) {
        throw operationError("firewall_resource_not_found", `server ${target.server} not found`, notFoundStatus);
      }
      mustTakeFirewall(cloud, target.server);
    }
  }

  function apply(call: Pick<Call, "start">, firewall: Firewall, target: FirewallTarget): Action {
    return call.start({
      command: "apply_firewall",
      resources: refs(firewall, target),
      locks: [],
      effect: () => {
        // Nothing is locked meanwhile, so either of them can have gone.
        if (!firewalls.has(firewall.id) || (target.type === "server" && !cloud.servers.has(target.server))) {
          throw new ActionFailure("firewall_resource_not_found", "firewall or server is gone");
        }
        if (!firewall.targets.some((other) => same(target, other))) firewall.targets.push(target);
      },
    });
  }
}

const refs = (firewall: Firewall, target: FirewallTarget) => [
  ...(target.type === "server" ? [{ type: "server" as const, id: target.server }] : []),
  { type: "firewall" as const, id: firewall.id },
];

/** @throws when a server has no public interface, or enough firewalls */
function mustTakeFirewall(cloud: Cloud, server: number): void {
  if (!cloud.primaryIpOf(server, "ipv4") && !cloud.primaryIpOf(server, "ipv6")) {
    throw operationError("private_net_only_server", `server ${server} has no public interface`);
  }
  if (firewallsOf(cloud, server).length >= FIREWALLS_PER_SERVER) {
    throw invalidInput({ apply_to: [`server ${server} has ${FIREWALLS_PER_SERVER} firewalls already`] });
  }
}

const serverTarget = (id: number) => ({ type: "server" as const, server: { id } });

export const firewallJson = (cloud: Cloud, firewall: Firewall) => ({
  id: firewall.id,
  name: firewall.name,
  labels: firewall.labels,
  created: firewall.created.toISOString(),
  rules: firewall.rules,
  applied_to: firewall.targets.map((target) =>
    target.type === "server"
      ? serverTarget(target.server)
      : {
          type: target.type,
          label_selector: { selector: target.selector },
          applied_to_resources: serversOf(cloud, target).map(serverTarget),
        },
  ),
});
