/** What a Prometheus answers about chat's two sets. */
export interface Counted {
  readonly requests: number;
  readonly errors: number;
  /** Requests that took longer than 0.1 s. */
  readonly slow?: number;
  /** The edge answered so many besides, as no server was up in the middle of the time. */
  readonly byEdge?: number;
}

/**
 * So many requests to each set in the time that is asked for.
 * @param reads of the edge in that time, with as many requests between each two. @default 1, so that all are new ones
 */
export function prometheusAnswer(
  canary: Counted,
  seconds: number,
  live: Counted = { requests: 1000, errors: 0 },
  reads = 1,
): string {
  const begin = 1_000_000;
  const values = (total: number) =>
    Array.from({ length: reads + 1 }, (_, i) => [
      begin + (seconds * i) / reads,
      String(Math.round((total * i) / reads)),
    ]);
  const series = (labels: Record<string, string>, total: number) => ({ metric: labels, values: values(total) });
  const middle = Math.floor(reads / 2);
  const up = (colour: string, always: boolean) => ({
    metric: { of: "up", service: `chat-backend-${colour}@file` },
    values: values(0).map(([at], i) => [at, i !== middle || always ? "1" : "0"]),
  });
  const of = (colour: string, { requests, errors, slow = 0, byEdge = 0 }: Counted) => [
    series({ of: "requests", service: `chat-backend-${colour}@file` }, requests),
    series({ of: "errors", service: `chat-backend-${colour}@file` }, errors),
    series({ of: "durations", set: colour, le: "0.1" }, requests - slow),
    series({ of: "durations", set: colour, le: "+Inf" }, requests),
    up(colour, byEdge === 0),
  ];
  const read = { metric: { of: "read" }, values: values(0).map(([at]) => [at, String(at)]) };
  const unserved = (canary.byEdge ?? 0) + (live.byEdge ?? 0);
  const routers = {
    metric: { of: "router503", service: "chat-backend@file" },
    values: values(0).map(([at], i) => [at, String(i > middle ? unserved : 0)]),
  };
  const result = [read, routers, ...of("green", canary), ...of("blue", live)];
  return JSON.stringify({ status: "success", data: { resultType: "matrix", result } });
}
