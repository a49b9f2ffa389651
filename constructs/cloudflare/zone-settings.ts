import { ZoneSetting } from "@cdktf/provider-cloudflare/lib/zone-setting";
import { Construct } from "constructs";
import { planOf, type Zone } from "../../model/platform";

export interface ZoneSettingsProps {
  readonly zoneId: string;
  readonly zone: Zone;
}

/** TLS for the whole zone: strict towards the edge (which has real certificates), HTTPS only, HSTS, minimum version. */
export class ZoneSettings extends Construct {
  constructor(scope: Construct, id: string, { zoneId, zone }: ZoneSettingsProps) {
    super(scope, id);
    const set = (settingId: string, value: unknown): void => {
      const setting = new ZoneSetting(this, settingId.replaceAll("_", "-"), { zoneId, settingId, value: {} });
      // The bindings allow objects only; the provider takes what the setting is.
      setting.addOverride("value", value);
    };
    set("ssl", "strict");
    set("always_use_https", "on");
    set("min_tls_version", zone.minTlsVersion);
    set("tls_1_3", "on");
    // On in every plan, and not to be edited in the free one (rehearsed: "Not allowed to edit setting for http2").
    if (planOf(zone) !== "free") set("http2", "on");
    set("security_header", {
      strict_transport_security: {
        enabled: true,
        max_age: zone.hstsMaxAge.seconds,
        include_subdomains: true,
        preload: true,
        nosniff: true,
      },
    });
  }
}
