/**
 * An environment's Prometheus: asked by `docker exec` in its own container, as it publishes no port, and with one call for
 * all questions, as each takes about a second over SSH. What it does not answer, or not in its form, is said in a sentence.
 */
import { z } from "zod";
import { PROMETHEUS_ADDRESS, prometheusName } from "../model/monitoring";
import type { Docker } from "./docker";

/** Seconds that the call may take. */
const TIMEOUT = 30;

export interface Point {
  /** Seconds, Prometheus' clock. */
  readonly at: number;
  readonly value: number;
}

/** One sum over time, by its labels. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly Point[];
}

/**
 * Asks for ranges of sums.
 * @param prefix the environment's: "manacore-production"
 * @param queries in PromQL; what they say of the same series is put together
 * @returns the series, or why there are none
 */
export async function askPrometheus(
  docker: Pick<Docker, "attempt">,
  prefix: string,
  queries: readonly string[],
): Promise<readonly Series[] | { readonly missing: string }> {
  const asked = queries.map((query) => `http://${PROMETHEUS_ADDRESS}/api/v1/query?query=${encodeURIComponent(query)}`);
  const { code, stdout, stderr, timedOut } = await docker.attempt(
    ["exec", prometheusName(prefix), "sh", "-c", 'for url; do wget -qO- "$url" || exit; echo; done', "sh", ...asked],
    TIMEOUT,
  );
  if (code !== 0) {
    const why = timedOut ? `no answer within ${TIMEOUT} s` : (stderr.trim().split("\n").at(-1) ?? "");
    return { missing: `Prometheus cannot be asked: ${why}` };
  }
  try {
    return parseAnswers(stdout);
  } catch (reason) {
    const why = reason instanceof z.ZodError ? z.prettifyError(reason) : (reason as Error).message;
    return { missing: `Prometheus' answer is not understood: ${why.split("\n")[0]}` };
  }
}

const answer = z.object({
  status: z.literal("success"),
  data: z.object({
    resultType: z.literal("matrix"),
    result: z.array(
      z.object({ metric: z.record(z.string(), z.string()), values: z.array(z.tuple([z.number(), z.string()])) }),
    ),
  }),
});

/** Answers, one a line, with what they say of the same series put together. @throws what cannot be understood */
export function parseAnswers(text: string): Series[] {
  const series = new Map<string, { labels: Record<string, string>; values: Map<number, number> }>();
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  for (const { metric, values } of lines.flatMap((line) => answer.parse(JSON.parse(line)).data.result)) {
    const key = JSON.stringify(Object.entries(metric).sort());
    const known = series.get(key) ?? { labels: metric, values: new Map<number, number>() };
    // "NaN" is no number, and no 0 either.
    for (const [at, value] of values) if (Number.isFinite(Number(value))) known.values.set(at, Number(value));
    series.set(key, known);
  }
  return [...series.values()].map(({ labels, values }) => ({
    labels,
    points: [...values].map(([at, value]) => ({ at, value })).sort((a, b) => a.at - b.at),
  }));
}
