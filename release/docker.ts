/** A Docker engine, through its own command-line program: the local one, or whichever the environment names. */
import { type Finished, run } from "../terraform/program";

export interface ContainerFacts {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly running: boolean;
  /** Runs, and has a health check that fails or has not passed yet. */
  readonly unwell: boolean;
}

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

  /** The last lines that a container wrote, to standard output and error. */
  async logs(container: string, lines: number): Promise<readonly string[]> {
    const { code, stdout, stderr } = await this.attempt(["logs", "--tail", String(lines), container]);
    if (code !== 0) throw new Error(stderr.trim());
    return `${stdout}${stderr}`.trim().split("\n").slice(-lines);
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
