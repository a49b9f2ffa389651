/** The commands that may lead back: that way visitors go at the edge at once, and Terraform is told of it in its time. */
import { getReady } from "../shared/site";
import { type Asked, quickBack } from "./quick-back";
import { recordedInTime, type Recording } from "./recorded";
import { recordSecondsOf, type ReleaseFlags, told } from "./session";

export interface EdgeFirst {
  readonly product: string;
  /** What would be a way back. @default nothing: it is done by the plan alone */
  readonly asked?: Asked | undefined;
  /** Is it most often no way back? Then what the plan needs is got ready while the edge is asked. @default false */
  readonly isLikelyForward?: boolean;
  /** @param version that has all traffic at the edge already; undefined: nothing was moved */
  readonly byPlan: (version: string | undefined) => Recording;
}

/** @returns the command's exit code */
export const edgeFirst = (
  { product, asked, isLikelyForward = false, byPlan }: EdgeFirst,
  flags: ReleaseFlags,
  env: NodeJS.ProcessEnv,
): Promise<number> =>
  told(flags, async (report) => {
    const patience = recordSecondsOf(flags);
    const question = asked ? quickBack(product, asked, flags, env, report) : undefined;
    const ready = isLikelyForward ? getReady(env) : undefined;
    const version = await question;
    const recording = byPlan(version);
    return version === undefined
      ? recording(flags, { report, ready })
      : recordedInTime(product, flags, report, patience, (own, within) => recording(own, { ...within, ready }));
  });
