/**
 * One question by HTTP, answered in seconds or not at all, and what its answer says of this computer's clock. Whatever is
 * answered is an answer, a refusal too; only where there is none, it fails. Clients of systems ask by it, and are given
 * another way to ask by who wants to give up sooner, or to hear the clocks.
 */

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** undefined: it is no JSON. */
  readonly json: unknown;
}

/** Nobody answered; the message has the host and a word for why, the cause is fetch's own. */
export class NoAnswer extends Error {}

/** fetch's own words are "fetch failed"; why is in the cause. */
export const lostBy = (reason: unknown): string => {
  const { message, cause } = reason as { message?: string; cause?: { message?: string } };
  return cause?.message ?? message ?? String(reason);
};

/** How far a server's clock is from this one's. */
export interface ClockSample {
  readonly host: string;
  /** Positive: the server's is ahead. */
  readonly aheadSeconds: number;
  /** Half the time that the answer took, and half the second that a Date header is exact to. */
  readonly plusMinus: number;
}

export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** @default 5 */
  readonly timeoutSeconds?: number;
}

/** How a client asks. Rejects with NoAnswer. */
export type Ask = (url: string, question?: Question) => Promise<Reply>;

const TIMEOUT_SECONDS = 5;

/**
 * Asks once; redirects are answers.
 * @param now milliseconds, as `Date.now`
 * @param heard told how far the server's clock is from this one's
 * @throws NoAnswer
 */
export async function ask(
  url: string,
  { method = "GET", headers, body, timeoutSeconds = TIMEOUT_SECONDS }: Question = {},
  now: () => number = Date.now,
  heard: (sample: ClockSample) => void = () => undefined,
): Promise<Reply> {
  const { host } = new URL(url);
  const sent = now();
  try {
    const response = await fetch(url, {
      method,
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutSeconds * 1000),
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const received = now();
    const date = Date.parse(response.headers.get("date") ?? "");
    if (!Number.isNaN(date)) {
      heard({
        host,
        // A Date header has lost the part of its second.
        aheadSeconds: (date + 500 - (sent + received) / 2) / 1000,
        plusMinus: (received - sent) / 2000 + 0.5,
      });
    }
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parsed(text) };
  } catch (reason) {
    const word = wordFor(reason as Error, timeoutSeconds);
    throw new NoAnswer(`no answer from ${host} (${word})`, { cause: reason });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** "ENOTFOUND" says more than "fetch failed". */
function wordFor({ name, message, cause }: Error, timeoutSeconds: number): string {
  if (name === "TimeoutError") return `none within ${timeoutSeconds} s`;
  const { code, message: inner } = (cause ?? {}) as { code?: string; message?: string };
  return code ?? inner ?? message;
}
