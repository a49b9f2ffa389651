/**
 * How a run is shown: a live view in a terminal, a line for each thing that happens elsewhere, or JSON for pipelines. All
 * three are told the same.
 */
import colours from "picocolors";
import { STEPS, type Step } from "../release/machine";
import type { ReleaseEvent, Reporter } from "../release/report";

/** One JSON object a line. */
export const jsonReporter =
  (write: (line: string) => void): Reporter =>
  (event) =>
    write(JSON.stringify({ at: new Date().toISOString(), ...event }));

const clock = (): string => colours.dim(new Date().toISOString().slice(11, 19));
const percent = (share: number | undefined): string => (share === undefined ? "–" : `${round(share * 100)} %`);
const round = (n: number): string => String(Math.round(n * 10) / 10);
const time = (seconds: number): string =>
  seconds < 60 ? `${Math.round(seconds)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;

/** A line for everything that a person wants to read later; progress now and then. */
export function lineReporter(write: (line: string) => void): Reporter {
  const say = (text: string): void => text.split("\n").forEach((line) => write(`${clock()} ${line}`));
  let told = 0;
  return (event) => {
    switch (event.kind) {
      case "begin":
        say(colours.bold(title(event)));
        break;
      case "step":
        if (event.state === "begins") say(`${colours.bold(event.step.padEnd(8))} ${event.text}`);
        else say(`         ${verdict(event)}`);
        break;
      case "plan":
        say(`         plan: ${event.changes.length} changes, all of them within the step`);
        event.allowed.forEach((address) => say(colours.yellow(`         let through by --allow: ${address}`)));
        break;
      case "progress":
        // A deploy has hundreds of these.
        if (Date.now() - told < 15_000) break;
        told = Date.now();
        say(`         ${event.done} of ${event.total}${event.waitingFor ? `, waiting for ${event.waitingFor}` : ""}`);
        break;
      case "traffic":
        say(`         traffic: ${traffic(event.weights)}`);
        break;
      case "watch":
        say(`         ${watched(event)}`);
        break;
      case "line":
        say(levelled(event));
        break;
      case "end":
        ending(event).forEach(say);
    }
  };
}

/** Redraws a few lines in place: the steps with their marks, the traffic, and how the canary does. */
export function liveReporter(out: { write(text: string): unknown; readonly columns?: number }): Reporter {
  const view = new LiveView();
  let drawn = 0;
  return (event) => {
    // What stays on the screen is written above the view, which is drawn anew below it.
    const above = view.take(event);
    const lines = view.lines().map((line) => clip(line, out.columns ?? 100));
    const up = drawn > 0 ? `\u001b[${drawn}A\u001b[J` : "";
    out.write(`${up}${[...above, ...lines].map((line) => `${line}\n`).join("")}`);
    drawn = event.kind === "end" ? 0 : lines.length;
  };
}

class LiveView {
  private steps: readonly Step[] = STEPS;
  private readonly state = new Map<Step, { mark: string; text: string }>();
  private readonly began = new Map<Step, number>();
  private shown = "";
  private detail = "";

  /** @returns lines that stay */
  take(event: ReleaseEvent): string[] {
    switch (event.kind) {
      case "begin":
        this.steps = event.steps;
        return [colours.bold(title(event)), ""];
      case "step":
        if (event.state === "begins") {
          this.began.set(event.step, Date.now());
          this.state.set(event.step, { mark: colours.cyan("▸"), text: event.text });
          if (!this.steps.includes(event.step)) this.steps = [...this.steps, event.step];
          return [];
        }
        this.detail = "";
        this.state.set(event.step, {
          mark: event.state === "done" ? colours.green("✔") : colours.red("✘"),
          text: `${time(event.seconds)}  ${event.text.split("\n")[0]!}`,
        });
        return event.state === "failed" ? event.text.split("\n").map((line) => colours.red(line)) : [];
      case "plan":
        this.detail = `${event.changes.length} changes`;
        return event.allowed.map((address) => colours.yellow(`let through by --allow: ${address}`));
      case "progress":
        this.detail = `${event.done} of ${event.total}${event.waitingFor ? `, waiting for ${event.waitingFor}` : ""}`;
        return [];
      case "traffic":
        this.shown = bar(event.weights);
        return [];
      case "watch":
        this.detail = watched(event);
        return [];
      case "line":
        return [levelled(event)];
      case "end":
        return ["", ...ending(event)];
    }
  }

  lines(): string[] {
    const rows = this.steps.map((step) => {
      const { mark, text } = this.state.get(step) ?? { mark: colours.dim("·"), text: "" };
      return `${mark} ${step.padEnd(9)}${colours.dim(text)}`;
    });
    return [...rows, "", ...(this.shown ? [this.shown] : []), ...(this.detail ? [this.detail] : [])];
  }
}

const title = ({
  product,
  version,
  from,
  environment,
  resumed,
  run,
}: Extract<ReleaseEvent, { kind: "begin" }>): string =>
  `${product} ${from === undefined ? "" : `${from} → `}${version} on ${environment}${resumed ? ", resumed" : ""} (run ${run})`;

function verdict(event: Extract<ReleaseEvent, { state: "done" | "failed" }>): string {
  const mark = event.state === "done" ? colours.green("done") : colours.red("failed");
  return `${mark} after ${time(event.seconds)}: ${event.text}`;
}

const traffic = (weights: Extract<ReleaseEvent, { kind: "traffic" }>["weights"]): string =>
  (["blue", "green"] as const)
    .flatMap((colour) => (weights[colour] === undefined ? [] : [`${colours[colour](colour)} ${weights[colour]} %`]))
    .join(", ");

const BAR = 40;
const bar = (weights: Extract<ReleaseEvent, { kind: "traffic" }>["weights"]): string => {
  const blue = Math.round(((weights.blue ?? 0) / 100) * BAR);
  return `${colours.blue("█".repeat(blue))}${colours.green("█".repeat(BAR - blue))} ${traffic(weights)}`;
};

function watched(event: Extract<ReleaseEvent, { kind: "watch" }>): string {
  const { requests, minRequests, errorShare, maxErrorShare, p95Seconds, maxP95Seconds } = event;
  const p95 = p95Seconds === undefined ? "–" : `${round(p95Seconds * 1000)} ms`;
  return [
    `${time(event.seconds)} of ${time(event.ofSeconds)}`,
    `requests ${requests === undefined ? "–" : Math.round(requests)} (at least ${minRequests})`,
    `errors ${percent(errorShare)} (limit ${percent(maxErrorShare)})`,
    `p95 ${p95} (limit ${round(maxP95Seconds * 1000)} ms)`,
    ...(requests === undefined ? [event.text] : []),
  ].join("  ");
}

const LEVELS = { info: (text: string) => text, warning: colours.yellow, error: colours.red } as const;
const levelled = ({ level, text }: Extract<ReleaseEvent, { kind: "line" }>): string => LEVELS[level](text);

function ending({ outcome, seconds, text, next }: Extract<ReleaseEvent, { kind: "end" }>): string[] {
  const paint = outcome === "done" ? colours.green : outcome === "stuck" ? colours.red : colours.yellow;
  return [
    paint(colours.bold(`${outcome} after ${time(seconds)}`)),
    ...text,
    ...(next === undefined ? [] : [`To go on: ${colours.bold(next)}`]),
  ];
}

/** Cuts a line to the terminal's width, colours not counted: one that wraps would be redrawn wrongly. */
function clip(line: string, columns: number): string {
  let visible = 0;
  // eslint-disable-next-line no-control-regex -- the escape that begins a colour
  return line.replace(/\u001b\[\d+m|./gu, (part) => (part.startsWith("\u001b") || ++visible < columns ? part : ""));
}
