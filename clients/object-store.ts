/**
 * A bucket of an S3-compatible object store, as Cloudflare R2 and AWS S3 are: objects by their keys, written under a
 * condition. What may pass is asked again; what is refused, and where nobody answers, is a problem that says what to do,
 * without anything of what the store says besides.
 */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { AwsV4Signer } from "aws4fetch";
import { error, type Problem, ProblemsError } from "../model/problem";

export interface ObjectStoreAccess {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface StoredObject {
  readonly text: string;
  /** Another one after each change: to be compared, never to be read. */
  readonly version: string;
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
  readonly attempts: number;
}

const ATTEMPTS = 5;
const TIMEOUT_MS = 30_000;
/** For what is asked when nobody waits any longer: a store that is well has answered by then. */
const LATE_MS = 2000;

/** Every method throws ProblemsError when the store cannot be asked or refuses. */
export class Bucket {
  /**
   * @param holds what is in it, for people: "Terraform's state"
   * @param pause between attempts, so that tests need not wait
   * @param over aborted when nobody waits any longer: what is asked is broken off, and what is asked then has one attempt, a
   * short one, until the store was silent once
   */
  constructor(
    private readonly access: ObjectStoreAccess,
    readonly name: string,
    private readonly holds: string,
    private readonly pause: (ms: number) => Promise<unknown> = sleep,
    private readonly over?: AbortSignal,
  ) {}

  private silent = false;

  /** Where an object is, for people. */
  place(key: string): string {
    return `s3://${this.name}/${key}`;
  }

  /** @returns undefined: there is none */
  async get(key: string): Promise<StoredObject | undefined> {
    const answer = await this.ask("GET", key);
    if (answer.status === 404 && answer.code === "NoSuchKey") return undefined;
    if (answer.status !== 200 || answer.etag === undefined) throw this.refused(key, answer);
    return { text: answer.text, version: answer.etag };
  }

  /** When an object was written last. @returns undefined: there is none, or the store does not say */
  async modified(key: string): Promise<Date | undefined> {
    const answer = await this.ask("HEAD", key);
    // There is no text with it that would tell a missing object from a missing bucket.
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw this.refused(key, answer);
    return answer.modified;
  }

  /**
   * @param type as in "application/json"
   * @param ifVersion the version that is replaced
   * @returns false: somebody was faster, and nothing was written
   */
  async put(
    key: string,
    text: string,
    { type, ifVersion }: { readonly type: string; readonly ifVersion: string | "absent" },
  ): Promise<boolean> {
    const condition: Record<string, string> =
      ifVersion === "absent" ? { "if-none-match": "*" } : { "if-match": ifVersion };
    const answer = await this.ask("PUT", key, { ...condition, "content-type": type }, text);
    if (answer.status === 200) return true;
    // 404: R2 says 412 for an object that is gone, AWS says this.
    const faster =
      answer.status === 412 || answer.status === 409 || (answer.status === 404 && answer.code === "NoSuchKey");
    if (!faster) throw this.refused(key, answer);
    // The one who was faster may have been ourselves, with an attempt whose answer got lost.
    return answer.uncertain && (await this.get(key))?.text === text;
  }

  /** Whatever is there; R2 knows no condition here. */
  async delete(key: string): Promise<void> {
    const answer = await this.ask("DELETE", key);
    if (answer.status >= 300 && answer.code !== "NoSuchKey") throw this.refused(key, answer);
  }

  /** Asks until there is an answer that asking again would not change. */
  private async ask(method: string, key: string, headers: Record<string, string> = {}, body = ""): Promise<Answer> {
    let uncertain = false;
    for (let attempt = 1; ; attempt++) {
      // Looked at when there is an answer, or none.
      const isLast = (): boolean => attempt === ATTEMPTS || this.isOver;
      try {
        const answer = await this.once(method, key, headers, body);
        // 409: two wrote at the same moment (AWS); 429: R2 lets a key be written once a second.
        const again = answer.status >= 500 || answer.status === 429 || (answer.status === 409 && method === "PUT");
        // Who was just too quick gets through a moment later, also when nobody waits for a store that is not well.
        const isWell = answer.status < 500 && attempt < ATTEMPTS;
        if (!again || (isLast() && !isWell)) return { ...answer, uncertain, attempts: attempt };
        uncertain ||= answer.status >= 500;
      } catch (reason) {
        if (isLast()) throw this.unreachable(key, reason as Error, attempt);
        uncertain = true;
      }
      await this.paused(250 * 2 ** attempt * (0.5 + Math.random()));
    }
  }

  private get isOver(): boolean {
    return this.over?.aborted === true;
  }

  private async paused(ms: number): Promise<void> {
    const { over } = this;
    if (!over) return void (await this.pause(ms));
    let stop = (): void => undefined;
    const stopped = new Promise<void>((resolve) => (stop = resolve));
    over.addEventListener("abort", stop);
    await Promise.race([this.pause(ms), stopped]);
    over.removeEventListener("abort", stop);
  }

  private async once(
    method: string,
    key: string,
    headers: Record<string, string>,
    body: string,
  ): Promise<Omit<Answer, "uncertain" | "attempts">> {
    const late = this.isOver;
    if (late && this.silent) throw new Error("silent");
    this.silent = late;
    const { endpoint, ...credentials } = this.access;
    const signed = await new AwsV4Signer({
      ...credentials,
      service: "s3",
      region: "auto",
      method,
      url: `${endpoint}/${this.name}/${key}`,
      headers: { ...headers, "x-amz-content-sha256": createHash("sha256").update(body).digest("hex") },
      body,
    }).sign();
    // Not signed, as proxies may change it. A compressed answer would come with a weak ETag, which matches nothing.
    signed.headers.set("accept-encoding", "identity");
    return waitingFor(late ? LATE_MS : TIMEOUT_MS, late ? undefined : this.over, async (signal) => {
      const response = await fetch(signed.url, {
        method,
        headers: signed.headers,
        redirect: "manual",
        signal,
        ...(method === "PUT" ? { body } : {}),
      });
      const text = await response.text();
      this.silent = false;
      return {
        status: response.status,
        etag: response.headers.get("etag")?.replace(/^W\//, ""),
        modified: dateIn(response.headers.get("last-modified")),
        text,
        code: /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? "",
      };
    });
  }

  /** Only the kind of error: what S3 says besides may have an id of a key in it. */
  private refused(key: string, { status, code, attempts }: Answer): ProblemsError {
    const given = `${status}${code === "" ? "" : ` ${code}`} from ${this.host}`;
    if (code === "NoSuchBucket") {
      return problem(
        `s3://${this.name}`,
        `no such bucket at ${this.host}`,
        `the bucket that ${this.holds} is in`,
        "make it by hand, once, or correct AWS_ENDPOINT_URL_S3; docs/environments.md says how",
      );
    }
    if (code === "RequestTimeTooSkewed") {
      return problem(this.place(key), given, "a request that was signed just now", "set this computer's clock");
    }
    if ([400, 401, 403].includes(status)) {
      return problem(
        this.place(key),
        given,
        `credentials that may read and write objects of ${this.name}`,
        `set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of such a token${this.access.sessionToken === undefined ? "" : ", and unset AWS_SESSION_TOKEN unless it belongs to them"}`,
      );
    }
    return status >= 500 || status === 429
      ? problem(this.place(key), `${given}, ${times(attempts)}`, "an answer", "wait, and do the same again")
      : problem(this.place(key), given, "an answer of an object store", "correct AWS_ENDPOINT_URL_S3");
  }

  private unreachable(key: string, reason: Error, attempts: number): ProblemsError {
    const { code } = (reason.cause ?? {}) as { code?: string };
    const why = this.isOver ? "in the time that it had" : `(${code ?? reason.name}), ${times(attempts)}`;
    return problem(
      this.place(key),
      `no answer from ${this.host} ${why}`,
      "the object store that AWS_ENDPOINT_URL_S3 names",
      "look at the network and at AWS_ENDPOINT_URL_S3, and do the same again",
    );
  }

  private get host(): string {
    return new URL(this.access.endpoint).host;
  }
}

const times = (count: number): string => (count === 1 ? "once" : `${count} times`);

/** Until its time is over, or nobody waits any longer. */
async function waitingFor<T>(
  ms: number,
  over: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const waiting = new AbortController();
  const timer = setTimeout(() => waiting.abort(new DOMException("no answer in time", "TimeoutError")), ms);
  const stop = (): void => waiting.abort();
  over?.addEventListener("abort", stop);
  try {
    return await work(waiting.signal);
  } finally {
    clearTimeout(timer);
    over?.removeEventListener("abort", stop);
  }
}

function dateIn(header: string | null): Date | undefined {
  const time = Date.parse(header ?? "");
  return Number.isNaN(time) ? undefined : new Date(time);
}

const problem = (...parts: Parameters<typeof error>): ProblemsError => new ProblemsError([error(...parts)]);

/**
 * The access that the environment's variables say: what Terraform's S3 backend reads too.
 * @param file that has them, for people: ".env.manacore.production"
 * @throws ProblemsError naming all that is missing
 */
export function objectStoreAccess(env: Readonly<Record<string, string | undefined>>, file: string): ObjectStoreAccess {
  const problems: Problem[] = [];
  const fix = `put it into ${file} and load that: set -a; . ./${file}; set +a`;
  const given = (name: string, expected: string): string => {
    const value = env[name];
    if (!value) problems.push(error(name, "not set", expected, fix));
    return value ?? "";
  };
  const endpoint = given("AWS_ENDPOINT_URL_S3", ENDPOINT);
  const accessKeyId = given("AWS_ACCESS_KEY_ID", "the id of a token that may read and write the state's bucket");
  const secretAccessKey = given("AWS_SECRET_ACCESS_KEY", "the secret of that token");
  const sessionToken = env["AWS_SESSION_TOKEN"];
  // Whatever it is, it is not shown: a name and a password may be in it.
  if (endpoint !== "" && !isAddress(endpoint)) {
    problems.push(error("AWS_ENDPOINT_URL_S3", "no web address, or one with more than a host", ENDPOINT, fix));
  }
  if (problems.length > 0) throw new ProblemsError(problems);
  return {
    endpoint: endpoint.replace(/\/+$/, ""),
    accessKeyId,
    secretAccessKey,
    ...(sessionToken ? { sessionToken } : {}),
  };
}

const ENDPOINT = "the address of the account with the state's bucket: https://<account id>.r2.cloudflarestorage.com";

function isAddress(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return (
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    `${url.username}${url.password}${url.search}${url.hash}` === ""
  );
}
