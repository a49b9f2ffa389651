import { type Duration, seconds } from "./units";

/**
 * When a health check runs, and when it gives up. Engines from 25 on look every 5 s within the start period, so that a
 * quick start is seen quickly; asking for more would make older engines refuse the container.
 */
export interface HealthTimings {
  /** Time between two checks. @default 30 s (deployment-architecture, "Health Check Configuration") */
  readonly every?: Duration;
  /** A check that takes longer has failed. @default 10 s */
  readonly timeout?: Duration;
  /** So many failures in a row make the container unhealthy. @default 3 */
  readonly retries?: number;
  /** Failures in this time after the start do not count. @default 40 s */
  readonly startPeriod?: Duration;
}

/** The program in the image that asks: Alpine's images have wget, Node's have node, others often have curl. */
export type Prober = "wget" | "curl" | "node";

/** How a container shows that it can serve. */
export type Health = Required<HealthTimings> &
  (
    | { readonly kind: "http"; readonly path: string; readonly using: Prober }
    | { readonly kind: "command"; readonly command: readonly string[] }
  );

function timings(given: HealthTimings): Required<HealthTimings> {
  return {
    every: given.every ?? seconds(30),
    timeout: given.timeout ?? seconds(10),
    retries: given.retries ?? 3,
    startPeriod: given.startPeriod ?? seconds(40),
  };
}

export const Health = {
  /** Healthy when GET `path` on the service's own port answers well: 2xx, or with wget and curl a redirect. The image needs the program. @default using wget */
  http: (path: string, given: HealthTimings & { readonly using?: Prober } = {}): Health => ({
    kind: "http",
    path,
    using: given.using ?? "wget",
    ...timings(given),
  }),
  /** Healthy when the command exits 0. `["CMD", …]` runs it as it is, `["CMD-SHELL", "…"]` in a shell. */
  command: (command: readonly string[], given: HealthTimings = {}): Health => ({
    kind: "command",
    command,
    ...timings(given),
  }),
};

/** The `test` of a Docker health check. The loopback address, not `localhost`: that may be ::1 where nothing listens. */
export function healthTest(health: Health, port: number): string[] {
  return health.kind === "http"
    ? ["CMD", ...ASK[health.using](`http://127.0.0.1:${port}${health.path}`)]
    : [...health.command];
}

/** Each exits 0 when the address answers well. */
const ASK: Readonly<Record<Prober, (url: string) => readonly string[]>> = {
  wget: (url) => ["wget", "--spider", "-q", url],
  curl: (url) => ["curl", "-fsS", "-o", "/dev/null", url],
  node: (url) => ["node", "-e", `fetch("${url}").then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`],
};

/**
 * How long a deploy waits for `healthy`: the slowest start that the check itself would still call healthy, and a
 * margin for a busy machine. The Docker provider does not stop waiting when a container turns unhealthy.
 */
export function waitTimeout(health: Health): Duration {
  return health.startPeriod.plus(health.every.plus(health.timeout).times(health.retries)).plus(seconds(30));
}
