import { Network } from "@cdktf/provider-hcloud/lib/network";
import { NetworkSubnet } from "@cdktf/provider-hcloud/lib/network-subnet";
import { PlacementGroup } from "@cdktf/provider-hcloud/lib/placement-group";
import { PrimaryIp } from "@cdktf/provider-hcloud/lib/primary-ip";
import { Rdns } from "@cdktf/provider-hcloud/lib/rdns";
import { Server } from "@cdktf/provider-hcloud/lib/server";
import { SshKey } from "@cdktf/provider-hcloud/lib/ssh-key";
import { Volume } from "@cdktf/provider-hcloud/lib/volume";
import { VolumeAttachment } from "@cdktf/provider-hcloud/lib/volume-attachment";
import { Fn, TerraformIterator, type TerraformVariable, Token } from "cdktf";
import { Construct } from "constructs";
import type { HetznerHost } from "../../model/environment";
import { Raw } from "../terraform-expression";
import { cloudInit } from "./cloud-init";
import { DEPLOY_USER } from "../../model/server";
import { Firewall } from "./firewall";
import { ReadinessGate } from "./readiness-gate";

export interface HostProps {
  /** Name of the server and prefix of what belongs to it: "manacore-production". */
  readonly name: string;
  readonly host: HetznerHost;
  readonly labels: Readonly<Record<string, string>>;
  /** Who may log in: a variable that maps a name to a public key. */
  readonly publicKeys: TerraformVariable;
  /** Who may use SSH; a token for a list of CIDRs. */
  readonly sshFrom: string[];
}

/**
 * One server with all that belongs to it: keys, private network, firewall, two addresses, data volume, reverse DNS,
 * placement, and the gate that opens when Docker answers on it.
 *
 * Addresses and volume outlive the server. What connects to it must use `address`, which is the primary IP's: the
 * server's own is not known while it is being replaced, and the Docker provider cannot plan without one (measured).
 */
export class Host extends Construct {
  /** The public IPv4 address. */
  readonly address: string;
  /** For the Docker provider: "ssh://deploy@…". */
  readonly dockerHost: string;
  /** Opens when Docker answers; replaced with the server. */
  readonly gate: ReadinessGate;

  constructor(scope: Construct, id: string, props: HostProps) {
    super(scope, id);
    const { name, host } = props;
    const common = { labels: { ...props.labels } };
    const locked = host.protected && !host.maintenance;

    const keys = TerraformIterator.fromMap(props.publicKeys.value as Record<string, string>);
    const sshKeys = new SshKey(this, "key", {
      ...common,
      forEach: keys,
      // A changed key is made before the old one goes, so the name must differ.
      name: `${name}-${keys.key}-${Fn.substr(Fn.sha256(Token.asString(keys.value)), 0, 8)}`,
      publicKey: Token.asString(keys.value),
    });
    const network = new Network(this, "network", { ...common, name, ipRange: host.network.ipRange });
    const subnet = new NetworkSubnet(this, "subnet", {
      networkId: Token.asNumber(network.id),
      type: "cloud",
      networkZone: host.networkZone,
      ipRange: host.network.subnet,
    });
    const firewall = new Firewall(this, "firewall", { ...common, name, sshFrom: props.sshFrom });
    const placement = new PlacementGroup(this, "placement", { ...common, name, type: "spread" });
    const primaryIp = (type: "ipv4" | "ipv6"): PrimaryIp =>
      new PrimaryIp(this, type, {
        ...common,
        name: `${name}-${type}`,
        type,
        location: host.location,
        autoDelete: false,
        deleteProtection: host.protected,
        lifecycle: { preventDestroy: host.protected },
      });
    const ipv4 = primaryIp("ipv4");
    const ipv6 = primaryIp("ipv6");
    const volume = new Volume(this, "data", {
      ...common,
      name: `${name}-data`,
      size: host.volume.gibibytes,
      location: host.location,
      format: "ext4",
      deleteProtection: host.protected,
      lifecycle: { preventDestroy: host.protected },
    });
    const server = new Server(this, "server", {
      ...common,
      name,
      serverType: host.serverType,
      image: host.image,
      location: host.location,
      sshKeys: Token.asList(`\${values(${sshKeys.fqn})[*].id}`),
      firewallIds: [firewall.id],
      // A job's way in is a firewall of its own beside this one, and no difference (ADR 0008). This one, detached, is.
      ignoreRemoteFirewallIds: true,
      placementGroupId: Token.asNumber(placement.id),
      userData: cloudInit({
        volumeId: volume.id,
        publicKeys: new Raw(`values(var.${props.publicKeys.friendlyUniqueId})`),
      }),
      backups: host.backups,
      deleteProtection: locked,
      rebuildProtection: locked,
      shutdownBeforeDeletion: true,
      keepDisk: true,
      publicNet: [
        { ipv4Enabled: true, ipv4: Token.asNumber(ipv4.id), ipv6Enabled: true, ipv6: Token.asNumber(ipv6.id) },
      ],
      // An absent alias list is a difference on every plan.
      network: [{ networkId: Token.asNumber(network.id), aliasIps: [] }],
      dependsOn: [subnet],
      // Keys and cloud-init matter on the first start only; a changed one must not replace a running server.
      lifecycle: { ignoreChanges: ["user_data", "ssh_keys", "image"], preventDestroy: locked },
    });
    const attachment = new VolumeAttachment(this, "attachment", {
      volumeId: Token.asNumber(volume.id),
      serverId: Token.asNumber(server.id),
      automount: false,
    });
    new Rdns(this, "rdns-ipv4", {
      primaryIpId: Token.asNumber(ipv4.id),
      ipAddress: ipv4.ipAddress,
      dnsPtr: host.reverseDns,
    });
    new Rdns(this, "rdns-ipv6", {
      primaryIpId: Token.asNumber(ipv6.id),
      // A primary IPv6 is a /64; the server answers on its first address.
      ipAddress: Fn.cidrhost(ipv6.ipNetwork, 1),
      dnsPtr: host.reverseDns,
    });

    this.address = ipv4.ipAddress;
    this.dockerHost = `ssh://${DEPLOY_USER}@${this.address}`;
    this.gate = new ReadinessGate(this, "ready", {
      address: this.address,
      replacedWith: { server: server.id, attachment: attachment.id },
    });
  }
}
