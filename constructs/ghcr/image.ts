import { Image as DockerImage } from "@cdktf/provider-docker/lib/image";
import { Construct } from "constructs";
import { parseImage } from "../../model/image-version";
import { withDigest } from "../../model/images";
import { type Engine, replaceWithHost } from "../docker/engine";

export interface ImageProps {
  readonly engine: Engine;
  /** "ghcr.io/wuesteon/chat-backend". */
  readonly repository: string;
  readonly tag: string | undefined;
  /** "sha256:…"; with it the tag is only for people, and a moved tag changes nothing. */
  readonly digest?: string;
}

/** The reference that Docker pulls: repository, tag and, if known, digest. */
export const imageReference = ({ repository, tag, digest }: Omit<ImageProps, "engine">): string =>
  `${repository}${tag ? `:${tag}` : ""}${digest ? `@${digest}` : ""}`;

/**
 * An image on the host, pulled with the provider's registry login. It stays there when nothing here uses it any more
 * (`keep_locally`): a rollback must not wait for a registry.
 */
export class Image extends Construct {
  /** What was asked for, known at synth; for names, hashes and labels. */
  readonly reference: string;
  /** The image's id on the engine, known when it is pulled. */
  readonly imageId: string;

  constructor(scope: Construct, id: string, { engine, ...source }: ImageProps) {
    super(scope, id);
    this.reference = imageReference(source);
    this.imageId = new DockerImage(this, "resource", {
      name: this.reference,
      keepLocally: true,
      lifecycle: replaceWithHost(engine),
      dependsOn: [...engine.ready],
    }).imageId;
  }

  /** An image by its whole name, "postgres:16-alpine", and by the digest that is on file for it. The one place for both. */
  static of(scope: Construct, id: string, engine: Engine, name: string): Image {
    const { repository = name, tag, digest } = parseImage(withDigest(name, engine.digests ?? {})) ?? {};
    return new Image(scope, id, { engine, repository, tag, ...(digest === undefined ? {} : { digest }) });
  }
}
