/**
 * A Docker engine, through its own command-line program: the local one, or whichever the environment names. What Docker
 * refuses is thrown in its own words, unless it is asked by `attempt`.
 */
import { z } from "zod";
import { type Finished, run } from "./program";

export interface ContainerFacts {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly running: boolean;
  /** Runs, and has a health check that fails or has not passed yet. */
  readonly unwell: boolean;
}

/** What the engine knows of one container. */
export interface ContainerDetails {
  readonly name: string;
  /** Without the registry's own prefix rules: as it was asked for. */
  readonly image: string;
  readonly running: boolean;
  /** undefined: it has no health check. */
  readonly health: "healthy" | "unhealthy" | "starting" | undefined;
  /** Of a container that has ended; undefined while it runs. */
  readonly exitCode: number | undefined;
  /** When it was last started. */
  readonly startedAt: Date;
  readonly createdAt: Date;
  /** How often it has ended and was started again. */
  readonly restarts: number;
  /** MiB; 0 for none. */
  readonly memoryLimit: number;
  readonly labels: Readonly<Record<string, string>>;
}

const inspected = z.object({
  Name: z.string(),
  Created: z.string(),
  RestartCount: z.number(),
  State: z.object({
    Running: z.boolean(),
    Restarting: z.boolean().default(false),
    ExitCode: z.number(),
    StartedAt: z.string(),
    Health: z.object({ Status: z.string() }).nullish(),
  }),
  Config: z.object({ Image: z.string(), Labels: z.record(z.string(), z.string()).nullable() }),
  HostConfig: z.object({ Memory: z.number() }),
});

/** How a container is, as far as that says why it fails: for a person. */
export interface Condition {
  readonly running: boolean;
  /** It has ended, and waits to be started again. */
  readonly restarting: boolean;
  /** How often it has ended and was started again. */
  readonly restarts: number;
  /** Of a container that has ended. */
  readonly exitCode: number;
  /** It was ended because it wanted more memory than it may have. */
  readonly outOfMemory: boolean;
  /** undefined: it has no health check. */
  readonly health:
    | {
        readonly status: string;
        /** Checks that failed in a row. */
        readonly failures: number;
        /** undefined: none has ended yet. */
        readonly last: { readonly exitCode: number; readonly output: string } | undefined;
      }
    | undefined;
}

const conditionSchema = z.object({
  RestartCount: z.number(),
  State: z.object({
    Running: z.boolean(),
    Restarting: z.boolean().default(false),
    ExitCode: z.number(),
    OOMKilled: z.boolean().default(false),
    Health: z
      .object({
        Status: z.string(),
        FailingStreak: z.number().default(0),
        Log: z.array(z.object({ ExitCode: z.number(), Output: z.string() })).nullish(),
      })
      .nullish(),
  }),
});

/** Runs `docker`. A command that fails throws what Docker said, unless it is asked by `attempt`. */
export class Docker {
  constructor(private readonly env: NodeJS.ProcessEnv) {}

  /** @param timeout seconds */
  attempt(args: readonly string[], timeout = 120): Promise<Finished> {
    return run("docker", args, { env: this.env, cwd: "/", timeout });
  }

  async run(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr, timedOut } = await this.attempt(args);
    if (code === 0) return stdout.trim();
    throw new Error(`docker ${args.slice(0, 3).join(" ")}: ${timedOut ? "took too long" : stderr.trim()}`);
  }

  /** Names (and so on) of what `docker … ls` lists, one a line. */
  async lines(...args: readonly string[]): Promise<string[]> {
    return (await this.run(...args)).split("\n").filter((line) => line !== "");
  }

  /** All containers whose names begin so, running or not. */
  async containers(prefix: string): Promise<ContainerFacts[]> {
    const rows = await this.lines(
      ...["ps", "--all", "--no-trunc", "--filter", `name=^/?${prefix}-`],
      ...["--format", "{{.ID}}\t{{.Names}}\t{{.Image}}\t{{.State}}\t{{.Status}}"],
    );
    return rows.map((row) => {
      const [id = "", name = "", image = "", state = "", status = ""] = row.split("\t");
      const unwell = /unhealthy|health: starting/.test(status);
      return { id, name, image, running: state === "running", unwell };
    });
  }

  /** Everything about all containers whose names begin so, jobs that are over among them. */
  async details(prefix: string): Promise<ContainerDetails[]> {
    const ids = await this.lines("ps", "--all", "--quiet", "--no-trunc", "--filter", `name=^/?${prefix}`);
    if (ids.length === 0) return [];
    // One that went in between is not told; the others are.
    const { stdout } = await this.attempt(["inspect", ...ids]);
    return z
      .array(inspected)
      .parse(JSON.parse(stdout))
      .map((each) => {
        // One that ends again and again runs, for Docker, also in between.
        const running = each.State.Running && !each.State.Restarting;
        return {
          name: each.Name.replace(/^\//, ""),
          image: each.Config.Image,
          running,
          exitCode: running ? undefined : each.State.ExitCode,
          health: healthOf(each.State.Health?.Status),
          startedAt: new Date(each.State.StartedAt),
          createdAt: new Date(each.Created),
          restarts: each.RestartCount,
          memoryLimit: Math.round(each.HostConfig.Memory / MIB),
          labels: each.Config.Labels ?? {},
        };
      });
  }

  /** The last lines that a container wrote, to standard output and error. */
  async logs(container: string, lines: number): Promise<readonly string[]> {
    const { code, stdout, stderr } = await this.attempt(["logs", "--tail", String(lines), container]);
    if (code !== 0) throw new Error(stderr.trim());
    return `${stdout}${stderr}`.trim().split("\n").slice(-lines);
  }

  /** How a container is, and what its health check said last. @throws Error when there is no such container */
  async condition(container: string): Promise<Condition> {
    const said = await this.run("inspect", "--type", "container", container);
    const [{ State: state, RestartCount: restarts }] = z.tuple([conditionSchema]).parse(JSON.parse(said));
    const health = state.Health && healthOf(state.Health.Status) ? state.Health : undefined;
    const last = health?.Log?.at(-1);
    return {
      running: state.Running && !state.Restarting,
      restarting: state.Restarting,
      restarts,
      exitCode: state.ExitCode,
      outOfMemory: state.OOMKilled,
      health: health && {
        status: health.Status,
        failures: health.FailingStreak,
        last: last && { exitCode: last.ExitCode, output: last.Output.trim() },
      },
    };
  }

  networks(prefix: string): Promise<string[]> {
    return this.lines("network", "ls", "--filter", `name=^${prefix}-`, "--format", "{{.Name}}");
  }

  volumes(prefix: string): Promise<string[]> {
    return this.lines("volume", "ls", "--filter", `name=^${prefix}-`, "--format", "{{.Name}}");
  }

  /** Ends and removes all containers and networks whose names begin so: what a server has that is gone. */
  async removeContainers(prefix: string): Promise<void> {
    const containers = await this.containers(prefix);
    if (containers.length > 0) await this.run("rm", "--force", ...containers.map(({ id }) => id));
    const networks = await this.networks(prefix);
    if (networks.length > 0) await this.run("network", "rm", ...networks);
  }

  async removeVolumes(prefix: string): Promise<void> {
    const volumes = await this.volumes(prefix);
    if (volumes.length > 0) await this.run("volume", "rm", "--force", ...volumes);
  }
}

const MIB = 1024 * 1024;

const healthOf = (status: string | undefined): ContainerDetails["health"] =>
  status === "healthy" || status === "unhealthy" || status === "starting" ? status : undefined;
