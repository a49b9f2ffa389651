import { R2Bucket } from "@cdktf/provider-cloudflare/lib/r2-bucket";
import { R2CustomDomain } from "@cdktf/provider-cloudflare/lib/r2-custom-domain";
import { Construct } from "constructs";

export interface BundleHostProps {
  readonly accountId: string;
  readonly zoneId: string;
  /** Bucket name: "manacore-production-ota". */
  readonly bucket: string;
  /** Where the bundles are fetched from: "ota.manacore.app". */
  readonly host: string;
  /** Does Terraform refuse to destroy the bucket, with every bundle that apps may still fetch? */
  readonly protectData: boolean;
}

/**
 * Where mobile apps fetch their over-the-air bundles: an R2 bucket under a host name of the zone. Cloudflare makes the
 * DNS record for a bucket's host name itself and refuses another one; the zone's cache rules apply to it as to any name.
 */
export class BundleHost extends Construct {
  constructor(scope: Construct, id: string, props: BundleHostProps) {
    super(scope, id);
    const bucket = new R2Bucket(this, "bucket", {
      accountId: props.accountId,
      name: props.bucket,
      lifecycle: { preventDestroy: props.protectData },
    });
    new R2CustomDomain(this, "domain", {
      accountId: props.accountId,
      bucketName: bucket.name,
      zoneId: props.zoneId,
      domain: props.host,
      enabled: true,
      minTls: "1.2",
    });
  }
}
