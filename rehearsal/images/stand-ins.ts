/**
 * Images for a rehearsal. What can be pulled is real. For the rest stand-ins are made on the local engine with
 * `docker import`: Node's own binary and a small service for the platform's services, this computer's own programs for
 * Traefik, Prometheus, PostgreSQL and Redis. Those of the services go to a registry, as they do in earnest.
 */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { healthTest } from "../../model/health";
import { monitoringOf } from "../../model/monitoring";
import { ownImages } from "../../model/images";
import { imageRepository, type Platform, servicesOf } from "../../model/platform";
import { type SetRelease, tagOf } from "../../model/release";
import type { CustomStore, PostgresStore, RedisStore, Service } from "../../model/service";
import type { Docker } from "../../clients/docker";
import { FileTree, findProgram } from "./file-tree";
import type { Published } from "../adapt";
import type { Publisher } from "./publisher";

/** What a stand-in does besides answering well. */
export interface Behaviour {
  /** Not healthy until then. */
  readonly startAfterSeconds?: number;
  /** Never healthy. */
  readonly failHealth?: boolean;
  /** Share of requests that get a 500, 0 to 1. */
  readonly errorShare?: number;
  readonly delaySeconds?: number;
  /** Ends with exit code 1 after that time. */
  readonly dieAfterSeconds?: number;
  /** The migration job exits 1. */
  readonly failMigration?: boolean;
}

/** Images that a rehearsal uses, and where each came from. */
export type Origin = "pulled" | "local" | "stand-in";

export const STAND_IN_LABEL = "twinset.stand-in";
/** The program of stand-ins, in their images. */
const SERVICE = "/stand-in/service.cjs";
const BASE = "twinset/stand-in:latest";
const EDGE = "twinset/edge:rehearsal";
const ACME_CERTIFICATE = "/etc/acme-server.pem";

/** A program that a stand-in is made of and that this computer does not have. */
export class MissingProgram extends Error {
  constructor(
    readonly program: string,
    readonly purpose: string,
  ) {
    super(`${program} (${purpose})`);
  }
}

export class Images {
  readonly origins = new Map<string, Origin>();
  private readonly unreachable = new Set<string>();

  constructor(
    private readonly docker: Docker,
    private readonly publisher: Publisher,
    /** Its registry is the one that is published to. */
    private readonly platform: Platform,
    /** A directory for what is being packed; removed by its owner. */
    private readonly directory: string,
    /** Where programs are looked for. */
    private readonly path: string,
  ) {}

  /** What the machinery needs: edge, Prometheus, stores. Pulled, or made of this computer's programs. */
  async infrastructure(): Promise<void> {
    const { image, kind } = this.platform.edge;
    await this.ensure(image, () => this.import(this.edge(), image, { entrypoint: [`/bin/${kind}`] }));
    const monitoring = monitoringOf(this.platform)?.image;
    if (monitoring) {
      await this.ensure(monitoring, () =>
        this.import(this.prometheus(), monitoring, { workingDirectory: "/prometheus" }),
      );
    }
    for (const store of this.platform.stores) {
      if (store.kind === "custom") {
        await this.ensure(store.image, () => this.customStore(store));
        continue;
      }
      // Redis' image writes to where it starts.
      const options = { workingDirectory: store.kind === "redis" ? "/data" : "/" };
      await this.ensure(store.image, () => this.import(this.store(store.kind), store.image, options));
    }
  }

  /**
   * Puts the stand-ins of what is no service's into the registry as well, with the edge's, so that a server is given them by
   * their digests. What was pulled, or was here before, goes by its tag: its digest is another registry's.
   * @param edge the name of the edge's image
   */
  async published(edge: string): Promise<Record<string, Published>> {
    const { host } = this.platform.registry;
    const own = [edge, ...ownImages(this.platform).map(({ name }) => name)];
    const names = [...new Set(own)].filter((name) => name === edge || this.origins.get(name) === "stand-in");
    const there = names.map((name) => ({
      name,
      reference: `${host}/stand-ins/${name.replace(/^[^/]*[.:][^/]*\//, "")}`,
    }));
    for (const { name, reference } of there) await this.docker.run("tag", name, reference);
    await this.publisher.publish(there.map(({ reference }) => reference));
    return Object.fromEntries(
      there.map(({ name, reference }) => [name, { name: reference, digest: this.publisher.digestOf(reference)! }]),
    );
  }

  /**
   * The edge's image with one more certificate in it, which its ACME client trusts.
   * @returns its name
   */
  async edgeThatTrusts(certificatePath: string): Promise<string> {
    return this.from(this.platform.edge.image, async (container) => {
      await this.docker.run("cp", certificatePath, `${container}:${ACME_CERTIFICATE}`);
      await this.commit(container, EDGE, "edge", `ENV LEGO_CA_CERTIFICATES=${ACME_CERTIFICATE}`);
      return EDGE;
    });
  }

  /**
   * Makes sure that a set's images are in the registry, and there only. Services are stand-ins always: a real one wants
   * its real databases and secrets, and a rehearsal has neither. With a behaviour a new version is made that has it.
   */
  async product(name: string, set: SetRelease, behaviour: Behaviour = {}): Promise<void> {
    const product = this.platform.products.find((p) => p.name === name)!;
    const made: string[] = [];
    await this.base();
    await this.from(BASE, async (container) => {
      for (const service of product.services) {
        const version = tagOf(set, service.name);
        const reference = this.reference(service, set);
        if (this.origins.get(reference) === "stand-in") continue;
        const healthPath = service.health.kind === "http" ? service.health.path : "/health";
        const spec = { service: service.name, version, ports: [service.port], healthPath, behaviour };
        await this.commit(container, reference, "service", environmentOf(spec));
        made.push(reference);
      }
    });
    await this.publisher.publish(made);
    made.forEach((reference) => this.origins.set(reference, "stand-in"));
  }

  /** The digest of a service's image in the registry. */
  digestOf(set: SetRelease, service: string): string | undefined {
    const known = servicesOf(this.platform).find(({ name }) => name === service);
    return known && this.publisher.digestOf(this.reference(known, set));
  }

  private reference(service: Service, set: SetRelease): string {
    return `${imageRepository(this.platform, service)}:${tagOf(set, service.name)}`;
  }

  /** Removes all stand-ins from the engine, those of earlier rehearsals too. Real images stay. */
  async remove(): Promise<void> {
    // An image that others are made of goes only after them.
    for (let left = await this.standIns(), before = Infinity; left.length > 0 && left.length < before;) {
      for (const id of left) await this.docker.attempt(["image", "rm", "--force", id]);
      before = left.length;
      left = await this.standIns();
    }
  }

  /** Ids of all stand-ins on the engine. */
  private async standIns(): Promise<string[]> {
    const ids = await this.docker.lines(
      ...["image", "ls", "--all", "--quiet", "--no-trunc", "--filter", `label=${STAND_IN_LABEL}`],
    );
    return [...new Set(ids)];
  }

  private async ensure(reference: string, makeStandIn: () => Promise<void>): Promise<void> {
    const existing = await this.docker.attempt([
      ...["image", "inspect", "--format", `{{index .Config.Labels "${STAND_IN_LABEL}"}}`, reference],
    ]);
    if (existing.code === 0 && ["", "<no value>"].includes(existing.stdout.trim())) {
      this.origins.set(reference, "local");
      return;
    }
    if (await this.pull(reference)) return;
    if (existing.code !== 0) await makeStandIn();
    this.origins.set(reference, "stand-in");
  }

  private async pull(reference: string): Promise<boolean> {
    const registry = registryOf(reference);
    if (this.unreachable.has(registry)) return false;
    const { code, stderr, timedOut } = await this.docker.attempt(["pull", "--quiet", reference], 300);
    if (code === 0) this.origins.set(reference, "pulled");
    // A registry that cannot be reached now cannot be reached for the next image either.
    else if (timedOut || /dial tcp|no such host|timeout|refused|unreachable/i.test(stderr))
      this.unreachable.add(registry);
    return code === 0;
  }

  /** What all services are made of. */
  private async base(): Promise<void> {
    const known = await this.docker.attempt(["image", "inspect", "--format", "{{.Id}}", BASE]);
    if (known.code !== 0) {
      const files = this.tree("service").addProgram(process.execPath, "node");
      files.addBusybox(this.program("busybox", "shell and wget of the stand-ins"));
      files.add(join(__dirname, "service.cjs"), SERVICE);
      // What some health checks ask with. It says as little as curl does with -o.
      files.write("/bin/curl", '#!/bin/sh\nfor url; do :; done\nexec wget -q -O /dev/null "$url"\n', 0o755);
      const programs = this.platform.products.flatMap(({ migration }) => (migration ? [migration.command[0]!] : []));
      for (const program of new Set(programs)) {
        files.write(`/bin/${program}`, `#!/bin/sh\nexec node ${SERVICE} migrate\n`, 0o755);
      }
      await this.import(files, BASE, { command: ["node", SERVICE] });
    }
  }

  /** Gives a container of an image that never starts, to make other images of. */
  private async from<T>(image: string, use: (container: string) => Promise<T>): Promise<T> {
    const container = await this.docker.run("create", image);
    try {
      return await use(container);
    } finally {
      await this.docker.run("rm", "--force", container);
    }
  }

  private async commit(container: string, reference: string, kind: string, ...changes: string[]): Promise<void> {
    const all = [...changes, `LABEL ${STAND_IN_LABEL}=${kind}`].flatMap((change) => ["--change", change]);
    await this.docker.run("commit", ...all, container, reference);
  }

  /**
   * A store that is known to the catalog only: answers well by HTTP on every port that it, its health check and its probe
   * name, and does nothing else.
   */
  private async customStore(store: CustomStore): Promise<void> {
    await this.base();
    const asked = [...healthTest(store.health, store.port), store.probe].join(" ").matchAll(/:(\d{2,5})\b/g);
    const ports = [store.port, ...(store.insidePorts ?? []), ...[...asked].map(([, port]) => Number(port))];
    const spec = { service: store.name, version: "stand-in", ports: [...new Set(ports)], healthPath: "/" };
    const program = `ENTRYPOINT ${JSON.stringify(["node", SERVICE])}`;
    await this.from(BASE, (container) =>
      this.commit(container, store.image, "store", environmentOf(spec), program, "CMD []"),
    );
  }

  private edge(): FileTree {
    const { kind } = this.platform.edge;
    const files = this.tree(kind).addBusybox(this.program("busybox", "shell of the edge's jobs"));
    return files.addProgram(this.program(kind, "the edge"), kind);
  }

  private prometheus(): FileTree {
    const files = this.tree("prometheus").addBusybox(this.program("busybox", "shell of prometheus"));
    return files.addProgram(this.program("prometheus", "what a canary is judged by"), "prometheus");
  }

  private store(kind: (PostgresStore | RedisStore)["kind"]): FileTree {
    const files = this.tree(kind).addBusybox(this.program("busybox", `shell of ${kind}`));
    return kind === "postgres" ? this.postgres(files) : this.redis(files);
  }

  private redis(files: FileTree): FileTree {
    for (const name of ["redis-server", "redis-cli"]) files.addProgram(this.program(name, "the store redis"), name);
    return files;
  }

  private postgres(files: FileTree): FileTree {
    const installed = "/usr/lib/postgresql";
    const version = directories(installed).sort((a, b) => Number(b) - Number(a))[0];
    if (version === undefined) throw new MissingProgram("postgresql", "the store postgres");
    files.addFolder(join(installed, version)).add(join("/usr/share/postgresql", version)).add("/usr/share/zoneinfo");
    for (const name of ["postgres", "initdb", "psql", "pg_isready"]) {
      files.write(`/bin/${name}`, `#!/bin/sh\nexec ${join(installed, version, "bin", name)} "$@"\n`, 0o755);
    }
    const entrypoint = readFileSync(join(__dirname, "postgres-entrypoint.sh"), "utf8");
    return files.write("/bin/docker-entrypoint.sh", entrypoint, 0o755);
  }

  private program(name: string, purpose: string): string {
    const file = findProgram(name, this.path);
    if (!file) throw new MissingProgram(name, purpose);
    return file;
  }

  private tree(name: string): FileTree {
    const files = new FileTree(join(this.directory, name));
    return files
      .write("/etc/passwd", "root:x:0:0::/:/bin/sh\npostgres:x:70:70::/:/bin/sh\nredis:x:999:1000::/:/bin/sh\n")
      .write("/etc/group", "root:x:0:\npostgres:x:70:\nredis:x:1000:\n");
  }

  private async import(files: FileTree, reference: string, options: ImportOptions = {}): Promise<void> {
    const tar = `${files.root}.tar`;
    files.pack(tar, { tmp: "0:0", "var/lib/postgresql/data": "70:70", data: "999:1000", prometheus: "65534:65534" });
    const changes = [
      "ENV PATH=/usr/local/bin:/usr/bin:/bin",
      `LABEL ${STAND_IN_LABEL}=image`,
      ...(options.command ? [`CMD ${JSON.stringify(options.command)}`] : []),
      ...(options.workingDirectory ? [`WORKDIR ${options.workingDirectory}`] : []),
      ...(options.entrypoint ? [`ENTRYPOINT ${JSON.stringify(options.entrypoint)}`] : []),
    ];
    await this.docker.run("import", ...changes.flatMap((change) => ["--change", change]), tar, reference);
    rmSync(tar);
    rmSync(files.root, { recursive: true });
  }
}

/** How the program of a stand-in is told what it is. */
const environmentOf = (spec: object): string => `ENV STAND_IN=${Buffer.from(JSON.stringify(spec)).toString("base64")}`;

interface ImportOptions {
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly workingDirectory?: string;
}

const registryOf = (reference: string): string => {
  const [first = ""] = reference.split("/");
  return /[.:]/.test(first) && reference.includes("/") ? first : "docker.io";
};

function directories(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
