/**
 * A world in memory for the release commands: the host with its containers and its edge, Terraform's state, the store with
 * the journal and the lock, the registry. It also looks on: what must never be so is noticed in the moment in which it is.
 */
import { createHash } from "node:crypto";
import type { Condition, ContainerDetails, ContainerFacts } from "../../../clients/docker";
import type { EdgeAnswer, EdgeRequest } from "../../../clients/edge";
import {
  type EdgeKeeper,
  KeeperError,
  NotMoved,
  type Move,
  MovedMeanwhile,
  type ServedSplit,
  splitsIn,
} from "../../../clients/edge-keeper";
import type { StateFile, StateFiles } from "../../../clients/state-store/state-files";
import { checkReleaseFile } from "../../../config/checks/release";
import { loadPlatform } from "../../../config/load";
import { setSize } from "../../../model/capacity";
import { environmentPrefix } from "../../../model/names";
import type { Platform } from "../../../model/platform";
import { error, type Problem, ProblemsError } from "../../../model/problem";
import { type Colour, COLOURS, formatSplit, type ProductRelease, type Release } from "../../../model/release";
import { SET_HEADER } from "../../../model/routing";
import { seconds } from "../../../model/units";
import { appliedRelease } from "../../../release/applied";
import type { Site } from "../../../release/site";
import type { Look, WatchRules } from "../../../release/surroundings";
import type { ResourceChange } from "../../../terraform/plan";
import type { StateResource } from "../../../terraform/state";
import { type Applied, type ApplyOptions, TerraformError } from "../../../terraform/working-directory";
import { type Answer, EdgeTwin, type Putting } from "./edge-twin";
import { BEGIN, type Process, Scheduler } from "./scheduler";
import {
  isSwitch,
  planned,
  type PlannedChange,
  type Resource,
  type SavedPlan,
  shown,
  type TerraformState,
  wantedOf,
} from "./terraform-twin";

export const PRODUCT = "chat";
export const LEASE = 30;

const catalog = loadPlatform();
const chat = catalog.platform.products.find(({ name }) => name === PRODUCT)!;
const product = {
  ...chat,
  services: chat.services.slice(0, 2),
  canary: { percent: 10, duration: seconds(20), patience: seconds(10), lease: seconds(LEASE), keep: seconds(20) },
};
export const platform: Platform = { ...catalog.platform, products: [product] };
export const environment = platform.environments.production;
export const loaded = { ...catalog, platform };
const PREFIX = environmentPrefix(platform.name, environment.name);
const OF = { platform, environment, product };

/** How versions are; each is found out where a real one would be. */
export const VERSIONS = {
  v1: "good",
  v2: "good",
  v3: "good",
  v4: "bad in its canary",
  v5: "bad when all visitors are on it",
  v6: "bad in its smoke tests",
  v7: "never healthy",
  v8: "asked for by nobody",
} as const;
export type Version = keyof typeof VERSIONS;

/** What does not work for a while. */
export const FAULTS = [
  "store refuses",
  "store hangs",
  "store's answers get lost",
  "keeper is silent",
  "keeper's answers get lost",
  "edge takes nothing up",
  "engine does not answer",
  "registry does not answer",
  "applies fail",
] as const;
export type Fault = (typeof FAULTS)[number];

/** What a command is, for those who look on. */
export type Deed =
  | { readonly kind: "release"; readonly version: Version; readonly until?: string }
  | { readonly kind: "resume" }
  | { readonly kind: "rollback"; readonly version?: Version }
  | { readonly kind: "switch"; readonly colour: Colour }
  | { readonly kind: "canary"; readonly percent: number }
  | { readonly kind: "retire" }
  | { readonly kind: "deploy"; readonly version: Version };

export interface Computer {
  readonly who: string;
  readonly ahead: number;
  /** Its release file. */
  release: Release;
  /** What its Terraform's folder has: the last plan. */
  plan?: SavedPlan;
}

export interface CommandProcess extends Process {
  readonly computer: Computer;
  readonly deed: Deed;
  /** When it began, in the world's moments. */
  readonly since: number;
  /** When it last changed something itself. */
  touched: number;
  /** Did it change what visitors get? */
  moved: boolean;
  /** When it began, and when the journal first came: in milliseconds. */
  readonly began: number;
  readAt?: number | undefined;
  /**
   * What was known of versions before it went back by a switch of Terraform's, as no keeper answered. Should it die before
   * that is written down, nobody can know that it was a way back, and nothing bad is known of what it left.
   */
  before?: ReadonlyMap<string, "good" | "bad"> | undefined;
  /** Of a run: the version that it is about, once it has said so. */
  version?: string | undefined;
  readonly operator: { interrupted: boolean; abort: AbortController };
}

/** What was so at a moment. */
export interface Moment {
  readonly split: string;
  readonly live: Colour;
  readonly shares: ReadonlyMap<string, number>;
  readonly recorded: boolean;
  /** Was a bad word known of a version that had visitors? */
  readonly bad: boolean;
  readonly applied: ProductRelease | undefined;
  readonly by: string;
}

export class Violation extends Error {}

interface Container {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly created: number;
  readonly healthy: boolean;
  readonly exitCode: number | undefined;
}

interface Served {
  readonly weights: Readonly<Partial<Record<Colour, number>>>;
  readonly servers: Readonly<Partial<Record<Colour, readonly string[]>>>;
}

export class World {
  readonly scheduler = new Scheduler((until) => this.passes(until));
  readonly twin = new EdgeTwin(
    () => this.host(),
    (_, content) => this.serving(content),
  );
  readonly store = new Map<string, StateFile>();
  tfstate: TerraformState = { serial: 0, resources: [] };
  readonly engine = new Map<string, Container>();
  readonly faults = new Set<Fault>();
  /** Whose locks those of the store are or were, by their ids. */
  readonly lockers = new Map<string, CommandProcess>();
  /** The release file as whoever saved it last has pushed it. */
  pushed: Release = {};
  /** What is known of versions by what was seen: the last word. */
  readonly words = new Map<string, "good" | "bad">([["v1", "good"]]);
  readonly moments: Moment[] = [];
  /** Who has put there what the edge is to serve. */
  private mover: CommandProcess | undefined;
  /** By a switch of Terraform's? */
  private bySwitch = false;
  private booted = -1_000_000;
  private boots = 1;
  private served: Served = { weights: {}, servers: {} };
  private shares: ReadonlyMap<string, number> = new Map();
  private nextTick = 0;
  private watchedAt = 0;
  /** Since when the edge takes files up, in milliseconds. */
  private freeSince = -1_000_000;
  private ids = 0;

  get process(): CommandProcess | undefined {
    return this.scheduler.current as CommandProcess | undefined;
  }

  /** An environment in which a product runs in one set. */
  static deployed(entry: ProductRelease): World {
    const world = new World();
    for (const each of wantedOf(OF, entry)) {
      const resource: Resource = { ...each, id: world.id() };
      world.tfstate = { serial: world.tfstate.serial + 1, resources: [...world.tfstate.resources, resource] };
      if (isSwitch(each)) world.runSwitch(each.body);
      if (each.type === "docker_container") world.make(resource, 0);
    }
    world.pushed = { [PRODUCT]: entry };
    world.note("the beginning");
    return world;
  }

  private id(): string {
    return `id-${++this.ids}`;
  }

  // --- the host -------------------------------------------------------------------------------------------------------

  private host(): { uptime: number; boot: string; date: string } {
    const { now } = this.scheduler;
    return {
      uptime: Math.floor((now - this.booted) / 1000),
      boot: `boot-${this.boots}`,
      date: `${new Date(BEGIN + now).toISOString().slice(0, 19)}Z`,
    };
  }

  reboot(): void {
    this.boots += 1;
    this.booted = this.scheduler.now;
    this.watchedAt = this.scheduler.now;
  }

  fault(fault: Fault, on: boolean): void {
    if (on) this.faults.add(fault);
    else this.faults.delete(fault);
    const wasStuck = this.twin.stuck;
    this.twin.stuck = this.faults.has("edge takes nothing up");
    if (wasStuck && !this.twin.stuck) this.freeSince = this.scheduler.now;
    const before = this.shares;
    this.twin.look();
    if (this.shares !== before) this.note("the edge");
  }

  /** The keeper beside the edge looks once a second. */
  private passes(until: number): void {
    while (this.twin.isShared(PRODUCT)) {
      const due = this.twin.leaseUntil(PRODUCT);
      const at = Math.max(
        this.scheduler.now,
        this.nextTick,
        due === undefined ? this.scheduler.now + 1000 : this.booted + due * 1000,
      );
      if (at > until) break;
      this.scheduler.now = at;
      this.nextTick = at + (this.twin.stuck ? 31_000 : 1000);
      this.mover = undefined;
      this.bySwitch = false;
      finished(this.twin.tick(PRODUCT));
      this.note("the keeper");
    }
    // Whoever watches has renewed it at most a lease ago, or the host has just been started.
    const unwatched = (until - this.watchedAt) / 1000;
    // Nobody can end it while the edge takes nothing up; each attempt to takes half a minute.
    const isFree = !this.twin.stuck && (until - this.freeSince) / 1000 > 35;
    if (this.twin.isShared(PRODUCT) && isFree && unwatched > 2 * LEASE + 35) {
      throw new Violation(`(3) a canary that nobody has watched for ${unwatched} s is still there`);
    }
  }

  /** The edge has taken something up: visitors go there from now on. */
  private serving(content: string | undefined): void {
    const served = JSON.parse(content ?? "{}") as Served;
    const shares = new Map<string, number>();
    for (const colour of COLOURS) {
      const weight = served.weights[colour] ?? 0;
      if (weight === 0) continue;
      const found = (served.servers[colour] ?? []).map((name) => this.engine.get(name));
      const missing = found.length < setSize(product, environment) || found.some((each) => !each?.healthy);
      // At the very beginning the switch is the last thing that is made.
      if (missing && this.moments.length > 0) {
        throw new Violation(`(2) ${weight} % of the visitors are sent to ${colour}, which is not there or not healthy`);
      }
      const version = versionIn(found[0]) ?? "v1";
      shares.set(version, (shares.get(version) ?? 0) + weight);
    }
    const before = this.shares;
    this.served = served;
    this.shares = shares;
    const process = this.mover;
    if (process) {
      process.moved = true;
      process.touched = this.moments.length;
    }
    if (this.moments.length > 0) this.judge(process, before, shares);
  }

  /** (1): whoever gets visitors may have them. */
  private judge(
    process: CommandProcess | undefined,
    before: ReadonlyMap<string, number>,
    after: ReadonlyMap<string, number>,
  ): void {
    for (const [version, share] of after) {
      const had = before.get(version) ?? 0;
      if (share <= had) continue;
      const who = process ? `${process.name} (${JSON.stringify(process.deed)})` : "the keeper";
      const wrong = (why: string): never => {
        throw new Violation(`(1) ${who} gave ${version} ${share} % of the visitors, after ${had} %: ${why}`);
      };
      if (process && this.bySwitch && share > 50) process.before ??= new Map(this.words);
      const kind = process?.deed.kind;
      const deed = process?.deed;
      if (share <= 50) {
        const own = kind === "release" || kind === "resume" ? process?.version === version : kind === "canary";
        if (!own && kind !== "switch") wrong("it is no canary of its own");
        if (this.words.get(version) === "bad" && kind === "release" && VERSIONS[version as Version].includes("smoke")) {
          wrong("its smoke tests failed");
        }
        continue;
      }
      if (had > 50) continue;
      switch (deed?.kind) {
        case "switch":
          // The operator's own word.
          this.words.set(version, "good");
          break;
        case "rollback":
          if (
            this.leftUnseen.has(version) &&
            (!((process?.readAt ?? Infinity) <= process!.began + 400) || !this.isWritten(version))
          ) {
            // By what the edge remembers, and it was told of no way back; or by a record that is kept aside elsewhere.
            this.words.set(version, "good");
          }
          if (this.words.get(version) !== "good" && (deed.version !== version || this.words.has(version))) {
            wrong(`it is ${this.words.get(version) ?? "not known"}`);
          }
          this.words.set(version, "good");
          this.leave(before, version);
          break;
        case "release":
        case "resume":
          if (this.words.get(version) !== "good") wrong(`it is ${this.words.get(version) ?? "not known"}`);
          if (process?.version !== version) this.leave(before, version);
          break;
        default:
          if (process) wrong(`a ${kind} moves no traffic`);
      }
    }
    // The end of a canary is a word about it, too; not about one that has proved itself and got a share by hand.
    for (const [version] of before) {
      const ends = process?.deed.kind === "rollback" && !after.has(version);
      if (ends && this.words.get(version) !== "good") this.words.set(version, "bad");
    }
  }

  /** Whoever was gone back from had a bad word. */
  private leave(before: ReadonlyMap<string, number>, version: string): void {
    for (const [left] of before) {
      if (left === version) continue;
      this.words.set(left, "bad");
      if (this.bySwitch) this.leftUnseen.add(left);
      else this.leftUnseen.delete(left);
    }
  }

  /** Versions that were left by a switch of Terraform's, as no keeper answered: the edge knows of no way back there. */
  private readonly leftUnseen = new Set<string>();

  /** Does the journal say that a version was left by a way back? */
  private isWritten(version: string): boolean {
    const lines = (this.store.get("journal.jsonl")?.text ?? "").split("\n").filter((line) => line !== "");
    return lines.some((line) => {
      const entry = JSON.parse(line) as { event: string; step?: string; from?: ProductRelease | null };
      const { event, step, from } = entry;
      return event === "step-done" && step === "back" && from?.[from.live]?.version === version;
    });
  }

  /** Nobody but itself knew of its way back. */
  forget({ before, deed }: CommandProcess): void {
    if (!before || deed.kind !== "rollback") return;
    for (const [version, word] of before) if (word === "good") this.words.set(version, "good");
  }

  // --- looking on -----------------------------------------------------------------------------------------------------

  /** @param did has the process that is at work done it? */
  note(by = this.process?.name ?? "nobody", did = true): void {
    const now = this.twin.subjects.get(PRODUCT)?.now;
    this.moments.push({
      split: now?.split ?? "",
      live: (now?.live ?? "blue") as Colour,
      shares: this.shares,
      recorded: now?.recorded === "yes",
      bad: [...this.shares.keys()].some((version) => this.words.get(version) === "bad"),
      applied: this.applied,
      by,
    });
    if (this.process && did) this.process.touched = this.moments.length - 1;
  }

  /** What Terraform's state says. */
  get applied(): ProductRelease | undefined {
    return appliedRelease(shown(this.tfstate), platform, product);
  }

  // --- calls of a process ---------------------------------------------------------------------------------------------

  private ms(quick: number, slow: number): number {
    const random = this.process?.random ?? (() => 0);
    const odds = random();
    if (odds < 0.3) return 0;
    if (odds < 0.8) return Math.round(quick * random());
    return Math.round(slow * random());
  }

  private failing(fault: Fault): boolean {
    return this.faults.has(fault);
  }

  private ask<T>(quick: number, slow: number, work: () => T): Promise<T> {
    return this.scheduler.ask(this.ms(quick, slow), work);
  }

  private atStore<T>(work: () => T): Promise<T> {
    const hangs = this.failing("store hangs");
    return this.scheduler.ask(hangs ? 20_000 : this.ms(150, 1500), () => {
      if (this.failing("store refuses") || hangs) throw silent("503 Slow Down");
      const answer = work();
      if (this.failing("store's answers get lost") && this.process!.random() < 0.5) throw silent("no answer");
      return answer;
    });
  }

  files(): StateFiles {
    const place = (name: string): string => `s3://states/manacore/production/${name}`;
    return {
      kind: "s3",
      state: "states/manacore/production/terraform.tfstate",
      place,
      read: (name) =>
        this.atStore(() => {
          if (name === "journal.jsonl") this.process!.readAt ??= this.scheduler.now;
          return this.store.get(name);
        }),
      readState: () => this.atStore(() => undefined),
      write: (name, text, { ifVersion }) =>
        this.atStore(() => {
          if ((this.store.get(name)?.version ?? "absent") !== ifVersion) return false;
          const id = name.endsWith("tflock") ? /"ID":"([^"]+)"/.exec(text)?.[1] : undefined;
          if (id !== undefined) this.lockers.set(id, this.process!);
          this.store.set(name, { text, version: createHash("sha256").update(text).digest("hex") });
          return true;
        }),
      remove: (name, { ifVersion }) =>
        this.atStore(() => {
          if (this.store.get(name)?.version !== ifVersion) return false;
          return this.store.delete(name);
        }),
      modified: () => this.atStore(() => new Date()),
    };
  }

  keeper(): Pick<EdgeKeeper, "facts" | "served" | "move" | "renew"> {
    const call = <T>(work: () => T): Promise<T> =>
      this.ask(500, 6000, () => {
        if (this.failing("keeper is silent") || this.failing("engine does not answer")) {
          throw new KeeperError("ssh: connect to host 203.0.113.7 port 22: Connection timed out");
        }
        const answer = work();
        if (this.failing("keeper's answers get lost") && this.process!.random() < 0.5) {
          throw new KeeperError("no answer within 10 s (exit code none)");
        }
        return answer;
      });
    const facts = (name = ""): Promise<readonly ServedSplit[]> => call(() => splitsIn(this.twin.facts(name)));
    const done = ({ code, lines }: Answer): void => {
      if (code === 3) throw new MovedMeanwhile(lines.join("; "));
      if (code !== 0) throw new NotMoved(lines.join("; "));
    };
    return {
      facts,
      served: async (name) => (await facts(name))[0],
      renew: ({ product: name, revision }) =>
        call(() => {
          const answer = this.twin.renew(name, revision);
          if (answer.code === 0) this.watchedAt = this.scheduler.now;
          done(answer);
        }),
      move: async ({ product: name, revision, weights, live, by, who, why }: Move) => {
        const at = new Date().toISOString();
        const putting = await call(() => {
          if (this.twin.subjects.get(name)?.now?.revision === revision) {
            this.mover = this.process;
            this.bySwitch = false;
          }
          const begun = this.twin.move(name, revision, formatSplit(weights), live, by, at, who, why);
          this.note();
          return begun;
        });
        done(await this.waited(putting));
        // Said after a switch of Terraform's, it tells the edge of a way back.
        if (by !== "forward") this.leftUnseen.clear();
      },
    };
  }

  /** Where the edge does not take a file up at once, it has half a minute. */
  private async waited(putting: Putting): Promise<Answer> {
    if (!("finish" in putting)) return putting;
    return this.scheduler.ask(30_000, () => {
      const answer = putting.finish();
      this.note();
      return answer;
    });
  }

  docker() {
    const call = <T>(work: () => T): Promise<T> =>
      this.ask(300, 4000, () => {
        if (this.failing("engine does not answer")) throw new Error("Cannot connect to the Docker daemon");
        return work();
      });
    const all = (prefix: string): Container[] =>
      [...this.engine.values()].filter(({ name }) => name.startsWith(prefix.replace(/-$/, "")));
    return {
      details: (prefix: string): Promise<ContainerDetails[]> => call(() => all(prefix).map(detailed)),
      containers: (prefix: string): Promise<ContainerFacts[]> =>
        call(() =>
          all(prefix).map(({ id, name, healthy, exitCode }) => ({
            ...{ id, name, image: "image", running: exitCode === undefined, unwell: !healthy },
          })),
        ),
      logs: (): Promise<readonly string[]> => call(() => ["it ended"]),
      condition: (): Promise<Condition> =>
        call(() => {
          throw new Error("no such container");
        }),
      run: (...args: readonly string[]): Promise<string> =>
        call(() => {
          for (const each of [...this.engine.values()]) if (args.includes(each.id)) this.take(each.name);
          return "";
        }),
    };
  }

  /** What a container has to be for `take`: no visitor is sent to it. */
  private take(name: string): void {
    if (!this.engine.has(name)) return;
    for (const colour of COLOURS) {
      const weight = this.served.weights[colour] ?? 0;
      if (weight > 0 && this.served.servers[colour]?.includes(name)) {
        throw new Violation(`(2) ${name} was removed, and ${colour} has ${weight} % of the visitors`);
      }
    }
    this.engine.delete(name);
  }

  private make(resource: Resource, exitCode: number | undefined, healthy = true): void {
    const labels = resource.body["labels"] as readonly { label: string; value: string }[];
    const name = isSwitch(resource) ? `${PREFIX}-${PRODUCT}-switch-${resource.id}` : String(resource.body["name"]);
    this.engine.set(name, {
      ...{ id: resource.id, name, created: this.scheduler.now, healthy },
      exitCode: isSwitch(resource) ? exitCode : undefined,
      labels: Object.fromEntries(labels.map(({ label, value }) => [label, value])),
    });
  }

  private runSwitch(body: Resource["body"]): Putting {
    const labels = body["labels"] as readonly { label: string; value: string }[];
    const of = (name: string): string => labels.find(({ label }) => label.endsWith(`.${name}`))!.value;
    const [blue, green] = body["versions"] as [string, string];
    const contents = body["contents"] as Record<string, string>;
    const former = [this.mover, this.bySwitch] as const;
    [this.mover, this.bySwitch] = [this.process, true];
    const putting = this.twin.switch(
      ...([PRODUCT, of("release.weights"), of("release.live"), [blue, green]] as const),
      ...([body["lease"] as number, contents] as const),
    );
    this.watchedAt = this.scheduler.now;
    if ("code" in putting && putting.code !== 0) [this.mover, this.bySwitch] = former;
    // Whoever dies with this has done it all the same.
    if (this.moments.length > 0) this.note();
    return putting;
  }

  terraform(computer: Computer, wanted: () => ProductRelease | undefined): Site["terraform"] {
    const failed = (what: string): TerraformError => new TerraformError(what, ["Error: error loading state: 503"]);
    const read = <T>(what: string, work: () => T): Promise<T> =>
      this.ask(2000, 15_000, () => {
        if (this.failing("store refuses") || this.failing("store hangs")) throw failed(what);
        return work();
      });
    return {
      state: (): Promise<readonly StateResource[]> => read("show", () => shown(this.tfstate)),
      plan: (options: ApplyOptions = {}): Promise<ResourceChange[]> =>
        read("plan", () => {
          const refresh = options.refresh !== false;
          if (refresh && this.failing("engine does not answer")) throw new TerraformError("plan", ["Error: no engine"]);
          const there = new Set([...this.engine.values()].map(({ id }) => id));
          const isGone = ({ type, id }: Resource): boolean => refresh && type === "docker_container" && !there.has(id);
          computer.plan = planned(this.tfstate, wantedOf(OF, wanted()), options, isGone);
          return [...computer.plan.changes];
        }),
      preview: (address) => {
        const wanting = wantedOf(OF, wanted());
        return this.ask(400, 3000, () => {
          if (this.failing("store refuses") || this.failing("store hangs")) throw failed("plan");
          const state = this.tfstate;
          const { changes } = planned(state, wanting, { targets: [address] }, () => false);
          return { changes, isCurrent: () => read("state", () => this.tfstate === state) };
        });
      },
      applyPlanned: (options) => this.apply(computer.plan!, options?.onEvent),
    };
  }

  private async apply(plan: SavedPlan, onEvent: ApplyOptions["onEvent"] = () => undefined): Promise<Applied> {
    const ended = (summary?: string, address?: string): Applied => ({
      code: summary === undefined ? 0 : 1,
      seconds: 1,
      errors: summary === undefined ? [] : [{ severity: "error", summary, ...(address ? { address } : {}) }],
    });
    const storeFails = (): boolean => this.failing("store refuses") || this.failing("store hangs");
    const begun = await this.ask(1000, 8000, () => (storeFails() ? undefined : this.tfstate));
    if (!begun) return ended("error loading state: 503");
    if (begun.serial !== plan.serial) return ended("Saved plan is stale");
    let own = begun;
    const { random } = this.process!;
    const persist = (): boolean => {
      if (storeFails()) return false;
      if (this.tfstate === own) return true;
      this.tfstate = own;
      this.note();
      return true;
    };
    const order = ({ name, change }: PlannedChange): number =>
      isSwitch({ name }) && change.after ? 1 : change.after ? 0 : 2;
    const changes = [...plan.changes].sort((a, b) => order(a) - order(b));
    const replaced: Resource[] = [];
    let failure: [string, string] | undefined;
    for (const change of changes) {
      const { address } = change;
      onEvent({ type: "apply_start", address, action: change.change.actions.at(-1)! });
      let putting: Putting | undefined;
      if (change.type === "docker_image") own = this.imaged(own, change);
      else {
        // The former job goes, then the next one comes.
        if (isSwitch(change) && change.wanted && change.change.actions.length > 1) {
          own = await this.ask(500, 5000, () => {
            if (!this.failing("engine does not answer")) return this.removed(own, change);
            failure = ["error during connect", address];
            return own;
          });
          if (random() < 0.1) persist();
        }
        if (failure) break;
        own = await this.ask(3000, 20_000, () => {
          if (this.failing("engine does not answer") || this.failing("applies fail")) {
            failure = ["error during connect", address];
            return own;
          }
          if (!change.wanted) return this.removed(own, change);
          if (isSwitch(change)) putting = this.runSwitch(change.wanted.body);
          const [next, old] = this.created(own, change, putting);
          replaced.push(...old);
          if (!isSwitch(change) && next.resources.some((each) => each.address === address && each.tainted)) {
            failure = ["container is unhealthy", address];
          }
          return next;
        });
      }
      if (putting) {
        const { code, lines } = await this.waited(putting);
        if (code !== 0) failure = [`container exited with exit code ${code}: ${lines.join("; ")}`, address];
        own = this.switched(own, address, code);
        this.note();
      }
      if (failure) {
        onEvent({ type: "apply_errored", address, action: "create" });
        break;
      }
      onEvent({ type: "apply_complete", address, action: change.change.actions.at(-1)! });
      if (random() < 0.3) persist();
    }
    // What was replaced goes when everything that is built on it is over to its successor.
    for (const old of failure ? [] : replaced) {
      own = await this.ask(1000, 8000, () => {
        if (old.type === "docker_container") this.take(this.nameOf(old));
        return { serial: own.serial + 1, resources: own.resources.filter(({ id }) => id !== old.id) };
      });
    }
    return this.ask(300, 3000, () => (persist() ? ended(...(failure ?? [])) : ended("Failed to save state: 503")));
  }

  private nameOf(resource: Resource): string {
    return [...this.engine.values()].find(({ id }) => id === resource.id)?.name ?? "";
  }

  private imaged(state: TerraformState, { wanted, address }: PlannedChange): TerraformState {
    const others = state.resources.filter((each) => each.address !== address);
    return { serial: state.serial + 1, resources: wanted ? [...others, { ...wanted, id: this.id() }] : others };
  }

  private removed(state: TerraformState, { address, deposed }: PlannedChange): TerraformState {
    const goes = state.resources.filter((each) =>
      deposed === undefined ? each.address === address && !each.deposed : each.id === deposed,
    );
    for (const each of goes) if (each.type === "docker_container") this.take(this.nameOf(each));
    return { serial: state.serial + 1, resources: state.resources.filter((each) => !goes.includes(each)) };
  }

  private created(
    state: TerraformState,
    { wanted, address }: PlannedChange,
    putting: Putting | undefined,
  ): [TerraformState, Resource[]] {
    const version = String(versionOf(wanted!.body));
    const well = putting !== undefined || VERSIONS[version as Version] !== "never healthy";
    const made: Resource = { ...wanted!, id: this.id(), ...(well ? {} : { tainted: true }) };
    const there = new Set([...this.engine.values()].map(({ id }) => id));
    const before = state.resources.filter((each) => each.address === address && !each.deposed);
    // One that a refresh did not find is gone from the state as well.
    const old = before.filter(({ id }) => there.has(id));
    // A container of that name that the state does not know: who died has left it.
    const name = String(wanted!.body["name"]);
    const taken = this.engine.get(name);
    if (taken && !state.resources.some(({ id }) => id === taken.id)) {
      return [{ serial: state.serial + 1, resources: [...state.resources, { ...made, tainted: true }] }, []];
    }
    if (!taken || putting) this.make(made, undefined, well);
    else this.engine.set(name, { ...taken, id: made.id, healthy: well });
    const others = state.resources.filter((each) => !before.includes(each));
    return [
      { serial: state.serial + 1, resources: [...others, ...old.map((each) => ({ ...each, deposed: true })), made] },
      old,
    ];
  }

  private switched(state: TerraformState, address: string, code: number): TerraformState {
    const job = state.resources.find((each) => each.address === address && !each.deposed)!;
    for (const each of this.engine.values())
      if (each.id === job.id) this.engine.set(each.name, { ...each, exitCode: code });
    if (code === 0) return state;
    return {
      serial: state.serial + 1,
      resources: state.resources.map((each) => (each === job ? { ...each, tainted: true } : each)),
    };
  }

  // --- a site ---------------------------------------------------------------------------------------------------------

  /** @param state of the address: asked for once, and kept */
  site(computer: Computer): Site & { readonly knownState: () => Promise<unknown> } {
    let rendered: Release = computer.release;
    let address: Promise<unknown> | undefined;
    const terraform = this.terraform(computer, () => rendered[PRODUCT]);
    const knownState = (): Promise<unknown> =>
      (address ??= terraform.state().catch((reason: unknown) => {
        address = undefined;
        throw reason;
      }));
    return {
      ...{ platform, environment, terraform, knownState },
      release: () => computer.release,
      save: (name, entry) => {
        computer.release = { ...computer.release, [name]: entry };
        this.pushed = computer.release;
      },
      render: (release) => {
        const problems = checkReleaseFile(platform, environment, { release, path: "production.json" });
        if (problems.length > 0) throw new ProblemsError(problems);
        rendered = release;
      },
      docker: async () => {
        await knownState();
        return this.docker();
      },
      keeper: async () => {
        await knownState();
        return this.keeper();
      },
      edge: async () => {
        await knownState();
        return { address: "203.0.113.7", port: 443, tls: true };
      },
      redact: (text) => text,
      credentials: { registryUsername: "user", registryToken: "token", smokeKey: "key" },
    };
  }

  /** A smoke test's request. */
  visit({ headers = {} }: EdgeRequest): Promise<EdgeAnswer> {
    return this.ask(100, 2000, () => {
      if (this.failing("engine does not answer")) throw new Error("connect ETIMEDOUT");
      const colour = headers[SET_HEADER] as Colour;
      const version = this.versionOfSet(colour);
      if (version === undefined) return { status: 503, headers: {} };
      const bad = VERSIONS[version as Version] === "bad in its smoke tests";
      if (bad) this.words.set(version, "bad");
      return { status: bad ? 500 : 200, headers: { [SET_HEADER.toLowerCase()]: colour } };
    });
  }

  /** By whom the edge sends requests to: somebody who died may have left other containers of the set. */
  private versionOfSet(colour: Colour): string | undefined {
    const own = (this.served.servers[colour] ?? []).map((name) => this.engine.get(name));
    return versionIn(own.findLast((each) => each?.healthy));
  }

  /** What the numbers say of a set. */
  look(colour: Colour, elapsed: number, rules: WatchRules): Promise<Look> {
    return this.ask(300, 4000, () => {
      const wait = (verdict: Look["verdict"], word: string): Look => ({ verdict, text: [word] });
      if (this.failing("engine does not answer")) {
        return elapsed > rules.seconds + rules.patienceSeconds ? wait("undecided", "no metrics") : wait("wait", "?");
      }
      const version = this.versionOfSet(colour) ?? "";
      const all = (this.shares.get(version) ?? 0) > 50;
      const kind = VERSIONS[version as Version];
      const breaks =
        (kind === "bad in its canary" || (all && kind === "bad when all visitors are on it")) && elapsed > 4;
      if (breaks && (this.shares.get(version) ?? 0) > 0) {
        this.words.set(version, "bad");
        this.note("the numbers", false);
        return wait("breach", "errors");
      }
      if (kind === "asked for by nobody" && !all) {
        return elapsed > rules.seconds + rules.patienceSeconds ? wait("undecided", "too few") : wait("wait", "too few");
      }
      if (elapsed < rules.seconds) return wait("wait", "well so far");
      if (!all) this.words.set(version, "good");
      return wait("pass", "well");
    });
  }

  /** The registry's answer about a version's images. */
  images(version: string): Promise<{ digests: Record<string, string> } | readonly Problem[]> {
    return this.ask(300, 5000, () => {
      if (this.failing("registry does not answer")) {
        return [error(`${PRODUCT}/image`, `no answer about ${version}`, "a registry that answers", "try again")];
      }
      const digest = (name: string): string =>
        `sha256:${createHash("sha256").update(`${name}:${version}`).digest("hex")}`;
      return { digests: Object.fromEntries(product.services.map(({ name }) => [name, digest(name)])) };
    });
  }
}

const finished = (putting: Putting): Answer => ("finish" in putting ? putting.finish() : putting);

const silent = (given: string): ProblemsError =>
  new ProblemsError([error("s3://states", given, "a store that answers", "do the same again")]);

const labelIn = (labels: Readonly<Record<string, string>>, name: string): string | undefined =>
  labels[`${platform.labelPrefix}.${name}`];
const versionIn = (container: Container | undefined): string | undefined =>
  container && labelIn(container.labels, "version");
const versionOf = (body: Resource["body"]): string | undefined =>
  (body["labels"] as readonly { label: string; value: string }[] | undefined)?.find(({ label }) =>
    label.endsWith(".version"),
  )?.value;

const detailed = ({ name, labels, created, healthy, exitCode }: Container): ContainerDetails => ({
  ...{ name, image: "image", labels, restarts: 0, memoryLimit: 0 },
  running: exitCode === undefined,
  health: exitCode === undefined ? (healthy ? "healthy" : "unhealthy") : undefined,
  exitCode,
  startedAt: new Date(BEGIN + created),
  createdAt: new Date(BEGIN + created),
});
