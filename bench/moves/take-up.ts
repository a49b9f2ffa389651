/** How long the edge takes to take a changed file up: asked inside the keeper's container, without SSH or a command of ours. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { EDGE_ALIAS, ROUTING } from "../../constructs/edge/edge";
import { keeperName } from "../../model/edge-keeper";
import { PROBE_PORT, REVISION_HEADER } from "../../model/routing";
import { milliseconds } from "./plugins";

export interface TakenUp {
  /** From the renaming until the edge says that it serves it. */
  readonly alone: readonly number[];
  /** The same for one that follows at once on another. */
  readonly following: readonly number[];
  /** One question to the edge, of which every figure has one at least. */
  readonly question: readonly number[];
}

/** @param revision of the product's file as it is; it is the same again afterwards */
export async function takeUp(
  { prefix, product, env }: { readonly prefix: string; readonly product: string; readonly env: NodeJS.ProcessEnv },
  revision: string,
  runs: number,
): Promise<TakenUp> {
  const shell = new Shell(keeperName(prefix), env);
  const file = `${ROUTING}/${product}.yml`;
  const copy = `${ROUTING}/.splits/tmp/bench`;
  const served = `wget -S -q -O /dev/null --header 'Host: ${product}' http://${EDGE_ALIAS}:${PROBE_PORT}/ 2>&1 | grep -i '${REVISION_HEADER}: '`;
  let now = revision;
  const change = async (next: string): Promise<number> => {
    await shell.ask(`sed 's/${now}/${next}/g' ${file} > ${copy}`);
    now = next;
    return milliseconds(() => shell.ask(`mv ${copy} ${file}; until ${served} | grep -q ${next}; do :; done`));
  };
  const alone: number[] = [];
  const following: number[] = [];
  const question: number[] = [];
  try {
    await shell.ask(":");
    for (let i = 0; i < runs; i++) {
      question.push(await milliseconds(() => shell.ask(served)));
      alone.push(await change(`be0c${String(i).padStart(8, "0")}`));
      following.push(await change(revision));
      await new Promise((resolve) => setTimeout(resolve, 3000));
    }
    return { alone, following, question };
  } finally {
    if (now !== revision) await change(revision).catch(() => undefined);
    shell.end();
  }
}

/** Seconds for one answer. */
const LONGEST = 60;

/** A shell in a container of this computer that is there all the time, so that no start is measured. */
class Shell {
  private readonly child: ChildProcessWithoutNullStreams;
  private output = "";

  constructor(container: string, env: NodeJS.ProcessEnv) {
    this.child = spawn("docker", ["exec", "-i", container, "sh"], { env });
    this.child.stdin.on("error", () => undefined);
  }

  /** @throws Error when there is no answer in time */
  ask(line: string): Promise<void> {
    this.output = "";
    return new Promise((resolve, reject) => {
      const onData = (text: Buffer): void => {
        this.output += text.toString();
        if (this.output.includes("so it is.")) done(resolve);
      };
      const failed = (): void => done(() => reject(new Error(`the keeper's shell gave no answer to: ${line}`)));
      const timer = setTimeout(failed, LONGEST * 1000);
      const done = (then: () => void): void => {
        clearTimeout(timer);
        this.child.stdout.off("data", onData);
        this.child.off("exit", failed);
        then();
      };
      this.child.stdout.on("data", onData);
      this.child.once("exit", failed);
      this.child.stdin.write(`${line}\necho so it is.\n`);
    });
  }

  end(): void {
    this.child.kill("SIGKILL");
  }
}
