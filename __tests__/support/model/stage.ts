/**
 * What stands for the outside of the release commands while a history is played: each has the name of the module that it
 * is mocked into. Everything else of release/ and cli/release/ is itself.
 */
import { jest } from "@jest/globals";
import type * as Fs from "node:fs";
import type { Terminal } from "../../../cli/shared/operator";
import type { SiteOptions } from "../../../cli/shared/site";
import type { EdgeAddress, EdgeRequest } from "../../../clients/edge";
import type { Entry, Unread } from "../../../release/journal/entry";
import type * as Journals from "../../../release/journal/journal";
import type { ReleaseEvent } from "../../../release/report";
import type { WatchRules } from "../../../release/surroundings";
import type { WatcherOptions } from "../../../release/verdict/watcher";
import { sleep } from "./scheduler";
import type * as Worlds from "./world";
import type { CommandProcess, World } from "./world";

/** The world that is played in, and what was said in it. */
export const stage: {
  world: World;
  heard: (process: CommandProcess, event: ReleaseEvent) => void;
  /** Files of the computers. */
  readonly files: Map<string, string>;
} = { world: undefined as never, heard: () => undefined, files: new Map() };

/** Where a computer keeps its files: in no real folder. */
export const folderOf = (name: string): string => `/no-disk/${name}`;

const actualFs = jest.requireActual<typeof Fs>("node:fs");
const inMemory = (path: unknown): path is string => typeof path === "string" && path.startsWith("/no-disk/");

export const fs = {
  ...actualFs,
  existsSync: (path: string) => inMemory(path) || actualFs.existsSync(path),
  readdirSync: (path: string, ...more: never[]) =>
    inMemory(path)
      ? [...stage.files.keys()].filter((each) => each.startsWith(`${path}/`)).map((each) => each.slice(path.length + 1))
      : actualFs.readdirSync(path, ...more),
  readFileSync: (path: string, ...more: never[]) =>
    inMemory(path) ? stage.files.get(path)! : actualFs.readFileSync(path, ...more),
  writeFileSync: (path: string, text: string, ...more: never[]) =>
    inMemory(path) ? void stage.files.set(path, text) : actualFs.writeFileSync(path, text, ...more),
  renameSync: (from: string, to: string) => {
    if (!inMemory(from)) return actualFs.renameSync(from, to);
    stage.files.set(to, stage.files.get(from)!);
    stage.files.delete(from);
  },
  rmSync: (path: string, ...more: never[]) =>
    inMemory(path) ? void stage.files.delete(path) : actualFs.rmSync(path, ...more),
};

export const timers = { setTimeout: sleep };

// Loaded when they are needed: they are built on what is mocked here.
const worlds = (): typeof Worlds => jest.requireActual("./world");
const journals = (): typeof Journals => jest.requireActual("../../../release/journal/journal");

const self = (): CommandProcess => stage.world.process!;

export const site = {
  async openSite(_: SiteOptions) {
    const { world } = stage;
    const { computer } = self();
    const opened = world.site(computer);
    // As `terraform init` does.
    await opened.terraform.state();
    const files = world.files();
    const { Journal } = journals();
    return { ...opened, loaded: worlds().loaded, files, journal: new Journal(files, { redact: (text) => text }) };
  },
  keeperOf: () => Promise.resolve(stage.world.keeper()),
  getReady: () => ({}),
};

export const catalog = { loadCatalog: () => worlds().loaded };
export const serverAddress = { addressWithoutState: () => Promise.resolve("203.0.113.7") };
export const stateStore = { stateFiles: () => stage.world.files() };

export const docker = {
  Docker: class {
    readonly containers = (prefix: string) => stage.world.docker().containers(prefix);
  },
};
export const images = {
  resolveImages: (_: unknown, __: unknown, { version }: { version: string }) => stage.world.images(version),
};
export const edge = { askEdge: (_: EdgeAddress, request: EdgeRequest) => stage.world.visit(request) };
export const processes = { whoAmI: () => stage.world.process?.computer.who ?? "nobody", isGone: () => false };

export const operators = {
  terminalOperator: (_: boolean, __?: unknown, ___?: Terminal) => {
    const { operator } = self();
    return {
      get interrupted() {
        return operator.interrupted;
      },
      get interruption() {
        return operator.abort.signal;
      },
      decide: () => {
        operator.interrupted = false;
        operator.abort = new AbortController();
        return Promise.resolve("go-back" as const);
      },
      close: () => undefined,
    };
  },
};

export const verdict = {
  watcher: ({ colour }: WatcherOptions) => ({
    look: (elapsed: number, rules: WatchRules) => stage.world.look(colour, elapsed, rules),
  }),
};

const reporter = () => (event: ReleaseEvent) => {
  const process = self();
  if (event.kind === "begin") process.version = event.version;
  stage.heard(process, event);
};
export const show = { jsonReporter: reporter, lineReporter: reporter, liveReporter: reporter };

/** A journal is read again and again: a line that was read once says the same the next time. */
export function remembering<E extends { parseLine: (line: string) => Entry | Unread }>(actual: E): E {
  const known = new Map<string, Entry | Unread>();
  return {
    ...actual,
    parseLine: (line: string) => {
      let found = known.get(line);
      if (!found) {
        if (known.size > 20_000) known.clear();
        known.set(line, (found = actual.parseLine(line)));
      }
      return found;
    },
  };
}
