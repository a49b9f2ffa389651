import { imageJson } from "./images";
import { firewallsOf } from "./firewalls";
import { INCLUDED_TRAFFIC } from "./catalog";
import { serverTypeJson } from "./catalog-routes";
import { placementGroupJson } from "./placement-groups";
import { datacenterJson, dnsPtrJson } from "./primary-ips";
import type { Cloud, Server } from "./state";

export function serverJson(cloud: Cloud, server: Server) {
  const group = server.placementGroup === undefined ? undefined : cloud.placementGroups.get(server.placementGroup);
  return {
    id: server.id,
    name: server.name,
    status: server.status,
    created: server.created.toISOString(),
    public_net: publicNetJson(cloud, server),
    private_net: server.privateNet
      .filter((net) => net.ready)
      .map((net) => ({
        network: net.network,
        ip: net.ip,
        alias_ips: net.aliasIps,
        mac_address: net.macAddress,
      })),
    server_type: serverTypeJson(server.type),
    location: server.location,
    ...(cloud.options.legacyDatacenters && { datacenter: datacenterJson(server.location) }),
    image: imageJson(server.image),
    iso: server.iso ?? null,
    rescue_enabled: server.rescue,
    locked: cloud.actions.isLocked({ type: "server", id: server.id }),
    backup_window: server.backupWindow ?? null,
    included_traffic: INCLUDED_TRAFFIC,
    ingoing_traffic: 0,
    outgoing_traffic: 0,
    protection: server.protection,
    labels: server.labels,
    volumes: cloud.volumesOf(server.id).map((volume) => volume.id),
    load_balancers: [],
    primary_disk_size: server.diskSize,
    placement_group: group ? placementGroupJson(cloud, group) : null,
  };
}

function publicNetJson(cloud: Cloud, server: Server) {
  const ipv4 = cloud.primaryIpOf(server.id, "ipv4");
  const ipv6 = cloud.primaryIpOf(server.id, "ipv6");
  return {
    ipv4: ipv4 ? { id: ipv4.id, ip: ipv4.ip, blocked: false, dns_ptr: ipv4.dnsPtr.get(ipv4.ip) ?? "" } : null,
    ipv6: ipv6 ? { id: ipv6.id, ip: ipv6.ip, blocked: false, dns_ptr: dnsPtrJson(ipv6) } : null,
    floating_ips: [],
    firewalls: firewallsOf(cloud, server.id).map((firewall) => ({ id: firewall.id, status: "applied" as const })),
  };
}
