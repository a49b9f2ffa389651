/** What a command does before it can begin, each part timed in one process: prints JSON of milliseconds. */
import { openSite } from "../../cli/shared/site";
import { loadCatalog } from "../../cli/shared/catalog";
import type { EnvironmentName } from "../../model/environment-name";
import { Journal } from "../../release/journal/journal";
import { StateLock, isHeld } from "../../clients/state-store/state-lock";

/** In the order in which a command does them. */
export type Opened = Readonly<Record<string, number>>;

/** `node bench/moves/open-site.cjs <environment>`, with the environment's variables. */
export async function main(): Promise<void> {
  const { env } = process;
  const environment = process.argv[2] as EnvironmentName;
  const opened: Record<string, number> = {};
  const timed = async <T>(name: string, work: () => Promise<T> | T): Promise<T> => {
    const begin = performance.now();
    const result = await work();
    opened[name] = performance.now() - begin;
    return result;
  };
  await timed("catalog, with its checks", () => loadCatalog(env));
  await timed("cdktf and our stacks, loaded", () => import("../../main"));
  const site = await timed("site opened: catalog, terraform version, synth", () =>
    openSite({ environment, env, lock: false }),
  );
  await timed("synth once more", () => site.render(site.release()));
  await timed("state read (terraform show)", () => site.terraform.state());
  const lock = new StateLock(site.files, "twinset");
  const held = await timed("lock taken", () => lock.acquire("bench"));
  if (!isHeld(held)) throw new Error(`the state is locked by ${held.heldBy.who}`);
  await timed("lock still held?", () => held.stillHeld());
  await timed("journal read", () => new Journal(site.files, { redact: (text) => text }).read());
  await timed("lock given back", () => held.release());
  console.log(JSON.stringify(opened));
}
