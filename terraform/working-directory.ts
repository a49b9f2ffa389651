/** A directory with one synthesized stack, and Terraform's commands in it. */
import { createHash, randomUUID } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { type Lock, lockAmong } from "./lock";
import { withoutEngine } from "./offline";
import { describe, type Diagnostic, diagnosticsIn, firstLines } from "./output";
import { haltBeforeItBegins } from "./halt";
import { guardStateLeft, stateLeft } from "./state-left";
import { partOf } from "./part";
import { effective, type Plan, type ResourceChange } from "./plan";
import { type Terraform } from "./program";
import { afterRefusal, lockArguments, STACK_LOCK } from "./project-lock";
import { goesWithUs, ownName, removeLeft } from "../clients/own-files";
import { eachText } from "../model/each-text";
import { type Redact, redactor, valuesIn } from "../model/redact";
import { type Finished, run, type RunOptions } from "../clients/program";
import { resourcesIn, resourcesInFile, type State, type StateResource } from "./state";

/** One line of `apply -json` that is about a resource. */
export interface ApplyEvent {
  readonly type: "apply_start" | "apply_progress" | "apply_complete" | "apply_errored" | "provision_start" | string;
  readonly address: string;
  readonly action: "create" | "delete" | "update" | string;
}

export interface ApplyOptions {
  readonly targets?: readonly string[];
  /** Addresses to replace though nothing about them changed. */
  readonly replace?: readonly string[];
  readonly destroy?: boolean;
  /** Trust the state and ask nobody: for a switch that has to be quick. @default true */
  readonly refresh?: boolean;
  readonly onEvent?: (event: ApplyEvent) => void;
  /** As `kill -9`. */
  readonly killed?: AbortSignal;
}

export interface Applied {
  /** 0, or Terraform's own code; null when it was killed. */
  readonly code: number | null;
  readonly seconds: number;
  readonly errors: readonly Diagnostic[];
}

/** Terraform ended with an error; the message has all that it said. */
export class TerraformError extends Error {
  constructor(
    command: string,
    lines: readonly string[],
    readonly errors: readonly Diagnostic[] = [],
  ) {
    super(`terraform ${command}: ${lines.join("\n  ")}`);
  }
}

/** What a plan would change, without the plan. */
export interface Preview {
  readonly changes: readonly ResourceChange[];
  /** Is the state still the one that it is made of? */
  isCurrent(): Promise<boolean>;
}

export interface WorkingDirectoryOptions {
  /** Resources that are worked on at a time. @default Terraform's own 10 */
  readonly parallelism?: number;
  /** Are the variables' values in a file that `write` made? @default false: they come from the environment */
  readonly valuesFile?: boolean;
  /** The state's own file, where it can be read without Terraform. @default Terraform is asked */
  readonly stateFile?: () => Promise<string | undefined>;
  /** Does each command lock the state? Not while this program itself holds the lock. @default true */
  readonly lock?: boolean;
  /** Is `init` run where a command asks for it? @default true */
  readonly init?: boolean;
  /**
   * Aborted when nobody waits any longer: nothing begins from then on, and what only reads is broken off. An apply is so
   * only as long as it has begun with no resource; any other comes to its end. @default it takes what it takes
   */
  readonly over?: AbortSignal | undefined;
  /**
   * Takes what is secret out of whatever Terraform says of a failure: it and its providers print values there.
   * @default what the environment's names call a secret
   */
  readonly hide?: Redact;
  /** Told of each plan that was read, as JSON, before anything is said of it. */
  readonly read?: (json: string) => void;
  /** Told of each plan of the whole stack that was applied, by its file. */
  readonly applied?: (planPath: string) => Promise<void>;
}

export class WorkingDirectory {
  /** Is the plan that is kept one of a part of the stack? */
  private isOfPart = false;
  private readonly planFile = ownName(`${PLAN}-last`);

  constructor(
    private readonly terraform: Terraform,
    readonly path: string,
    private readonly env: NodeJS.ProcessEnv,
    private readonly options: WorkingDirectoryOptions = {},
  ) {
    mkdirSync(path, { recursive: true });
    // Plans and values hold secrets, and Terraform writes a plan for everybody to read.
    chmodSync(path, 0o700);
    removeLeft(path);
    guardStateLeft(path);
    goesWithUs(this.planPath);
  }

  /** @param config cdk.tf.json's content; @param values for a .tfvars file */
  write(config: object, values: string): void {
    writeFileSync(this.stackPath, JSON.stringify(config));
    writeFileSync(join(this.path, VALUES), values, { mode: 0o600 });
  }

  /** Rewrites the stack so that planning it asks no engine (`withoutEngine`). */
  silence(): void {
    const stack = JSON.parse(readFileSync(this.stackPath, "utf8")) as Record<string, unknown>;
    writeFileSync(this.stackPath, JSON.stringify(withoutEngine(stack), undefined, 2));
  }

  async init(): Promise<void> {
    const args = ["-input=false", "-no-color", ...lockArguments(this.path, this.terraform)];
    await this.must("init", args);
  }

  /**
   * Initialized for this stack, by this or an earlier command: `init` takes a quarter of a second, and says nothing new
   * while providers, their lock, backend and Terraform are the same.
   */
  async prepared(): Promise<void> {
    const data = this.dataPath;
    const marker = join(data, "initialized");
    const wanted = this.initializedFor();
    if (existsSync(marker) && readFileSync(marker, "utf8") === wanted) return;
    await this.init();
    // What `init` has written is part of it: the lock of the providers.
    if (existsSync(data)) writeFileSync(marker, this.initializedFor());
  }

  private initializedFor(): string {
    const { terraform } = JSON.parse(readFileSync(this.stackPath, "utf8")) as { terraform?: unknown };
    const lock = join(this.path, STACK_LOCK);
    const around = ["TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR", "TF_DATA_DIR", "AWS_ENDPOINT_URL_S3", "HOME"];
    return createHash("sha256")
      .update(JSON.stringify([this.terraform, terraform, around.map((name) => this.env[name])]))
      .update(existsSync(lock) ? readFileSync(lock) : "")
      .digest("hex");
  }

  /** Plans, and keeps the plan for `applyPlanned`. @returns the changes that an apply would make now */
  async plan(options: ApplyOptions = {}): Promise<ResourceChange[]> {
    await this.must("plan", ["-json", "-input=false", `-out=${this.planFile}`, ...this.flags(options)]);
    chmodSync(this.planPath, 0o600);
    this.isOfPart = (options.targets ?? []).length > 0;
    return this.planned();
  }

  /**
   * What a plan of one resource would change by what the state says, in a third of the time: of the part of stack and state
   * that the resource needs, for which no other provider's schema is read. Nothing is kept for an apply, and whoever applies
   * plans the whole. It asks neither an engine nor a cloud. The stack is read at once, and may be written anew meanwhile.
   * @returns undefined: there is no state's file, or no such part. Then only a plan says it
   * @throws TerraformError
   */
  async preview(address: string): Promise<Preview | undefined> {
    const stack = JSON.parse(readFileSync(this.stackPath, "utf8")) as Record<string, unknown>;
    const stateNow = async (): Promise<string | undefined> => this.options.stateFile?.();
    const state = await stateNow();
    const part = state === undefined ? undefined : partOf(stack, state, address);
    if (!part) return undefined;
    const path = this.placeForPart();
    try {
      const own = join(path, ".terraform");
      mkdirSync(own);
      const providers = join(this.dataPath, "providers");
      // A stack of Terraform's own resources alone has none.
      if (existsSync(providers)) symlinkSync(providers, join(own, "providers"), "junction");
      const beside = readdirSync(this.path).filter(
        (name) => name === STACK_LOCK || /\.auto\.tfvars(\.json)?$/.test(name),
      );
      for (const name of beside) copyFileSync(join(this.path, name), join(path, name));
      writeFileSync(join(path, CONFIG), JSON.stringify(withoutEngine(part.config)));
      writeFileSync(join(path, "terraform.tfstate"), JSON.stringify(part.state), { mode: 0o600 });
      const { parallelism, over } = this.options;
      const options = { parallelism, over, lock: false, init: false, hide: this.hide };
      const directory = new WorkingDirectory(this.terraform, path, { ...this.env, TF_DATA_DIR: own }, options);
      const changes = await directory.plan({ targets: [address], refresh: false });
      return { changes, isCurrent: async () => (await stateNow()) === state };
    } finally {
      rmSync(path, { recursive: true, force: true });
    }
  }

  /** A directory of its own in this one, which is nobody else's to read. What a killed one has left behind goes. */
  private placeForPart(): string {
    const parts = resolve(this.path, ".part");
    mkdirSync(parts, { recursive: true });
    removeLeft(parts);
    const path = goesWithUs(join(parts, ownName(`plan-${randomUUID()}`)));
    mkdirSync(path, { mode: 0o700 });
    return path;
  }

  private get dataPath(): string {
    return resolve(this.path, this.env["TF_DATA_DIR"] || ".terraform");
  }

  /** The changes of the plan that is kept. @param file another one in this directory */
  async planned(file = this.planFile): Promise<ResourceChange[]> {
    return effective(JSON.parse(await this.plannedJson(file)) as Plan);
  }

  /** The whole plan that is kept, as JSON. It holds secrets. @param file another one, from here or with its whole path */
  async plannedJson(file = this.planFile): Promise<string> {
    const json = (await this.must("show", ["-json", file])).stdout;
    this.options.read?.(json);
    return json;
  }

  /** Where the synthesized stack is. */
  get stackPath(): string {
    return join(this.path, CONFIG);
  }

  /** Where `plan` keeps the plan: this process's own, which goes with it. It holds secrets. */
  get planPath(): string {
    return join(this.path, this.planFile);
  }

  /**
   * Applies what was planned last, and nothing else: Terraform refuses it when the state has changed since.
   * @param file another plan in this directory
   */
  async applyPlanned(options: Pick<ApplyOptions, "onEvent" | "killed"> = {}, file = this.planFile): Promise<Applied> {
    const args = [...this.locking, `-parallelism=${this.options.parallelism ?? 10}`, file];
    const applied = await this.applying(args, options);
    const isWhole = file !== this.planFile || !this.isOfPart;
    if (applied.code === 0 && isWhole) await this.options.applied?.(join(this.path, file));
    return applied;
  }

  /** Plans and applies; an error is in the result. */
  apply(options: ApplyOptions = {}): Promise<Applied> {
    return this.applying(["-auto-approve", ...this.flags(options)], options);
  }

  private async applying(args: readonly string[], options: ApplyOptions): Promise<Applied> {
    const start = performance.now();
    const { over } = this.options;
    if (over?.aborted) throw new TerraformError("apply", [NOT_BEGUN]);
    const halt = haltBeforeItBegins(over);
    const result = await run(this.terraform.binary, ["apply", "-json", "-input=false", ...args], {
      ...{ cwd: this.path, env: this.env, timeout: 3600, interrupted: halt.interrupted, secret: true },
      killed: options.killed ?? halt.killed,
      onLine: (line) => {
        const event = eventIn(line);
        if (event) halt.hasBegun();
        if (event) options.onEvent?.(event);
      },
    }).finally(() => halt.end());
    const errors = this.errorsIn(result.stdout);
    if (result.code === null && over?.aborted) errors.push({ severity: "error", summary: BROKEN_OFF });
    const lost = stateLeft(this.path);
    if (result.code !== 0 && lost !== undefined) errors.push({ severity: "error", summary: lost });
    if (result.code !== 0 && result.code !== null && errors.length === 0) {
      errors.push({ severity: "error", summary: firstLines(this.hide(result.stderr || result.stdout)) });
    }
    return { code: result.code, seconds: (performance.now() - start) / 1000, errors };
  }

  /** What the state knows, current objects and those that still have to go. */
  async state(): Promise<readonly StateResource[]> {
    const text = await this.options.stateFile?.();
    const found = text === undefined ? undefined : resourcesInFile(text);
    if (found) return found;
    const shown = await this.must("show", ["-json"]);
    return resourcesIn(JSON.parse(shown.stdout) as State);
  }

  /** The lock on the state, if somebody holds it. */
  async lock(): Promise<Lock | undefined> {
    const args = ["plan", "-json", "-input=false", "-refresh=false", ...this.flags({}), "-lock=true"];
    const { stdout } = await this.run(args);
    return lockAmong(errorDiagnostics(stdout));
  }

  /**
   * Takes something that exists already into the state. Terraform configures every provider for that, and gives up on one
   * that depends on what is not made yet: the Docker provider on the server's address. It is asked nothing, so for the
   * moment it has an address where nobody answers.
   */
  async import(address: string, id: string): Promise<void> {
    const override = join(this.path, "import_override.tf.json");
    const { provider } = JSON.parse(readFileSync(this.stackPath, "utf8")) as { provider?: object };
    if (provider && "docker" in provider) {
      writeFileSync(override, JSON.stringify({ provider: { docker: { host: "tcp://127.0.0.1:9" } } }));
    }
    try {
      await this.must("import", ["-no-color", "-input=false", ...this.locking, ...this.values, address, id]);
    } finally {
      rmSync(override, { force: true });
    }
  }

  async must(command: string, args: readonly string[]): Promise<Finished> {
    if (this.options.over?.aborted) throw new TerraformError(command, [NOT_BEGUN]);
    let result = await this.run([command, ...args]);
    // Somebody has removed what an earlier `init` had made.
    if (result.code !== 0 && command !== "init" && this.options.init !== false && asksForInit(result)) {
      await this.init();
      result = await this.run([command, ...args]);
    }
    if (result.code === 0) return result;
    if (result.code === null && this.options.over?.aborted) throw new TerraformError(command, [BROKEN_OFF]);
    const errors = this.errorsIn(result.stdout);
    const lines = errors.length > 0 ? errors.map(describe) : [this.hide(result.stderr || result.stdout).trim()];
    throw new TerraformError(command, [...lines, ...afterRefusal(result.stdout + result.stderr)], errors);
  }

  run(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    const { over } = this.options;
    const usual = { timeout: 600, secret: true, ...(over ? { killed: over } : {}) };
    return run(this.terraform.binary, args, { ...usual, ...options, cwd: this.path, env: this.env });
  }

  /** Whole texts, before anything is cut or folded. */
  private errorsIn(output: string): Diagnostic[] {
    return errorDiagnostics(output).map((each) => eachText(each, (text) => this.hide(text)));
  }

  private get hide(): Redact {
    return this.options.hide ?? redactor(valuesIn(this.env));
  }

  private get values(): string[] {
    return this.options.valuesFile ? [`-var-file=${VALUES}`] : [];
  }

  private get locking(): string[] {
    return this.options.lock === false ? ["-lock=false"] : [];
  }

  private flags(options: ApplyOptions): string[] {
    return [
      ...[...this.locking, ...this.values, `-parallelism=${this.options.parallelism ?? 10}`],
      ...(options.refresh === false ? ["-refresh=false"] : []),
      ...(options.destroy ? ["-destroy"] : []),
      ...(options.targets ?? []).map((address) => `-target=${address}`),
      ...(options.replace ?? []).map((address) => `-replace=${address}`),
    ];
  }
}

/** Terraform's own words where it has not been initialized for what is asked. */
const asksForInit = ({ stdout, stderr }: Finished): boolean =>
  /terraform init/.test(stdout + stderr) && /initializ|not installed|lock file|plugin/i.test(stdout + stderr);

const NOT_BEGUN = "not begun, as its time was over";
const BROKEN_OFF = "broken off, as its time was over";

const CONFIG = "cdk.tf.json";
/** Terraform reads it by itself, so that others who work in the directory have the same values. */
export const VALUES = "values.auto.tfvars";
const PLAN = "tfplan";

const errorDiagnostics = (output: string): Diagnostic[] =>
  diagnosticsIn(output).filter(({ severity }) => severity === "error");

function eventIn(line: string): ApplyEvent | undefined {
  try {
    const { type, hook } = JSON.parse(line) as {
      type: string;
      hook?: { resource?: { addr: string }; action?: string };
    };
    return hook?.resource ? { type, address: hook.resource.addr, action: hook.action ?? "" } : undefined;
  } catch {
    return undefined;
  }
}
