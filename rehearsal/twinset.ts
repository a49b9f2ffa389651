/**
 * `twinset`'s own commands on a rehearsal: processes as an operator starts them, with a release file, a state, an engine
 * and a registry of the rehearsal's own.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseReleaseFile } from "../config/release-file";
import { ENVIRONMENTS, type EnvironmentName } from "../model/environment-name";
import type { Release } from "../model/release";
import type { ReleaseEvent } from "../release/report";
import { type Finished, run, type RunOptions } from "../clients/program";
import { LOCK_VARIABLE, NO_LOCK } from "../terraform/project-lock";
import { VALUES } from "../terraform/working-directory";
import { GENEROUS, PROMISES } from "./promises";
import { OVERLAY, type Overlay } from "./overlay";

export interface TwinsetOptions {
  /** The rehearsal's own directory. */
  readonly directory: string;
  readonly platform: string;
  readonly environment: EnvironmentName;
  readonly overlay: Overlay;
  /** What the process gets of the environment, besides what is said here. */
  readonly env: NodeJS.ProcessEnv;
  /** The root that certificates lead to, in PEM. */
  readonly ca: string;
}

/** What a command did and said. */
export interface CommandResult {
  /** null when it was killed. */
  readonly code: number | null;
  readonly seconds: number;
  /** When it was started and when it had ended, in milliseconds since 1970. */
  readonly began: number;
  readonly ended: number;
  /** What it reported, where it was asked for JSON. */
  readonly events: readonly ReleaseEvent[];
  /** All that it said. */
  readonly text: string;
}

/** Seconds for one command: more than a deploy that is as slow as it may be, and its watching. */
const LONGEST = GENEROUS * PROMISES.deploy.atMost + 1200;

export interface CommandOptions extends Pick<RunOptions, "killed" | "timeout"> {
  readonly onEvent?: (event: ReleaseEvent) => void;
  /** Another computer: its own folders, with a release file from before. */
  readonly elsewhere?: boolean;
  /** Variables that are others than usual. */
  readonly env?: NodeJS.ProcessEnv;
  /** Another program of ours, with the same surroundings. @default twinset */
  readonly program?: string;
}

const PROGRAM = join(__dirname, "..", "bin", "twinset.cjs");

export class Twinset {
  private readonly releases: string;

  constructor(private readonly options: TwinsetOptions) {
    const { directory, overlay, ca } = options;
    this.releases = join(directory, "releases");
    writeFileSync(this.overlayPath, JSON.stringify(overlay));
    writeFileSync(this.caPath, ca);
  }

  private get overlayPath(): string {
    return join(this.options.directory, "overlay.json");
  }

  private get caPath(): string {
    return join(this.options.directory, "root.pem");
  }

  private file(releases = this.releases, environment: string = this.options.environment): string {
    return join(releases, this.options.platform, `${environment}.json`);
  }

  /** Puts a release file there, as a person who has edited it. */
  write(release: Release): void {
    this.put(this.releases, release);
  }

  private put(releases: string, release: Release): void {
    mkdirSync(join(releases, this.options.platform), { recursive: true });
    for (const name of ENVIRONMENTS) {
      const products = name === this.options.environment ? release : {};
      writeFileSync(this.file(releases, name), `${JSON.stringify({ products }, undefined, 2)}\n`);
    }
  }

  /** The release file as it is now. @param elsewhere the other computer's */
  read(elsewhere = false): Release {
    const file = elsewhere ? this.file(join(this.elsewhere, "releases")) : this.file();
    return parseReleaseFile(readFileSync(file, "utf8"), "the rehearsal's release file").release;
  }

  private get elsewhere(): string {
    return join(this.options.directory, "elsewhere");
  }

  /** Another computer has the same variables, and the release file of the last commit. */
  private furnish(home: string, releases: string): void {
    if (existsSync(this.file(releases))) return;
    this.put(releases, this.read());
    const stack = join("cdktf.out", "stacks", this.options.environment);
    mkdirSync(join(home, stack), { recursive: true });
    copyFileSync(join(this.options.directory, stack, VALUES), join(home, stack, VALUES));
  }

  /** Runs a command. A release's steps want `--json`, or there are no events. */
  async run(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const { directory, env, platform } = this.options;
    const events: ReleaseEvent[] = [];
    const home = options.elsewhere ? this.elsewhere : directory;
    const releases = options.elsewhere ? join(home, "releases") : this.releases;
    if (options.elsewhere) this.furnish(home, releases);
    const began = Date.now();
    const finished: Finished = await run(process.execPath, [options.program ?? PROGRAM, ...args], {
      cwd: join(__dirname, ".."),
      env: {
        ...env,
        NO_COLOR: "1",
        PLATFORM: platform,
        TWINSET_RELEASES: releases,
        [OVERLAY]: this.overlayPath,
        // On stand-in hosts it takes the plugins that this computer has, whoever built them.
        [LOCK_VARIABLE]: NO_LOCK,
        NODE_EXTRA_CA_CERTS: this.caPath,
        CDKTF_OUTDIR: join(home, "cdktf.out"),
        ...options.env,
        ...(options.elsewhere ? { TF_DATA_DIR: join(home, "data") } : {}),
      },
      timeout: options.timeout ?? LONGEST,
      ...(options.killed ? { killed: options.killed } : {}),
      onLine: (line) => {
        const event = eventIn(line);
        if (!event) return;
        events.push(event);
        options.onEvent?.(event);
      },
    });
    const ended = Date.now();
    const seconds = Math.round((ended - began) / 100) / 10;
    return { code: finished.code, seconds, began, ended, events, text: `${finished.stdout}${finished.stderr}`.trim() };
  }
}

function eventIn(line: string): ReleaseEvent | undefined {
  try {
    const event = JSON.parse(line) as ReleaseEvent;
    return typeof event.kind === "string" ? event : undefined;
  } catch {
    return undefined;
  }
}
