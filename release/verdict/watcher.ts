/** Looks at a product's new set for the engine: reads the numbers, judges them, says both. */
import type { CanaryRules } from "../../model/canary";
import { environmentPrefix } from "../../model/names";
import type { Colour } from "../../model/release";
import { seconds } from "../../model/units";
import type { Docker } from "../../clients/docker";
import type { Look, Watcher, WatchRules } from "../surroundings";
import { readMetrics } from "./metrics";
import { productOf, type Site } from "../site";
import { errorShareOf, p95Of } from "./measures";
import { judge } from "./verdict";

export interface WatcherOptions {
  readonly site: Site;
  readonly product: string;
  /** The set that is judged. */
  readonly colour: Colour;
  readonly rules: Required<CanaryRules>;
  readonly docker: () => Promise<Pick<Docker, "attempt">>;
}

export const watcher = ({ site, product, colour, rules, docker }: WatcherOptions): Watcher => ({
  async look(elapsedSeconds: number, watch: WatchRules): Promise<Look> {
    const reading = await readMetrics({
      docker: await docker(),
      prefix: environmentPrefix(site.platform.name, site.environment.name),
      platform: site.platform,
      product: productOf(site, product),
      canary: colour,
      elapsedSeconds,
    });
    const limits = { ...rules, duration: seconds(watch.seconds), patience: seconds(watch.patienceSeconds) };
    const { kind, findings } = judge(limits, { elapsedSeconds, ...reading });
    return {
      verdict: kind,
      text: findings.map(({ text }) => text),
      ...("missing" in reading
        ? {}
        : {
            requests: reading.canary.requests,
            errorShare: errorShareOf(reading.canary),
            p95Seconds: p95Of(reading.canary),
          }),
    };
  },
});
