/**
 * Everything that a rehearsal runs on: simulated clouds, the machine, certificates, images, and Terraform in a directory
 * of its own. What is started here is stopped here, and what Terraform made is removed.
 */
import { join } from "node:path";
import { environmentPrefix } from "../model/names";
import { inputUses } from "../model/inputs";
import type { Docker } from "../clients/docker";
import type { EdgeAddress } from "../clients/edge";
import { explain } from "../release/explain";
import { type Recovery, recover } from "../release/recover";
import type { Applied, ApplyOptions, WorkingDirectory } from "../terraform/working-directory";
import { adapt, type Adapted, type Surroundings, withDigests, withRegistry } from "./adapt";
import { ApplyProgress } from "./apply-progress";
import { startBridge } from "./bridge";
import { type Clouds, SERVER_ADDRESS, startClouds } from "./clouds";
import type { Endings } from "./endings";
import { Publisher } from "./images/publisher";
import { Images } from "./images/stand-ins";
import { Load, type LoadOptions } from "./load/load";
import { Machine, sshPrograms } from "./machine";
import type { Means } from "./preflight";
import { type RegistrySimulator, startRegistry } from "../simulators/registry";
import { type CommandOptions, type CommandResult, Twinset } from "./twinset";
import {
  cloudAccess,
  type Desired,
  markerOf,
  REGISTRY_LOGINS,
  SMOKE_KEY,
  terraformEnvironment,
  TOKENS,
  Workbench,
  type WorkbenchOptions,
} from "./workbench";

export interface WorldOptions extends WorkbenchOptions {
  readonly means: Means;
  /** Takes how everything that is started here ends. */
  readonly endings: Endings;
  /** The product that is released in drills. */
  readonly product: string;
  /** Told what is going on, a line at a time. */
  readonly say: (line: string) => void;
}

/** Told apart from a drill's failure: an apply that had to work and did not. */
export class ApplyFailed extends Error {}

export class World extends Workbench {
  /** What the rehearsed stack differs in from the real one. */
  readonly changes: readonly string[];
  /** Where the stack is applied, with ways to the simulated clouds and to the machine. */
  readonly terraform: WorkingDirectory;
  private written: string | undefined;
  private readonly loads: Load[] = [];

  private constructor(
    override readonly options: WorldOptions,
    adapted: Adapted,
    private readonly surroundings: Surroundings,
    /** Where the services' images are. */
    readonly registry: RegistrySimulator,
    readonly images: Images,
    readonly clouds: Clouds,
    private readonly machinePort: number,
  ) {
    super(
      options,
      adapted,
      withDigests(options.release, (set, service) => images.digestOf(set, service)),
    );
    this.changes = adapted.changes;
    this.terraform = this.directory();
  }

  private directory(): WorkingDirectory {
    const { directory, environment } = this.options;
    return this.anotherDirectory(join(directory, "cdktf.out", "stacks", environment.name), this.access());
  }

  /** The ways to the machine and to the simulated clouds, as a process' environment has them. */
  access(): NodeJS.ProcessEnv {
    const { directory, means } = this.options;
    const programs = sshPrograms(directory, means, {
      address: SERVER_ADDRESS,
      port: this.machinePort,
      privateKey: this.keys.private,
    });
    return {
      PATH: `${programs}:${means.path}`,
      HCLOUD_ENDPOINT: this.clouds.hetzner.baseUrl,
      CLOUDFLARE_BASE_URL: this.clouds.cloudflare.baseUrl,
      AWS_ENDPOINT_URL_S3: this.clouds.store.baseUrl,
      AWS_ACCESS_KEY_ID: TOKENS.accessKey,
      AWS_SECRET_ACCESS_KEY: "rehearsal-secret",
    };
  }

  /**
   * Runs one of twinset's own commands, as an operator does; what it has made of the release file is what is wanted from
   * then on.
   */
  async command(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    this.write();
    this.twinset.write(this.desired.release);
    const result = await this.twinset.run(args, options);
    this.want({ release: this.twinset.read(options.elsewhere) });
    // It writes the stack as well.
    this.written = undefined;
    return result;
  }

  /** The same on another computer, beside what goes on here: it changes nothing of what is wanted. */
  twinsetElsewhere(args: readonly string[]): Promise<CommandResult> {
    return this.twinset.run(args, { elsewhere: true });
  }

  private madeTwinset: Twinset | undefined;

  private get twinset(): Twinset {
    const { directory, environment, platform } = this.options;
    this.madeTwinset ??= new Twinset({
      ...{ directory, platform: platform.name, environment: environment.name },
      ca: this.clouds.acme.root,
      overlay: {
        environment: environment.name,
        products: platform.products.map(({ name }) => name),
        surroundings: this.surroundings,
      },
      env: {
        ...this.childEnv,
        ...this.access(),
        TF_DATA_DIR: join(directory, `${environment.name}.data`),
        TF_VAR_registry_username: REGISTRY_LOGINS.pull.username,
        TF_VAR_registry_token: REGISTRY_LOGINS.pull.password,
        TF_VAR_smoke_key: SMOKE_KEY,
        TF_VAR_hcloud_token: TOKENS.hcloud,
        TF_VAR_cloudflare_api_token: TOKENS.cloudflare,
      },
    });
    return this.madeTwinset;
  }

  /** The volume that says that what is called so on this engine is a rehearsal's. */
  get marker(): string {
    return markerOf(this.prefix);
  }

  /** The product that is released in drills. */
  get product(): string {
    return this.options.product;
  }

  get docker(): Docker {
    return this.options.means.docker;
  }

  /** Starts everything but the stack itself. */
  static async start(options: WorldOptions): Promise<World> {
    const { means, directory, say, endings } = options;
    const prefix = environmentPrefix(options.platform.name, options.environment.name);
    const env = terraformEnvironment(means);

    const registry = await startRegistry({
      accounts: Object.values(REGISTRY_LOGINS),
      directory: join(directory, "registry"),
    });
    endings.stops(() => registry.stop());
    const images = new Images(
      means.docker,
      new Publisher(means.docker, registry.host, REGISTRY_LOGINS.push, directory),
      withRegistry(options.platform, registry.host),
      join(directory, "images"),
      means.path,
    );
    endings.removes(() => images.remove());
    // An earlier rehearsal that was kept, or killed.
    await means.docker.removeContainers(prefix);
    await means.docker.removeVolumes(prefix);
    await images.remove();
    say("images");
    await images.infrastructure();
    say("images of the services, to a registry on this computer");
    for (const product of options.platform.products) {
      const release = options.release[product.name];
      for (const set of [release?.blue, release?.green]) if (set) await images.product(product.name, set);
    }

    say("simulators of Hetzner Cloud, Cloudflare and R2, DNS, ACME");
    const machine = new Machine({
      docker: means.docker,
      socket: means.socket,
      disk: join(directory, "disk"),
      env,
      address: SERVER_ADDRESS,
    });
    await machine.listen();
    endings.stops(() => machine.close());
    const clouds = await startClouds(options, machine, join(directory, "acme"), env);
    const dnsApi = await startBridge(means.gateway, new URL(clouds.cloudflare.baseUrl).origin);
    endings.stops(() => dnsApi.stop());

    const edgeImage = await images.edgeThatTrusts(clouds.acme.certificatePath);
    const surroundings: Surroundings = {
      address: SERVER_ADDRESS,
      acmeDirectory: clouds.acme.directoryUrl,
      dnsApi: `${dnsApi.url}/client/v4`,
      resolver: `${means.gateway}:${clouds.dns.port}`,
      cores: means.cores,
      registry: registry.host,
      edgeImage,
      published: await images.published(edgeImage),
    };
    const adapted = adapt(options.platform, options.environment, surroundings);
    await means.docker.run("volume", "create", "--label", "twinset.rehearsal", markerOf(prefix));
    endings.removes(async () => {
      await means.docker.removeContainers(prefix);
      await means.docker.removeVolumes(prefix);
    });
    const world = new World(options, adapted, surroundings, registry, images, clouds, machine.port);
    world.write();
    await world.terraform.init();
    return world;
  }

  /** What the next apply is to bring about. */
  want(part: Partial<Desired>): void {
    this.desired = { ...this.desired, ...part };
  }

  /** Writes the stack for what is wanted. */
  write(): void {
    const { config, values } = this.rendered();
    const text = JSON.stringify(config) + values;
    if (this.written !== text) this.terraform.write(config, values);
    this.written = text;
  }

  /** Applies what is wanted, whatever comes of it. */
  async attempt(options: ApplyOptions = {}): Promise<Applied> {
    this.write();
    const progress = new ApplyProgress(this.options.say);
    try {
      return await this.terraform.apply({
        ...options,
        onEvent: (event) => {
          progress.take(event);
          options.onEvent?.(event);
        },
      });
    } finally {
      progress.end();
    }
  }

  /** Applies what is wanted. @throws ApplyFailed */
  async apply(options: ApplyOptions = {}): Promise<Applied> {
    const applied = await this.attempt(options);
    if (applied.code !== 0) throw new ApplyFailed((await this.explain(applied)).join("\n"));
    return applied;
  }

  /** Why an apply failed, with the last words of the containers that it was about. */
  async explain({ errors }: Applied): Promise<string[]> {
    return explain(errors, await this.terraform.state(), (name, lines) => this.docker.logs(name, lines));
  }

  /** The addresses that an apply would change now, with what it would do. */
  async pending(): Promise<string[]> {
    this.write();
    return (await this.terraform.plan()).map(({ address, change }) => `${address} ${change.actions.join("+")}`);
  }

  /** Brings the environment to what its files say, whatever a drill has left. */
  async settle(): Promise<void> {
    this.desired = this.base;
    await this.apply();
  }

  /** Takes a dead process' lock from the state, as `terraform force-unlock` does for a person. */
  async unlock(): Promise<void> {
    const lock = await this.terraform.lock();
    if (lock) await this.terraform.must("force-unlock", ["-force", lock.id]);
  }

  /** After a drill that failed half-way: the next one may start from whatever it has left, but not from a dead lock. */
  async repair(): Promise<void> {
    await this.unlock();
    await this.recover();
  }

  /** What `twinset recover` does. */
  recover(): Promise<Recovery> {
    this.write();
    const { hetzner, cloudflare } = this.clouds;
    const access = cloudAccess(hetzner, cloudflare);
    return recover({ terraform: this.terraform, docker: this.docker, access, prefix: this.prefix });
  }

  /** What is in the simulated clouds: "1 hcloud_server". */
  leftInClouds(): string[] {
    return Object.entries(this.countInClouds(this.clouds.hetzner, this.clouds.cloudflare))
      .filter(([, count]) => count > 0)
      .map(([type, count]) => `${count} ${type}`);
  }

  /** Names of secret variables that services of this product use; first those that nobody else does. */
  secretsOf(product: string): string[] {
    const theirs = (user: string): boolean => user.startsWith(`${product}/`);
    const others = (usedBy: readonly string[]): number => usedBy.filter((user) => !theirs(user)).length;
    return inputUses(this.platform, this.desired.environment)
      .filter(({ input, usedBy }) => input.secret && usedBy.some(theirs))
      .sort((a, b) => others(a.usedBy) - others(b.usedBy))
      .map(({ input }) => input.name);
  }

  /** Names that a product's services answer to, with the paths of their health checks. */
  targets(products: readonly string[]): LoadOptions["targets"] {
    return this.platform.products
      .filter(({ name }) => products.includes(name))
      .flatMap(({ services }) => services)
      .flatMap((service) => {
        const { hosts, webhooks } = service.access;
        const { name } = this.desired.environment;
        const names = [hosts[name][0], webhooks?.[name][0]].filter((host) => host !== undefined);
        return names.map((host) => ({ host, path: service.health.kind === "http" ? service.health.path : "/" }));
      });
  }

  /** Where the edge listens, and whom its certificates lead to. */
  get edge(): EdgeAddress {
    return { address: SERVER_ADDRESS, port: 443, tls: true, ca: this.clouds.acme.root };
  }

  /** Starts load on products. */
  load(products: readonly string[], phase: string, options: Partial<LoadOptions> = {}): Load {
    const load = new Load({
      address: SERVER_ADDRESS,
      port: 443,
      ca: this.clouds.acme.root,
      targets: this.targets(products),
      connections: 32,
      ratePerSecond: 600,
      maxRequests: 1_000_000,
      maxSeconds: 2400,
      phase,
      ...options,
    });
    this.loads.push(load);
    return load;
  }

  /** Ends load that a failed drill has left. */
  killLoads(): void {
    this.loads.splice(0).forEach((load) => load.kill());
  }
}
