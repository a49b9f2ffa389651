/**
 * Asks a container registry for an image's digest, by the OCI distribution API as GHCR speaks it. What goes wrong is an
 * answer too, in words that may be printed: no credential is in them, whatever the registry has said.
 */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { redactor } from "../../model/redact";
import { type Challenge, parseChallenges } from "./www-authenticate";

/** An image in a registry. */
export interface ImageReference {
  /** "ghcr.io", or "127.0.0.1:5000". */
  readonly host: string;
  /** "wuesteon/chat-backend". */
  readonly repository: string;
  readonly tag: string;
}

export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
}

/** An image's digest ("sha256:…"), or why there is none. */
export type Resolved =
  | { readonly digest: string }
  | {
      /** The registry has no such image; it does not let us see it; it gave no answer that could be used. */
      readonly problem: "absent" | "refused" | "unreachable";
      /** For people, in a few words. */
      readonly said: string;
    };

export interface ResolveOptions {
  /** For each answer. @default 10 */
  readonly timeoutSeconds?: number;
}

/** Every kind of manifest that a tag may have: a registry denies having what it may not send. */
const MANIFESTS = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const TIMEOUT_SECONDS = 10;
/** Seconds between an attempt that failed and the second one. */
const PAUSE = 0.5;
/** Seconds. A registry that wants us to wait longer is one for a later release. */
const PATIENCE = 5;

/** Never throws for what a registry or the network does. */
export async function resolveDigest(
  reference: ImageReference,
  credentials: RegistryCredentials | undefined,
  options: ResolveOptions = {},
): Promise<Resolved> {
  const conversation = new Conversation(reference.host, credentials, options.timeoutSeconds ?? TIMEOUT_SECONDS);
  try {
    return { digest: await conversation.digestOf(reference.repository, reference.tag) };
  } catch (reason) {
    const { problem, message } = reason instanceof Unresolved ? reason : unusable(reason);
    return { problem, said: conversation.printable(message) };
  }
}

class Unresolved extends Error {
  constructor(
    readonly problem: "absent" | "refused" | "unreachable",
    said: string,
  ) {
    super(said);
  }
}

/** One question to one registry, with everything that leads to its answer. */
class Conversation {
  /** Whatever of this a registry repeats must not be printed. */
  private readonly secrets: string[] = [];
  private authorization: string | undefined;

  constructor(
    private readonly host: string,
    private readonly credentials: RegistryCredentials | undefined,
    private readonly timeoutSeconds: number,
  ) {
    if (credentials) this.secrets.push(credentials.password, basic(credentials));
  }

  /** @throws Unresolved */
  async digestOf(repository: string, tag: string): Promise<string> {
    const url = `${originOf(this.host)}/v2/${repository}/manifests/${encodeURIComponent(tag)}`;
    let response = await this.manifest("HEAD", url);
    if (response.status === 401) {
      const challenges = parseChallenges(response.headers.get("www-authenticate") ?? "");
      this.authorization = await this.authorize(challenges, `repository:${repository}:pull`);
      response = await this.manifest("HEAD", url);
    }
    await mustBeGood(response);
    const digest = response.headers.get("docker-content-digest");
    if (digest !== null && DIGEST.test(digest)) return digest;
    // The digest is that of the manifest's bytes, whoever counts them.
    const whole = await this.manifest("GET", url);
    await mustBeGood(whole);
    return `sha256:${createHash("sha256")
      .update(Buffer.from(await whole.arrayBuffer()))
      .digest("hex")}`;
  }

  private manifest(method: "HEAD" | "GET", url: string): Promise<Response> {
    const { authorization } = this;
    return this.ask(url, { method, headers: { accept: MANIFESTS, ...(authorization ? { authorization } : {}) } });
  }

  /** @returns what to send as Authorization */
  private async authorize(challenges: readonly Challenge[], scope: string): Promise<string> {
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    if (bearer) return `Bearer ${await this.token(bearer.params, scope)}`;
    if (!challenges.some(({ scheme }) => scheme === "basic")) {
      throw new Unresolved("refused", "401, without a way to log in that is known here");
    }
    if (!this.credentials) throw new Unresolved("refused", "401, it wants a user name and a password");
    return `Basic ${basic(this.credentials)}`;
  }

  /** Has a token made for us where the registry sends us for it. */
  private async token({ realm = "", service, scope }: Challenge["params"], usual: string): Promise<string> {
    const url = this.realmUrl(realm);
    if (service !== undefined) url.searchParams.set("service", service);
    url.searchParams.set("scope", scope ?? usual);
    const response = await this.ask(url.href, {
      headers: this.credentials ? { authorization: `Basic ${basic(this.credentials)}` } : {},
      redirect: "error",
    });
    if (response.status === 404) throw new Unresolved("unreachable", `${url.host} makes no tokens (404)`);
    await mustBeGood(response);
    // What is no JSON may be a token all the same, so nobody is to hear where it is wrong.
    const answer = (await response.json().catch(() => null)) as {
      readonly token?: unknown;
      readonly access_token?: unknown;
    } | null;
    const token = answer?.token ?? answer?.access_token;
    if (typeof token !== "string") throw new Unresolved("unreachable", `${url.host} answered without a token`);
    this.secrets.push(token);
    return token;
  }

  /** Credentials go over TLS, or stay on this computer; and nobody elsewhere has them sent to this computer. */
  private realmUrl(realm: string): URL {
    let url: URL;
    try {
      url = new URL(realm);
    } catch {
      throw new Unresolved("unreachable", "401, and where tokens come from is no address");
    }
    const local = isLoopback(url.host) && isLoopback(this.host);
    if (url.protocol === "https:" || (url.protocol === "http:" && local)) return url;
    throw new Unresolved("refused", `its tokens come from ${url.protocol}//${url.host}, where no credential is sent`);
  }

  /** A second attempt where one may help. */
  private async ask(url: string, init: RequestInit): Promise<Response> {
    const once = (): Promise<Response> =>
      fetch(url, { ...init, signal: AbortSignal.timeout(this.timeoutSeconds * 1000) });
    const first = await once().catch((reason: unknown) => reason);
    if (first instanceof Response && first.status < 500 && first.status !== 429) return first;
    const wait = first instanceof Response ? pauseOf(first) : PAUSE;
    if (first instanceof Response) {
      if (wait > PATIENCE) throw new Unresolved("unreachable", `${first.status}, to be asked again in ${wait} s`);
      await first.body?.cancel();
    }
    await sleep(wait * 1000);
    return once();
  }

  /** One short line without secrets and without anything that a terminal would obey. */
  printable(text: string): string {
    return redactor(this.secrets)(text)
      .replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ")
      .trim()
      .slice(0, 200);
  }
}

const basic = ({ username, password }: RegistryCredentials): string =>
  Buffer.from(`${username}:${password}`).toString("base64");

/** Where a registry answers: without TLS on this computer, as Docker does it, and with it everywhere else. */
export const originOf = (host: string): string => `${isLoopback(host) ? "http" : "https"}://${host}`;

/** The whole of 127.0.0.0/8 is this computer. */
function isLoopback(host: string): boolean {
  try {
    const { hostname } = new URL(`http://${host}`);
    return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  } catch {
    return false;
  }
}

/** Seconds until the registry wants to be asked again; it says so in seconds or as a date. */
function pauseOf(response: Response): number {
  const said = response.headers.get("retry-after");
  if (said === null) return PAUSE;
  const seconds = /^\d+$/.test(said) ? Number(said) : (Date.parse(said) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : PAUSE;
}

/** @throws Unresolved for every answer but a good one */
async function mustBeGood(response: Response): Promise<void> {
  if (response.ok) return;
  const { status } = response;
  const said = `${status} ${await wordsOf(response)}`.trim();
  await response.body?.cancel().catch(() => undefined);
  if (status === 404) throw new Unresolved("absent", said);
  throw new Unresolved(status === 401 || status === 403 ? "refused" : "unreachable", said);
}

/** A registry's errors are `{errors: [{code, message}]}`; an answer to HEAD has only its status. */
async function wordsOf(response: Response): Promise<string> {
  try {
    const { errors } = (await response.json()) as {
      readonly errors?: readonly { readonly code?: unknown; readonly message?: unknown }[];
    };
    const [first] = errors ?? [];
    return first ? `${String(first.code)}: ${String(first.message)}` : response.statusText;
  } catch {
    return response.statusText;
  }
}

/** The network, or an answer that is not what the protocol says. The cause says more than "fetch failed". */
function unusable(reason: unknown): Pick<Unresolved, "problem" | "message"> {
  const { name, message, cause } = reason as Error & { readonly cause?: { readonly message?: string; code?: string } };
  if (name === "TimeoutError") return { problem: "unreachable", message: "no answer in time" };
  return { problem: "unreachable", message: cause?.message || cause?.code || message };
}
