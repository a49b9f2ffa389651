/** A plan that was looked at is applied, and it is said how that went. */
import colours from "picocolors";
import { plainText } from "../../model/safe-text";
import { error, ProblemsError } from "../../model/problem";
import { summary } from "../../release/plan-words";
import { explain } from "../../release/explain";
import { describe } from "../../terraform/output";
import type { ResourceChange } from "../../terraform/plan";
import { lockAmong } from "../../terraform/lock";
import { EXIT } from "../shared/exit";
import type { OpenSite } from "../shared/site";
import { describeLock } from "../shared/told";
import { forget } from "./shown-plan";

/** A plan that is in Terraform's directory and may be applied. */
export interface KeptPlan {
  /** Its file there. */
  readonly file?: string;
  readonly changes: readonly ResourceChange[];
  /** The option that named it, and what it said: for errors. */
  readonly given: readonly [option: string, value: string];
  /** What to do when it is stale, or has failed. */
  readonly again: string;
  /** Takes what is secret out of a text that came of the plan. */
  readonly hide: (text: string) => string;
}

/** Applies a plan that was looked at, and says how it went. @throws ProblemsError for a stale one */
export async function applyKept(
  site: OpenSite,
  { file, changes, given, again, hide }: KeptPlan,
  write: (line: string) => void,
): Promise<number> {
  const { name } = site.environment;
  let done = 0;
  const applied = await site.terraform.applyPlanned(
    {
      onEvent: ({ type, address, action }) => {
        if (type !== "apply_complete") return;
        done += 1;
        write(`${colours.dim(`${done}/${changes.length}`)} ${plainText(hide(`${address} ${action}`))}`);
      },
    },
    file,
  );
  const lock = applied.code === 0 ? undefined : lockAmong(applied.errors);
  if (lock) {
    describeLock(name, lock).forEach((line) => write(line));
    return EXIT.locked;
  }
  // Whatever came of it, the state is another one now.
  forget(site);
  if (applied.code === 0) {
    write(`${name}: ${summary(changes) || "no resource changed"} in ${Math.round(applied.seconds)} s.`);
    return EXIT.done;
  }
  // Terraform's own words for a plan that the state has left behind.
  const stale = applied.errors.find(({ summary: words }) => /saved plan is stale/i.test(words));
  if (stale) {
    throw new ProblemsError([error(given[0], `${given[1]}: ${describe(stale)}`, "a plan of what is there now", again)]);
  }
  await explained(site, applied.errors, write);
  write(`${done} of ${changes.length} changes were made. When the cause is mended, ${again}`);
  return EXIT.failed;
}

/** A failure in words: which container, how it is, and what it said. */
async function explained(
  site: OpenSite,
  errors: Parameters<typeof explain>[0],
  write: (line: string) => void,
): Promise<void> {
  const docker = await site.docker().catch(() => undefined);
  const logsOf = (container: string, lines: number): Promise<readonly string[]> =>
    docker ? docker.logs(container, lines) : Promise.reject(new Error("no engine yet"));
  const lines = await explain(errors, await site.terraform.state().catch(() => []), logsOf, {
    ...(docker ? { conditionOf: (container: string) => docker.condition(container) } : {}),
    redact: (text) => site.redact(text),
  });
  lines.forEach((line) => write(plainText(line)));
}
