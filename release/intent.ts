/** What a step of a run is about to do, in a sentence for whoever watches. */
import { environmentPrefix } from "../model/names";
import { newColour, type Run, type Step } from "./machine";
import type { Site } from "./site";
import type { Timings } from "./surroundings";

export function intentOf(
  run: Run,
  { platform, environment }: Pick<Site, "platform" | "environment">,
  product: string,
  timings: Pick<Timings, "canarySeconds" | "keepSeconds">,
): string {
  const [colour, prefix] = [newColour(run), environmentPrefix(platform.name, environment.name)];
  const sentences: Record<Step, string> = {
    deploy: `${run.version} goes to ${colour}: migration, containers, healthy`,
    smoke: `${colour} is asked through the edge of ${prefix}, without any visitor`,
    canary: `${run.canaryPercent} % of the requests go to ${colour}`,
    watch: `errors and response times of ${colour} for ${minutesOf(timings.canarySeconds)}`,
    cutover: `all traffic goes to ${colour}`,
    keep: `the old set stays for ${minutesOf(timings.keepSeconds)}, to go back to`,
    retire: `the old set of ${product} goes`,
    back: `all traffic goes back to ${run.before?.live ?? colour}`,
    "clean-up": `what was begun of ${run.version} goes; traffic was never on it`,
  };
  return sentences[run.step as Step];
}

const minutesOf = (seconds: number): string => (seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`);
