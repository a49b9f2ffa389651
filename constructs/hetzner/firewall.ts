import { Firewall as HcloudFirewall, type FirewallRule } from "@cdktf/provider-hcloud/lib/firewall";
import { Token } from "cdktf";
import { Construct } from "constructs";

const EVERYWHERE = ["0.0.0.0/0", "::/0"];

export interface FirewallProps {
  readonly name: string;
  /** Who may use SSH; a token for a list of CIDRs. There is no default, and no way to open it to all. */
  readonly sshFrom: string[];
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * HTTP and HTTPS for everyone, SSH for listed addresses, ping; everything else is closed by Hetzner's firewall itself,
 * which refuses what no rule allows ("Ingress Rules").
 */
export class Firewall extends Construct {
  readonly id: number;

  constructor(scope: Construct, id: string, props: FirewallProps) {
    super(scope, id);
    const open = (port: string, sourceIps: string[]): FirewallRule => ({
      direction: "in",
      protocol: "tcp",
      port,
      sourceIps,
    });
    const firewall = new HcloudFirewall(this, "resource", {
      name: props.name,
      labels: { ...props.labels },
      rule: [
        open("22", props.sshFrom),
        open("80", EVERYWHERE),
        open("443", EVERYWHERE),
        { direction: "in", protocol: "icmp", sourceIps: EVERYWHERE },
      ],
    });
    this.id = Token.asNumber(firewall.id);
  }
}
