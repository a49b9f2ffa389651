/** Files beside a state in an S3-compatible bucket, as Cloudflare R2 has them. */
import { createHash } from "node:crypto";
import { posix } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AwsV4Signer } from "aws4fetch";
import { error, ProblemsError } from "../../model/problem";
import type { StateFile, StateFiles } from "./state-files";

export interface S3Access {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

interface Answer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly modified: Date | undefined;
  readonly text: string;
  /** S3's word for an error: "NoSuchKey". */
  readonly code: string;
  /** An earlier attempt got no clear answer: it may have taken hold all the same. */
  readonly uncertain: boolean;
}

const ATTEMPTS = 5;
const TIMEOUT_MS = 30_000;

export class S3Files implements StateFiles {
  readonly kind = "s3";
  readonly state: string;

  /**
   * @param key the state's
   * @param pause between attempts, so that tests need not wait
   */
  constructor(
    private readonly access: S3Access,
    private readonly bucket: string,
    private readonly key: string,
    private readonly pause: (ms: number) => Promise<unknown> = sleep,
  ) {
    this.state = `${bucket}/${key}`;
  }

  place(name: string): string {
    return `s3://${this.bucket}/${this.keyOf(name)}`;
  }

  async read(name: string): Promise<StateFile | undefined> {
    const answer = await this.ask("GET", name);
    if (answer.status === 404 && answer.code === "NoSuchKey") return undefined;
    if (answer.status !== 200 || answer.etag === undefined) throw this.refused(name, answer);
    return { text: answer.text, version: answer.etag };
  }

  async write(name: string, text: string, { ifVersion }: { ifVersion: string | "absent" }): Promise<boolean> {
    const condition: Record<string, string> =
      ifVersion === "absent" ? { "if-none-match": "*" } : { "if-match": ifVersion };
    const answer = await this.ask("PUT", name, condition, text);
    if (answer.status === 200) return true;
    // 404: R2 says 412 for a file that is gone, AWS says this.
    const faster =
      answer.status === 412 || answer.status === 409 || (answer.status === 404 && answer.code === "NoSuchKey");
    if (!faster) throw this.refused(name, answer);
    // The one who was faster may have been ourselves, with an attempt whose answer got lost.
    return answer.uncertain && (await this.read(name))?.text === text;
  }

  /**
   * R2 has no conditional DELETE. So the file is first changed under the condition, by a space at its end that means
   * nothing in JSON: whoever acts on what was there before is refused from then on.
   */
  async remove(name: string, { ifVersion }: { ifVersion: string }): Promise<boolean> {
    const current = await this.read(name);
    if (current?.version !== ifVersion) return false;
    if (!(await this.write(name, `${current.text} `, { ifVersion }))) return false;
    const answer = await this.ask("DELETE", name);
    if (answer.status >= 300 && answer.code !== "NoSuchKey") throw this.refused(name, answer);
    return true;
  }

  async modified(): Promise<Date | undefined> {
    const name = posix.basename(this.key);
    const answer = await this.ask("HEAD", name);
    // There is no text with it that would tell a missing file from a missing bucket.
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw this.refused(name, answer);
    return answer.modified;
  }

  private keyOf(name: string): string {
    return posix.join(posix.dirname(this.key), name);
  }

  /** Asks until there is an answer that asking again would not change. */
  private async ask(method: string, name: string, headers: Record<string, string> = {}, body = ""): Promise<Answer> {
    let uncertain = false;
    for (let attempt = 1; ; attempt++) {
      const last = attempt === ATTEMPTS;
      try {
        const answer = await this.once(method, name, headers, body);
        // 409: two wrote at the same moment (AWS); 429: R2 lets a key be written once a second.
        const again = answer.status >= 500 || answer.status === 429 || (answer.status === 409 && method === "PUT");
        if (!again || last) return { ...answer, uncertain };
        uncertain ||= answer.status >= 500;
      } catch (reason) {
        if (last) throw this.unreachable(name, reason as Error);
        uncertain = true;
      }
      await this.pause(250 * 2 ** attempt * (0.5 + Math.random()));
    }
  }

  private async once(
    method: string,
    name: string,
    headers: Record<string, string>,
    body: string,
  ): Promise<Omit<Answer, "uncertain">> {
    const { endpoint, ...credentials } = this.access;
    const signed = await new AwsV4Signer({
      ...credentials,
      service: "s3",
      region: "auto",
      method,
      url: `${endpoint}/${this.bucket}/${this.keyOf(name)}`,
      headers: {
        ...headers,
        ...(method === "PUT" ? { "content-type": "application/json" } : {}),
        "x-amz-content-sha256": createHash("sha256").update(body).digest("hex"),
      },
      body,
    }).sign();
    // Not signed, as proxies may change it. A compressed answer would come with a weak ETag, which matches nothing.
    signed.headers.set("accept-encoding", "identity");
    const response = await fetch(signed.url, {
      method,
      headers: signed.headers,
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(method === "PUT" ? { body } : {}),
    });
    const text = await response.text();
    return {
      status: response.status,
      etag: response.headers.get("etag")?.replace(/^W\//, ""),
      modified: dateIn(response.headers.get("last-modified")),
      text,
      code: /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? "",
    };
  }

  /** Only the kind of error: what S3 says besides may have an id of a key in it. */
  private refused(name: string, { status, code }: Answer): ProblemsError {
    const given = `${status}${code === "" ? "" : ` ${code}`} from ${this.host}`;
    if (code === "NoSuchBucket") {
      return problem(
        `s3://${this.bucket}`,
        `no such bucket at ${this.host}`,
        "the bucket that Terraform's state is in",
        "make it by hand, once, or correct AWS_ENDPOINT_URL_S3; docs/environments.md says how",
      );
    }
    if (code === "RequestTimeTooSkewed") {
      return problem(this.place(name), given, "a request that was signed just now", "set this computer's clock");
    }
    if ([400, 401, 403].includes(status)) {
      return problem(
        this.place(name),
        given,
        `credentials that may read and write objects of ${this.bucket}`,
        `set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of such a token${this.access.sessionToken === undefined ? "" : ", and unset AWS_SESSION_TOKEN unless it belongs to them"}`,
      );
    }
    return status >= 500 || status === 429
      ? problem(this.place(name), `${given}, ${ATTEMPTS} times`, "an answer", "wait, and do the same again")
      : problem(this.place(name), given, "an answer of an object store", "correct AWS_ENDPOINT_URL_S3");
  }

  private unreachable(name: string, reason: Error): ProblemsError {
    const { code } = (reason.cause ?? {}) as { code?: string };
    return problem(
      this.place(name),
      `no answer from ${this.host} (${code ?? reason.name}), ${ATTEMPTS} times`,
      "the object store that AWS_ENDPOINT_URL_S3 names",
      "look at the network and at AWS_ENDPOINT_URL_S3, and do the same again",
    );
  }

  private get host(): string {
    return new URL(this.access.endpoint).host;
  }
}

function dateIn(header: string | null): Date | undefined {
  const time = Date.parse(header ?? "");
  return Number.isNaN(time) ? undefined : new Date(time);
}

const problem = (...parts: Parameters<typeof error>): ProblemsError => new ProblemsError([error(...parts)]);
