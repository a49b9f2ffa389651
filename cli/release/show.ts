/**
 * How a run is shown: a live view in a terminal, a line for each thing that happens elsewhere, or JSON for pipelines. All
 * three are told the same.
 */
import colours from "picocolors";
import { type Outcome, STEPS, type Step } from "../../release/machine";
import type { ReleaseEvent, Reporter } from "../../release/report";
import { clip } from "../shared/terminal-width";

/** One JSON object a line. */
export const jsonReporter =
  (write: (line: string) => void): Reporter =>
  (event) =>
    write(JSON.stringify({ at: new Date().toISOString(), ...event }));

type EventOf<K extends ReleaseEvent["kind"]> = Extract<ReleaseEvent, { kind: K }>;

const clock = (): string => colours.dim(new Date().toISOString().slice(11, 19));
/** Digits that mean something: 0.04, 1.25, 20.3, 411. */
const short = (n: number): string => String(n >= 100 ? Math.round(n) : Number(n.toPrecision(n >= 1 ? 3 : 2)));
const percent = (share: number | undefined): string => (share === undefined ? "–" : `${short(share * 100)} %`);
const milliseconds = (seconds: number | undefined): string =>
  seconds === undefined ? "–" : `${short(seconds * 1000)} ms`;
const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;

/** "3.2 s", "50 s", "10 min", "10 min 5 s". */
function time(seconds: number): string {
  if (seconds < 9.95) return `${Math.round(seconds * 10) / 10} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)} min${whole % 60 === 0 ? "" : ` ${whole % 60} s`}`;
}

/** Beneath what a step is called. */
const INDENT = " ".repeat(9);
/** Milliseconds between two lines that only say how far it is. */
const PROGRESS_EVERY = 15_000;
const WATCH_EVERY = 30_000;

/** A line for everything that a person wants to read later; progress now and then. */
export function lineReporter(write: (line: string) => void): Reporter {
  const say = (text: string, indent = ""): void =>
    text.split("\n").forEach((line) => write(`${clock()} ${indent}${line}`.trimEnd()));
  const told = new Map<string, number>();
  /** A deploy has hundreds of these, and an hour of watching has, too. */
  const now = (kind: string, every: number): boolean => {
    if (Date.now() - (told.get(kind) ?? -Infinity) < every) return false;
    told.set(kind, Date.now());
    return true;
  };
  return (event) => {
    switch (event.kind) {
      case "begin":
        say(colours.bold(title(event)));
        break;
      case "step":
        if (event.state === "begins") {
          told.clear();
          say(`${colours.bold(event.step.padEnd(8))} ${event.text}`);
        } else say(verdict(event), INDENT);
        break;
      case "plan":
        say(`plan: ${planned(event)}`, INDENT);
        event.allowed.forEach((address) => say(letThrough(address), INDENT));
        break;
      case "progress":
        if (now("progress", PROGRESS_EVERY)) say(progress(event), INDENT);
        break;
      case "traffic":
        say(`traffic: ${traffic(event.weights)}`, INDENT);
        break;
      case "watch":
        if (now("watch", WATCH_EVERY)) say(watched(event), INDENT);
        break;
      case "asked":
        break;
      case "line":
        say(levelled(event));
        break;
      case "end":
        ending(event).forEach((line) => say(line));
    }
  };
}

/** What the live view needs of a terminal. */
export interface Screen {
  write(text: string): unknown;
  readonly columns?: number;
  readonly rows?: number;
}

/** Redraws a few lines in place: the steps with their marks, the traffic, and how the canary does. */
export function liveReporter(screen: Screen): Reporter {
  const view = new LiveView();
  let drawn = 0;
  return (event) => {
    if (event.kind === "asked") {
      // The question stands below the view now, and what comes next below the question.
      drawn = 0;
      return;
    }
    const above = view.take(event);
    // A line in the last column wraps on some terminals; what is above the first row cannot be drawn anew.
    const lines = view
      .lines()
      .map((line) => clip(line, (screen.columns || 100) - 1))
      .slice(-Math.max(1, (screen.rows || 100) - 1));
    const below = event.kind === "end" ? ["", ...ending(event)] : [];
    const up = drawn > 0 ? `\u001b[${drawn}A\u001b[J` : "";
    // What stays on the screen is written above the view, which is drawn anew below it.
    screen.write(`${up}${[...above, ...lines, ...below].map((line) => `${line}\n`).join("")}`);
    drawn = event.kind === "end" ? 0 : lines.length;
  };
}

class LiveView {
  private steps: readonly Step[] = STEPS;
  private readonly state = new Map<Step, { mark: string; text: string; since?: number }>();
  private shown = "";
  private detail = "";

  /** @returns lines that stay */
  take(event: ReleaseEvent): string[] {
    switch (event.kind) {
      case "begin":
        this.steps = event.steps;
        return [colours.bold(title(event)), ""];
      case "step":
        this.detail = "";
        if (event.state === "begins") {
          this.state.set(event.step, { mark: colours.cyan("▸"), text: event.text, since: Date.now() });
          if (!this.steps.includes(event.step)) this.steps = [...this.steps, event.step];
          return [];
        }
        this.state.set(event.step, {
          mark: event.state === "done" ? colours.green("✔") : colours.red("✘"),
          text: `${time(event.seconds)}  ${event.text.split("\n")[0]!}`,
        });
        return event.state === "failed" ? event.text.split("\n").map((line) => colours.red(line)) : [];
      case "plan":
        this.detail = planned(event);
        return event.allowed.map(letThrough);
      case "progress":
        this.detail = progress(event);
        return [];
      case "traffic":
        this.shown = bar(event.weights);
        return [];
      case "watch":
        this.detail = watched(event);
        return [];
      case "line":
        return levelled(event).split("\n");
      case "asked":
      case "end":
        return [];
    }
  }

  lines(): string[] {
    const rows = this.steps.map((step) => {
      const { mark, text, since } = this.state.get(step) ?? { mark: colours.dim("·"), text: "" };
      const told = since === undefined ? text : `${time((Date.now() - since) / 1000)}  ${text}`;
      return `${mark} ${step.padEnd(9)}${colours.dim(told)}`.trimEnd();
    });
    return [...rows, "", ...(this.shown ? [this.shown] : []), ...(this.detail ? [this.detail] : [])];
  }
}

const title = ({ product, version, from, environment, resumed, run }: EventOf<"begin">): string =>
  `${product} ${from === undefined ? "" : `${from} → `}${version} on ${environment}${resumed ? ", resumed" : ""} (run ${run})`;

function verdict(event: Extract<ReleaseEvent, { state: "done" | "failed" }>): string {
  const mark = event.state === "done" ? colours.green("done") : colours.red("failed");
  return `${mark} after ${time(event.seconds)}: ${event.text}`;
}

function planned({ changes, allowed }: EventOf<"plan">): string {
  const within = changes.length - allowed.length;
  if (allowed.length > 0) return `${count(changes.length, "change")}, ${within} of them within the step`;
  return changes.length === 1 ? "1 change, within the step" : `${changes.length} changes, all of them within the step`;
}

const letThrough = (address: string): string => colours.yellow(`let through by --allow: ${address}`);

const progress = ({ done, total, waitingFor }: EventOf<"progress">): string =>
  `${done} of ${total}${waitingFor ? `, waiting for ${waitingFor}` : ""}`;

const traffic = (weights: EventOf<"traffic">["weights"]): string =>
  (["blue", "green"] as const)
    .flatMap((colour) => (weights[colour] === undefined ? [] : [`${colours[colour](colour)} ${weights[colour]} %`]))
    .join(", ");

const BAR = 40;
const bar = (weights: EventOf<"traffic">["weights"]): string => {
  const blue = Math.round(((weights.blue ?? 0) / 100) * BAR);
  return `${colours.blue("█".repeat(blue))}${colours.green("█".repeat(BAR - blue))} ${traffic(weights)}`;
};

function watched(event: EventOf<"watch">): string {
  const { requests, minRequests, errorShare, maxErrorShare, p95Seconds, maxP95Seconds } = event;
  return [
    `${time(event.seconds)} of ${time(event.ofSeconds)}`,
    `requests ${requests === undefined ? "–" : Math.round(requests)} (at least ${minRequests})`,
    `errors ${percent(errorShare)} (limit ${percent(maxErrorShare)})`,
    `p95 ${milliseconds(p95Seconds)} (limit ${milliseconds(maxP95Seconds)})`,
    ...(requests === undefined ? [event.text] : []),
  ].join("  ");
}

const LEVELS = { info: (text: string) => text, warning: colours.yellow, error: colours.red } as const;
const levelled = ({ level, text }: EventOf<"line">): string => LEVELS[level](text);

const OUTCOMES: Readonly<Record<Outcome, string>> = {
  done: "done",
  failed: "failed",
  "went-back": "went back",
  undecided: "undecided",
  stayed: "stopped where it is",
  stuck: "STUCK",
  "not-retired": "released, but the old set could not be retired",
  overtaken: "OVERTAKEN by somebody else",
};

function ending({ outcome, seconds, text, next }: EventOf<"end">): string[] {
  const paint = outcome === "done" ? colours.green : outcome === "stuck" ? colours.red : colours.yellow;
  return [
    paint(colours.bold(`${OUTCOMES[outcome]} after ${time(seconds)}`)),
    ...text.filter((line) => line !== ""),
    ...(next === undefined ? [] : [`To go on: ${colours.bold(next)}`]),
  ];
}
