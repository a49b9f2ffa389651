/** This computer's clock, against those of everyone who was asked anything. */
import type { Context } from "./context";
import { type Finding, Findings } from "./finding";
import { hostClock } from "./login";

const findings = new Findings("clock");

/** A signature is refused 15 minutes off (AWS, "RequestTimeTooSkewed", MaxAllowedSkewMilliseconds 900000). */
const REFUSED_SECONDS = 15 * 60;
/** No computer that asks a time server is off by that; logs of two can still be put in order. */
const ODD_SECONDS = 30;

const SET_IT = "sudo timedatectl set-ntp true, or whatever sets the clock there";

/** Runs after all other checks: it asks nobody. */
export async function clock(context: Context): Promise<Finding[]> {
  const host = await hostClock(context);
  return [thisOne(context), ...(host === undefined ? [] : [theHosts(host)])];
}

function thisOne({ clocks }: Context): Finding {
  const what = "this computer";
  if (clocks.length === 0) return findings.skipped(what, "nobody answered who could have told the time");
  // Most are right: one server whose clock is wrong decides nothing.
  const sorted = [...clocks].sort((a, b) => a.aheadSeconds - b.aheadSeconds);
  const { aheadSeconds, plusMinus, host } = sorted[Math.floor(sorted.length / 2)]!;
  const off = Math.abs(aheadSeconds) - plusMinus;
  const found = `${Math.round(Math.abs(aheadSeconds))} s ${aheadSeconds > 0 ? "behind" : "ahead of"} ${host}`;
  if (off > REFUSED_SECONDS) return findings.failure(what, `${found}; signatures for the state are refused`, SET_IT);
  if (off > ODD_SECONDS) return findings.warning(what, found, SET_IT);
  return findings.ok(what, "right, by the clocks of all who were asked");
}

/** @param aheadSeconds of the host's clock, with as many to doubt */
function theHosts({ aheadSeconds, plusMinus }: { readonly aheadSeconds: number; readonly plusMinus: number }): Finding {
  const what = "the server";
  const off = Math.abs(aheadSeconds) - plusMinus;
  const found = `${Math.round(Math.abs(aheadSeconds))} s ${aheadSeconds > 0 ? "ahead of" : "behind"} this computer`;
  return off > ODD_SECONDS
    ? findings.warning(what, found, `on the server: ${SET_IT}`)
    : findings.ok(what, "agrees with this computer");
}
