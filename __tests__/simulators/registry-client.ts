/** A simulated registry, and a client that pushes and pulls as Docker does, for the tests beside this file. */
import { createHash } from "node:crypto";
import { type RegistryAccount, type RegistrySimulator, startRegistry } from "../../simulators/registry";

export const PUSHER: RegistryAccount = { username: "ci", password: "p:ush/+é" };
export const PULLER: RegistryAccount = { username: "server", password: "pull-only", permission: "pull" };
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";

export const start = (): Promise<RegistrySimulator> => startRegistry({ accounts: [PUSHER, PULLER] });

export const sha256 = (content: string | Buffer): string =>
  `sha256:${createHash("sha256").update(content).digest("hex")}`;

export const basicOf = ({ username, password }: RegistryAccount): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

export interface Call {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** @default a token of the pusher's for everything that the tests have */
  readonly authorization?: string;
}

/** One client of one registry. */
export class Client {
  private bearer: string | undefined;

  /** @param repositories that it may push to */
  constructor(
    private readonly registry: RegistrySimulator,
    private readonly repositories: readonly string[] = ["acme/web", "acme/api"],
  ) {}

  async token(account: RegistryAccount, ...scopes: string[]): Promise<string> {
    const query = new URLSearchParams(scopes.map((scope): [string, string] => ["scope", scope]));
    const response = await fetch(`${this.registry.baseUrl}/token?${query}`, {
      headers: { authorization: basicOf(account) },
    });
    const { token } = (await response.json()) as { token: string };
    return `Bearer ${token}`;
  }

  async call(method: string, path: string, { headers, body, authorization }: Call = {}): Promise<Response> {
    const scopes = this.repositories.map((name) => `repository:${name}:pull,push`);
    this.bearer ??= await this.token(PUSHER, ...scopes);
    return fetch(`${this.registry.baseUrl}${path}`, {
      method,
      headers: { authorization: authorization ?? this.bearer, ...headers },
      ...(body === undefined ? {} : { body }),
    });
  }

  /** Begins an upload. @returns its path */
  async begin(repository: string): Promise<string> {
    return (await this.call("POST", `/v2/${repository}/blobs/uploads/`)).headers.get("location")!;
  }

  async pushBlob(repository: string, content: string): Promise<string> {
    const digest = sha256(content);
    await this.call("POST", `/v2/${repository}/blobs/uploads/?digest=${digest}`, { body: content });
    return digest;
  }

  putManifest(repository: string, reference: string, content: object, type = DOCKER_MANIFEST): Promise<Response> {
    const body = JSON.stringify(content);
    return this.call("PUT", `/v2/${repository}/manifests/${reference}`, { body, headers: { "content-type": type } });
  }

  /** A whole image. @returns its digest */
  async push(repository: string, tag: string): Promise<string> {
    const config = await this.pushBlob(repository, `{"tag":"${tag}"}`);
    const layer = await this.pushBlob(repository, "a layer");
    const content = { schemaVersion: 2, config: { digest: config }, layers: [{ digest: layer }] };
    return (await this.putManifest(repository, tag, content)).headers.get("docker-content-digest")!;
  }
}

/** "404 MANIFEST_UNKNOWN". */
export async function errorOf(response: Response): Promise<string> {
  const { errors } = (await response.json()) as { errors: { code: string; message: string }[] };
  return `${response.status} ${errors[0]!.code}`;
}
