/** Puts images of the local engine into a registry, as a pipeline does, and takes them from the engine: a server has to pull. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Docker } from "../../clients/docker";
import type { RegistryCredentials } from "../../clients/registry/images";

/** Pushes at a time. The engine packs one layer after the other anyway, and most of a push is waiting. */
const AT_A_TIME = 4;
/** Seconds. The first image of a registry brings a layer of 100 MB. */
const TIMEOUT = 300;

export class Publisher {
  private readonly config: string;
  /** Image → its digest. */
  private readonly digests = new Map<string, string>();

  /** @param directory for the login: the user's own `~/.docker` is neither read nor written */
  constructor(
    private readonly docker: Docker,
    host: string,
    { username, password }: RegistryCredentials,
    directory: string,
  ) {
    this.config = join(directory, "docker");
    mkdirSync(this.config, { recursive: true, mode: 0o700 });
    const auth = Buffer.from(`${username}:${password}`).toString("base64");
    writeFileSync(join(this.config, "config.json"), JSON.stringify({ auths: { [host]: { auth } } }), { mode: 0o600 });
  }

  /** The digest of an image that was published. */
  digestOf(reference: string): string | undefined {
    return this.digests.get(reference);
  }

  /** Publishes those images that are not there yet. */
  async publish(references: readonly string[]): Promise<void> {
    const waiting = references.filter((reference) => !this.digests.has(reference));
    // The first of all brings the layers that the others have in common; those take them over from its repository.
    if (this.digests.size === 0) await this.push(waiting.shift());
    const worker = async (): Promise<void> => {
      while (waiting.length > 0) await this.push(waiting.shift());
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  }

  private async push(reference: string | undefined): Promise<void> {
    if (reference === undefined) return;
    const { code, stdout, stderr } = await this.docker.attempt(["--config", this.config, "push", reference], TIMEOUT);
    const digest = /digest: (sha256:[0-9a-f]{64})/.exec(stdout)?.[1];
    if (code !== 0 || digest === undefined)
      throw new Error(`docker push ${reference}: ${stderr.trim() || "no digest"}`);
    this.digests.set(reference, digest);
    await this.docker.run("image", "rm", reference);
  }
}
