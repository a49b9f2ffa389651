/** Files beside a state in an S3-compatible bucket, as Cloudflare R2 has them. */
import { posix } from "node:path";
import type { Bucket } from "../object-store";
import type { StateFile, StateFiles } from "./state-files";

/** What lies there is JSON, or lines of it. */
const type = "application/json";

export class S3Files implements StateFiles {
  readonly kind = "s3";
  readonly state: string;

  /** @param key the state's */
  constructor(
    private readonly bucket: Bucket,
    private readonly key: string,
  ) {
    this.state = `${bucket.name}/${key}`;
  }

  place(name: string): string {
    return this.bucket.place(this.keyOf(name));
  }

  read(name: string): Promise<StateFile | undefined> {
    return this.bucket.get(this.keyOf(name));
  }

  readState(): Promise<StateFile | undefined> {
    return this.bucket.get(this.key);
  }

  write(name: string, text: string, { ifVersion }: { ifVersion: string | "absent" }): Promise<boolean> {
    return this.bucket.put(this.keyOf(name), text, { type, ifVersion });
  }

  /**
   * R2 has no conditional DELETE. So the file is first changed under the condition, by a space at its end that means
   * nothing in JSON: whoever acts on what was there before is refused from then on.
   */
  async remove(name: string, { ifVersion }: { ifVersion: string }): Promise<boolean> {
    const current = await this.read(name);
    if (current?.version !== ifVersion) return false;
    if (!(await this.write(name, `${current.text} `, { ifVersion }))) return false;
    await this.bucket.delete(this.keyOf(name));
    return true;
  }

  modified(): Promise<Date | undefined> {
    return this.bucket.modified(this.key);
  }

  private keyOf(name: string): string {
    return posix.join(posix.dirname(this.key), name);
  }
}
