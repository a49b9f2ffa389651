/**
 * Which address this computer has, as others see it. Cloudflare says who is asking, over IPv4, as servers' addresses are;
 * it has the zone and the state already. Where it does not say, that is an answer too, with the reason.
 */
import { ask, type Ask, lostBy, NoAnswer } from "./http";

/** The address leaves no choice but IPv4. */
const WHO_AM_I = "https://1.1.1.1/cdn-cgi/trace";
const TIMEOUT_SECONDS = 10;

/** With the address of who was asked. */
export type SeenAddress = { readonly url: string } & ({ readonly address: string } | { readonly missing: string });

/** @param url answers in lines of `name=value`, one of them `ip` */
export async function seenAddress(url = WHO_AM_I, by: Ask = ask): Promise<SeenAddress> {
  try {
    const { status, text } = await by(url, { timeoutSeconds: TIMEOUT_SECONDS });
    if (status !== 200) return { url, missing: `status ${status}` };
    const address = /^ip=(\S+)$/m.exec(text)?.[1];
    return address === undefined ? { url, missing: "an answer without an address" } : { url, address };
  } catch (reason) {
    if (!(reason instanceof NoAnswer)) throw reason;
    return { url, missing: `no answer: ${lostBy(reason.cause)}` };
  }
}
