/**
 * What the edge answered itself, with 503, as no server of a set was up. A set's counters are its servers', so these are
 * in the routers' alone: they are the 503 that the routers of a service count and neither set does.
 *
 * They count for the set that was without a server at the read before or at the read after, and for both by their shares of
 * the product's requests if that says nothing: if both were without one, or none. A request is in no set twice, and the two
 * sets have together what the edge answered.
 */
import type { Series } from "../../clients/prometheus";
import { type Colour, COLOURS } from "../../model/release";
import { setService } from "../../model/routing";

/** Of a service for a set, at reads after that second. */
export type Unserved = (service: string, colour: Colour, from: number) => number;

/** Between two reads. */
interface Interval {
  /** The second read. */
  readonly at: number;
  /** Answered by the edge itself. */
  readonly count: number;
  /** Sets that were without a server. */
  readonly down: readonly Colour[];
}

/**
 * @param series as queries() asks for them: "router503", "set503", "up" and "requests"
 * @param reads the points at which the edge could be read, in order
 * @param begin the shares are what each set was asked since then, while both had a server
 */
export function unserved(
  series: readonly Series[],
  services: readonly string[],
  reads: readonly number[],
  begin: number,
): Unserved {
  const intervals = new Map(services.map((service) => [service, intervalsOf(series, service, reads)]));
  const asked = (colour: Colour): number =>
    add(services.map((service) => askedOf(series, service, colour, reads, intervals.get(service)!, begin)));
  const [blue, green] = [asked("blue"), asked("green")];
  const shareOfBlue = blue + green > 0 ? blue / (blue + green) : 1 / 2;
  return (service, colour, from) => {
    const since = (intervals.get(service) ?? []).filter(({ at, count }) => at > from && count > 0);
    const sum = (of: readonly Interval[]): number => add(of.map(({ count }) => count));
    const alone = since.filter(({ down }) => down.length === 1);
    const shared = sum(since.filter(({ down }) => down.length !== 1));
    // Whole requests: what is rounded away from one set is the other's.
    const ofBlue = Math.round(shared * shareOfBlue);
    return sum(alone.filter(({ down }) => down[0] === colour)) + (colour === "blue" ? ofBlue : shared - ofBlue);
  };
}

function intervalsOf(series: readonly Series[], service: string, reads: readonly number[]): Interval[] {
  const labels = COLOURS.map((colour) => `${setService(service, colour)}@file`);
  const routers = counters(series, "router503", [`${service}@file`, ...labels], reads);
  const sets = counters(series, "set503", labels, reads);
  // Both since the first read: a set counts a request a moment before its router does, and a read may lie between.
  const ahead = reads.map(() => 0);
  for (let i = 1; i < reads.length; i++) {
    // All begin at 0 again with a new edge, also those that have more than before by now.
    const anew = [...routers, ...sets].some((values) => values[i]! < values[i - 1]!);
    const grown = (of: readonly (readonly number[])[]): number =>
      add(of.map((values) => values[i]! - (anew ? 0 : values[i - 1]!)));
    ahead[i] = ahead[i - 1]! + grown(routers) - grown(sets);
  }
  // What a later read takes back was none. So it never falls, and ends at what the routers have more in all.
  for (let i = ahead.length - 2; i >= 0; i--) ahead[i] = Math.min(ahead[i]!, ahead[i + 1]!);
  const counts = ahead.map((value) => Math.max(0, value));

  const ups = COLOURS.map((colour, i) => [colour, gauges(series, labels[i]!)] as const);
  const downAt = (at: number): Colour[] => ups.flatMap(([colour, up]) => (up.get(at) === 0 ? [colour] : []));
  return reads.slice(1).map((at, i) => ({
    at,
    count: counts[i + 1]! - counts[i]!,
    down: [...new Set([...downAt(reads[i]!), ...downAt(at)])],
  }));
}

/** What each counter had at each read: 0 where it was not there, as then it begins at 0. */
function counters(series: readonly Series[], of: string, services: readonly string[], reads: readonly number[]) {
  return series
    .filter(({ labels }) => labels["of"] === of && services.includes(labels["service"] ?? ""))
    .map(({ points }) => {
      const values = new Map(points.map(({ at, value }) => [at, value]));
      return reads.map((at) => values.get(at) ?? 0);
    });
}

const gauges = (series: readonly Series[], label: string): ReadonlyMap<number, number> =>
  new Map(
    series
      .filter(({ labels }) => labels["of"] === "up" && labels["service"] === label)
      .flatMap(({ points }) => points.map(({ at, value }): [number, number] => [at, value])),
  );

/** What the servers of a set were asked while neither set was without one. */
function askedOf(
  series: readonly Series[],
  service: string,
  colour: Colour,
  reads: readonly number[],
  intervals: readonly Interval[],
  begin: number,
): number {
  const values = counters(series, "requests", [`${setService(service, colour)}@file`], reads);
  return add(
    intervals.flatMap(({ at, down }, i) =>
      at > begin && down.length === 0 ? values.map((each) => Math.max(0, each[i + 1]! - each[i]!)) : [],
    ),
  );
}

const add = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
