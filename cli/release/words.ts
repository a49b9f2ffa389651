/** How a release ends: for pipelines a code, for people what is so now and the one command to go on. */
import { otherColour, type ProductRelease } from "../../model/release";
import { newColour, type Outcome, type Run, type Stop } from "../../release/machine";
import { canaryRules } from "../../model/canary";
import { productOf, type Site } from "../../release/site";
import { EXIT } from "../shared/exit";

export const CODES: Readonly<Record<Outcome, number>> = {
  done: EXIT.done,
  failed: EXIT.failed,
  "went-back": EXIT.wentBack,
  undecided: EXIT.undecided,
  stayed: EXIT.undecided,
  stuck: EXIT.stuck,
  "not-retired": EXIT.failed,
  overtaken: EXIT.undecided,
};

/** Of traffic that was moved at the edge alone. */
export const NOT_TOLD =
  "Terraform has not been told: until it is, no switch is made that does not know of this. The next release command, or twinset apply, tells it.";

/** Of a canary that no run watches. */
export function leaseInWords(site: Site, product: string): string {
  const { lease } = canaryRules(productOf(site, product).canary);
  return `Nobody watches the canary: it ends by itself in ${lease.seconds} s, with all traffic back on the live set.`;
}

/** "blue v1.5.2 serves chat with 90 % of the traffic." */
export function servesInWords(now: ProductRelease | null, product: string): string {
  const live = now ? `${now.live} ${now[now.live]?.version ?? ""}` : "nothing";
  return `${live} serves ${product}${now && now.canary > 0 ? ` with ${100 - now.canary} % of the traffic` : ""}.`;
}

const notKnown = (now: ProductRelease | null, product: string): string =>
  `The edge does not answer: Terraform was told that ${now?.live ?? "nothing"} has the traffic of ${product}.`;

/** What is so now, what was done about it, and the one command to go on. */
export function conclusion(
  run: Run,
  product: string,
  environment: string,
  isDeaf = false,
): { text: string[]; next?: string } {
  const { before, now, version, outcome } = run;
  const at = `--environment ${environment}`;
  // Traffic that went back did so at the edge, or by a job that has looked.
  const isBack = outcome === "went-back" || outcome === "undecided";
  const serves = isDeaf && !isBack ? notKnown(now, product) : servesInWords(now, product);
  const idle = now?.[otherColour(now.live)];
  const stays = idle ? `${otherColour(now!.live)} ${idle.version} runs without traffic, to be looked at.` : "";
  const unrecorded = run.unrecorded ? [NOT_TOLD] : [];
  switch (outcome!) {
    case "done":
      if (run.until && run.until !== "keep" && before) {
        return {
          text: [
            serves,
            `As far as it was to go: ${run.until}.`,
            ...(now && now.canary > 0 ? ["Nobody watches the canary: it ends by itself with its lease."] : []),
          ],
          next: after(run.until, run, product, at),
        };
      }
      return {
        text: [serves, ...(run.until === "keep" ? [stays] : [])],
        ...(run.until === "keep" ? { next: `twinset retire ${product} ${at}` } : {}),
      };
    case "failed":
      // A first release is live with its deploy: whoever asked since has seen it.
      if (!before && now) {
        return {
          text: [`${serves} It is live since its deploy, though its smoke tests failed.`],
          next: `twinset status ${environment}`,
        };
      }
      return {
        text: [`${serves} No visitor has seen ${version}.`, ...(stays ? [stays] : [])],
        next: stays ? `twinset retire ${product} ${at}` : `twinset release ${product} ${version} ${at}`,
      };
    case "went-back":
      return {
        text: [`All traffic is back: ${serves}`, ...unrecorded, stays],
        next: `twinset retire ${product} ${at}`,
      };
    case "undecided":
      return {
        text: [
          `All traffic is on the old version: ${serves}`,
          ...unrecorded,
          stays,
          "Look at it yourself, then decide.",
        ],
        next: `twinset switch ${product} ${newColour(run)} ${at}`,
      };
    case "stayed":
      return { text: [serves, "Nothing goes on by itself."], next: `twinset rollback ${product} ${at}` };
    case "overtaken":
      return {
        text: ["Somebody else has changed the product: this release does nothing more, and has removed nothing."],
        next: `twinset status ${environment}`,
      };
    case "stuck":
      return {
        text: [
          `TRAFFIC COULD NOT BE MOVED BACK: neither the edge nor Terraform went along, in ${run.attempts} attempts; why is said above. ${version} may have visitors.`,
        ],
        next: `twinset rollback ${product} ${at}`,
      };
    case "not-retired":
      return {
        text: [serves, "The old set could not be removed; it has no traffic."],
        next: `twinset retire ${product} ${at}`,
      };
  }
}

const after = (stop: Stop, run: Run, product: string, at: string): string => {
  const commands: Record<Stop, string> = {
    deploy: `twinset canary 10 ${product} ${at}`,
    smoke: `twinset canary 10 ${product} ${at}`,
    canary: `twinset watch ${product} ${at}`,
    watch: `twinset switch ${product} ${newColour(run)} ${at}`,
    cutover: `twinset retire ${product} ${at}`,
    keep: `twinset retire ${product} ${at}`,
  };
  return commands[stop];
};
