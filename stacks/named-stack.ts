import { LocalBackend, S3Backend, TerraformElement, TerraformStack } from "cdktf";
import type { Node } from "constructs";
import { stateFileName, stateKey, type StateStore } from "../model/environment";

/** A stack whose resources have short names, and whose state lies where every other one's does. */
export abstract class NamedStack extends TerraformStack {
  private readonly logicalIds = new Map<string, string>();

  /**
   * Resource names as a person types them: the path without its last, nameless part ("chat_blue_backend-0"). The default
   * adds a hash against collisions; here two paths that come to one name are a mistake in a construct's ids.
   */
  protected override allocateLogicalId(element: TerraformElement | Node): string {
    const node = TerraformElement.isTerraformElement(element) ? element.node : element;
    const path = node.scopes.slice(2).map((scope) => scope.node.id);
    const id = path.filter((part, i) => i === 0 || part !== "resource").join("_");
    const known = this.logicalIds.get(id) ?? node.path;
    if (known !== node.path) throw new Error(`${known} and ${node.path} would both be ${id} in Terraform`);
    this.logicalIds.set(id, node.path);
    return id;
  }

  /**
   * Nothing to prepare. cdktf would resolve the whole stack once more here, for references between stacks, and there are
   * none (ADR 0002): an eighth of a synth.
   */
  override prepareStack(): void {}

  /** @param name of the environment, or of what else has a state of its own */
  protected keepState(platform: string, name: string, state: StateStore): void {
    if (state.kind === "local") {
      // Relative to cdktf.out/stacks/<name>: beside the project, and no absolute path in the output.
      new LocalBackend(this, { path: `../../../${stateFileName(platform, name)}` });
      return;
    }
    new S3Backend(this, {
      bucket: state.bucket,
      key: stateKey(platform, name),
      // Cloudflare R2 knows one region and none of AWS' other services.
      region: "auto",
      usePathStyle: true,
      skipCredentialsValidation: true,
      skipMetadataApiCheck: true,
      skipRegionValidation: true,
      skipRequestingAccountId: true,
      skipS3Checksum: true,
    });
    this.addOverride("terraform.backend.s3.use_lockfile", true);
  }
}
