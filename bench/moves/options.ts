/** What `npm run bench -- --moves` can be told. */
import { wholeNumber } from "../errors";

export interface MovesOptions {
  /** How often each command is measured. */
  readonly count: number;
  /** undefined: all of them. */
  readonly products: readonly string[] | undefined;
  /** Whose traffic moves. @default the only one, or the one with a migration and the most services */
  readonly product: string | undefined;
  /** Rounds go on until so many were sent. */
  readonly requests: number;
  /** A second, at most. */
  readonly rate: number;
  /** No round begins after so many. */
  readonly minutes: number;
  /** How often a rollback is measured while something is broken; 0 for never. */
  readonly mishaps: number;
  /** Are the parts measured, too? */
  readonly parts: boolean;
  readonly env: NodeJS.ProcessEnv;
}

/** As `parseArgs` takes them. */
export const MOVES_OPTIONS = {
  "moves-count": { type: "string", default: "10" },
  products: { type: "string", default: "all" },
  product: { type: "string" },
  requests: { type: "string", default: "1" },
  rate: { type: "string", default: "300" },
  minutes: { type: "string", default: "120" },
  mishaps: { type: "string", default: "3" },
  "no-parts": { type: "boolean", default: false },
} as const;

interface Values {
  readonly "moves-count": string;
  readonly products: string;
  readonly product?: string | undefined;
  readonly requests: string;
  readonly rate: string;
  readonly minutes: string;
  readonly mishaps: string;
  readonly "no-parts": boolean;
}

/** @throws BenchError for what is no number */
export const movesOptions = (values: Values, env: NodeJS.ProcessEnv): MovesOptions => ({
  count: wholeNumber("--moves-count", values["moves-count"]),
  products: values.products === "all" ? undefined : values.products.split(","),
  product: values.product,
  requests: wholeNumber("--requests", values.requests),
  rate: wholeNumber("--rate", values.rate),
  minutes: wholeNumber("--minutes", values.minutes),
  mishaps: wholeNumber("--mishaps", values.mishaps, 0),
  parts: !values["no-parts"],
  env,
});
