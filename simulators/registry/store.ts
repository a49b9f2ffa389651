/** What a registry keeps: blobs as files, for a layer may be larger than memory, and the rest in memory. */
import { createHash, type Hash, randomUUID } from "node:crypto";
import { createReadStream, mkdirSync, type ReadStream } from "node:fs";
import { open, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface Manifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export interface Repository {
  /** Digests of the blobs that were pushed or mounted here. */
  readonly blobs: Set<string>;
  /** By digest. */
  readonly manifests: Map<string, Manifest>;
  /** Tag → digest. */
  readonly tags: Map<string, string>;
}

export interface Upload {
  readonly id: string;
  readonly repository: string;
  /** Bytes so far. */
  size: number;
}

interface OpenUpload extends Upload {
  readonly hash: Hash;
}

export const digestOf = (bytes: Buffer): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

export class Store {
  /** "owner/name:tag" → digest. */
  readonly images = new Map<string, string>();
  private readonly repositories = new Map<string, Repository>();
  private readonly uploads = new Map<string, OpenUpload>();
  /** Digest → size, of the blobs of all repositories. */
  private readonly sizes = new Map<string, number>();

  /** @param directory for blobs; its owner removes it */
  constructor(private readonly directory: string) {
    mkdirSync(directory, { recursive: true });
  }

  find(name: string): Repository | undefined {
    return this.repositories.get(name);
  }

  /** A repository is there as soon as something is pushed to it. */
  repository(name: string): Repository {
    const known = this.repositories.get(name);
    if (known) return known;
    const made: Repository = { blobs: new Set(), manifests: new Map(), tags: new Map() };
    this.repositories.set(name, made);
    return made;
  }

  keep(repository: string, manifest: Manifest, tag: string | undefined): void {
    const { manifests, tags } = this.repository(repository);
    manifests.set(manifest.digest, manifest);
    if (tag === undefined) return;
    tags.set(tag, manifest.digest);
    this.images.set(`${repository}:${tag}`, manifest.digest);
  }

  async begin(repository: string): Promise<Upload> {
    const upload = { id: randomUUID(), repository, size: 0, hash: createHash("sha256") };
    this.uploads.set(upload.id, upload);
    await writeFile(this.file(upload.id), "");
    return upload;
  }

  upload(repository: string, id: string): Upload | undefined {
    const upload = this.uploads.get(id);
    return upload?.repository === repository ? upload : undefined;
  }

  /** Appends to an upload. What came before a broken connection counts. */
  async append(upload: Upload, content: AsyncIterable<Buffer>): Promise<void> {
    const { hash } = this.uploads.get(upload.id)!;
    const file = await open(this.file(upload.id), "a");
    try {
      for await (const bytes of content) {
        await file.writeFile(bytes);
        hash.update(bytes);
        upload.size += bytes.length;
      }
    } finally {
      await file.close();
    }
  }

  /** Ends an upload. @returns whether its content is what the digest says */
  async finish(upload: Upload, digest: string): Promise<boolean> {
    const { hash } = this.uploads.get(upload.id)!;
    this.uploads.delete(upload.id);
    const real = `sha256:${hash.digest("hex")}`;
    if (real !== digest) {
      await rm(this.file(upload.id));
      return false;
    }
    await rename(this.file(upload.id), this.file(real));
    this.sizes.set(real, upload.size);
    this.repository(upload.repository).blobs.add(real);
    return true;
  }

  async cancel(upload: Upload): Promise<void> {
    this.uploads.delete(upload.id);
    await rm(this.file(upload.id));
  }

  size(digest: string): number {
    return this.sizes.get(digest) ?? 0;
  }

  read(digest: string): ReadStream {
    return createReadStream(this.file(digest));
  }

  /** @param name an upload's id, or a digest that was checked */
  private file(name: string): string {
    return join(this.directory, name.replace(":", "-"));
  }
}
