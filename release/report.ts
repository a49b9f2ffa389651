/** What a run tells whoever watches: people by lines or a live view, pipelines as JSON. Plain data, no secrets. */
import type { Outcome, Step } from "./machine";

export type ReleaseEvent =
  | {
      readonly kind: "begin";
      readonly run: string;
      readonly platform: string;
      readonly environment: string;
      readonly product: string;
      readonly version: string;
      /** The version that serves now, if any. */
      readonly from?: string | undefined;
      readonly resumed: boolean;
      /** Steps that will be taken, in order. */
      readonly steps: readonly Step[];
    }
  | { readonly kind: "step"; readonly step: Step; readonly state: "begins"; readonly text: string }
  | {
      readonly kind: "step";
      readonly step: Step;
      readonly state: "done" | "failed";
      readonly seconds: number;
      /** What was done, or what was found. */
      readonly text: string;
    }
  /** A plan that the guard has let through. */
  | {
      readonly kind: "plan";
      readonly step: Step;
      /** "docker_container.chat_green_backend-0 create". */
      readonly changes: readonly string[];
      /** Let through by the operator. */
      readonly allowed: readonly string[];
    }
  | {
      readonly kind: "progress";
      readonly done: number;
      readonly total: number;
      readonly waitingFor?: string | undefined;
    }
  | {
      readonly kind: "traffic";
      /** Per cent per colour. */
      readonly weights: Readonly<Partial<Record<"blue" | "green", number>>>;
    }
  | {
      readonly kind: "watch";
      readonly seconds: number;
      readonly ofSeconds: number;
      readonly requests?: number | undefined;
      readonly minRequests: number;
      /** 0 to 1. */
      readonly errorShare?: number | undefined;
      readonly maxErrorShare: number;
      readonly p95Seconds?: number | undefined;
      readonly maxP95Seconds: number;
      readonly text: string;
    }
  /** The operator has interrupted, and decides: in a terminal there is a question now, below everything else. */
  | { readonly kind: "asked"; readonly what: "watch" | "keep" }
  | { readonly kind: "line"; readonly text: string; readonly level: "info" | "warning" | "error" }
  | {
      readonly kind: "end";
      readonly outcome: Outcome;
      readonly seconds: number;
      /** What is so now, what was done about it. */
      readonly text: readonly string[];
      /** The one command to go on. */
      readonly next?: string | undefined;
    };

export type Reporter = (event: ReleaseEvent) => void;
