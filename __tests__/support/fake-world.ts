/**
 * A world for `twinset`'s release commands, without Terraform, Docker and network: programs of these names that plan, apply
 * and show what differs from what "is there" (fake-programs.ts). State store and registry are the rehearsal's own simulators,
 * the edge is a small web server.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { stateFiles } from "../../clients/state-store/state-store";
import { edgeProgram } from "../../constructs/edge/edge-program";
import { parseReleaseFile } from "../../config/release-file";
import { loadPlatform } from "../../config/load";
import { ENVIRONMENTS } from "../../model/environment-name";
import { imageRepository } from "../../model/platform";
import type { ProductRelease, Release } from "../../model/release";
import { KEY_HEADER, SET_HEADER } from "../../model/routing";
import { type ObjectStore, startObjectStore } from "../../simulators/object-store";
import { OVERLAY, type Overlay } from "../../rehearsal/overlay";
import { NotListening } from "../../simulators/listening";
import { type RegistrySimulator, startRegistry } from "../../simulators/registry";
import { type Entry, parseLine } from "../../release/journal/entry";
import { Client, PULLER, PUSHER } from "../simulators/registry-client";
import { type Fate, FakePrograms } from "./fake-programs";
import { prometheusAnswer } from "./prometheus-answer";
import { ShellEdge } from "./shell-edge";
import { WebServer } from "./web-server";

export const KEY_ID = "0123456789abcdef0123456789abcdef";
const BUCKET = "manacore-terraform-state";

/** Where the last world's registry was: images have the same names in each world of a file, as far as that can be had. */
let port: number | undefined;

async function registryOfAll(): Promise<RegistrySimulator> {
  const accounts = [PUSHER, PULLER];
  const registry = await startRegistry({ accounts, ...(port === undefined ? {} : { port }) }).catch(
    (reason: unknown) => {
      if (!(reason instanceof NotListening)) throw reason;
      return startRegistry({ accounts });
    },
  );
  port = Number(new URL(registry.baseUrl).port);
  return registry;
}

export class FakeWorld {
  /** Every call of a program, with its name first. */
  readonly calls = (): readonly string[][] => [...this.programs.calls];

  private constructor(
    private readonly root: string,
    /** The edge's files, and the program beside it. */
    readonly host: ShellEdge,
    private readonly programs: FakePrograms,
    readonly store: ObjectStore,
    private readonly registry: RegistrySimulator,
    readonly edge: WebServer,
  ) {}

  /** Manacore's production with chat, and what it needs, as the release has it; not deployed yet. */
  static async start(release: Release): Promise<FakeWorld> {
    const root = mkdtempSync(join(tmpdir(), "fake-world-"));
    const store = await startObjectStore({ buckets: [BUCKET], accessKeyId: KEY_ID });
    const registry = await registryOfAll();
    const edge = await WebServer.start((request, response) => {
      const set = request.headers[SET_HEADER.toLowerCase()];
      if (set && request.headers[KEY_HEADER.toLowerCase()] === "the-smoke-key") response.setHeader(SET_HEADER, set);
      response.end();
    });
    const host = new ShellEdge(edgeProgram({ extension: ".yml", reload: [] }));
    const programs = await FakePrograms.start(join(root, "bin"), host);
    const world = new FakeWorld(root, host, programs, store, registry, edge);
    const overlay: Overlay = {
      environment: "production",
      products: ["chat"],
      surroundings: {
        ...{
          address: "127.0.0.1",
          acmeDirectory: "https://127.0.0.1:1/dir",
          dnsApi: "http://127.0.0.1:1",
          resolver: "127.0.0.1:1",
        },
        ...{ registry: registry.host, cores: 64, edgeImage: "edge:rehearsal" },
      },
    };
    writeFileSync(join(root, "overlay.json"), JSON.stringify(overlay));
    world.edit(release);
    world.fate({});
    return world;
  }

  /** What a process gets of the environment. */
  get env(): NodeJS.ProcessEnv {
    return {
      PATH: `${join(this.root, "bin")}${delimiter}${process.env["PATH"]}`,
      CDKTF_OUTDIR: join(this.root, "out"),
      TWINSET_RELEASES: join(this.root, "releases"),
      [OVERLAY]: join(this.root, "overlay.json"),
      AWS_ENDPOINT_URL_S3: this.store.baseUrl,
      AWS_ACCESS_KEY_ID: KEY_ID,
      AWS_SECRET_ACCESS_KEY: "the-secret-access-key",
      TF_VAR_registry_username: PULLER.username,
      TF_VAR_registry_token: PULLER.password,
      TF_VAR_smoke_key: "the-smoke-key",
    };
  }

  /** A person edits production's release file. */
  edit(release: Release): void {
    const folder = join(this.root, "releases", "manacore");
    mkdirSync(folder, { recursive: true });
    for (const name of ENVIRONMENTS) {
      const products = name === "production" ? release : {};
      writeFileSync(join(folder, `${name}.json`), `${JSON.stringify({ products }, undefined, 2)}\n`);
    }
  }

  /** The release file as it is now. */
  get release(): Release {
    const path = join(this.root, "releases", "manacore", "production.json");
    return parseReleaseFile(readFileSync(path, "utf8"), path).release;
  }

  get chat(): ProductRelease {
    return this.release["chat"]!;
  }

  /** A version of chat is pushed to the registry. */
  async push(version: string): Promise<void> {
    const { platform } = loadPlatform();
    const chat = platform.products.find(({ name }) => name === "chat")!;
    const repositories = chat.services.map((service) =>
      imageRepository(platform, service).split("/").slice(1).join("/"),
    );
    const client = new Client(this.registry, repositories);
    for (const repository of repositories) await client.push(repository, version);
  }

  fate(fate: Fate): void {
    const usual = { metrics: prometheusAnswer({ requests: 500, errors: 0 }, 600) };
    this.programs.fate = { ...usual, ...fate };
  }

  /** Addresses of what is there. */
  get resources(): readonly string[] {
    return Object.keys(this.programs.resources);
  }

  /** Somebody changes something by hand. */
  tamper(address: string): void {
    const { body, ...rest } = this.programs.resources[address]!;
    this.programs.resources[address] = { ...rest, body: { ...body, restart: "by hand" } };
  }

  /** A container is gone, and Terraform has not heard of it. */
  lose(address: string): void {
    this.programs.lost = [address];
  }

  /** Lines of the journal that were never written. */
  async forget(which: (entry: Entry) => boolean): Promise<void> {
    const { production } = loadPlatform().platform.environments;
    const files = stateFiles("manacore", production, { env: this.env, directory: this.root });
    const file = (await files.read("journal.jsonl"))!;
    const kept = file.text.split("\n").filter((line) => line !== "" && !which(parseLine(line) as Entry));
    await files.write("journal.jsonl", kept.map((line) => `${line}\n`).join(""), { ifVersion: file.version });
  }

  /** How chat's traffic is split, by its switch's own label. */
  get traffic(): string | undefined {
    const labels = this.programs.resources["docker_container.chat_switch_job"]?.body.labels ?? [];
    return labels.find(({ label }) => label.endsWith(".release.weights"))?.value;
  }

  /** The state's own files beside it: journal, lock. */
  file(name: string): string | undefined {
    return this.store.objects.get(`${BUCKET}/manacore/production/${name}`)?.toString();
  }

  get journal(): readonly Entry[] {
    const lines = (this.file("journal.jsonl") ?? "").split("\n").filter((line) => line !== "");
    return lines.map((line) => parseLine(line) as Entry);
  }

  /** Nothing can be fetched any more. */
  stopRegistry(): Promise<void> {
    return this.registry.stop();
  }

  async stop(): Promise<void> {
    await Promise.all([this.programs, this.store, this.registry, this.edge].map((each) => each.stop()));
    rmSync(this.root, { recursive: true, force: true });
    this.host.stop();
  }
}
