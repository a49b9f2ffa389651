/** What a check has found: one line for a person, with the fix where something is to be done. */

/** In the order in which they are shown, and in which a newcomer mends them. */
export const GROUPS = [
  "tools",
  "engine",
  "catalog",
  "inputs",
  "state",
  "Hetzner",
  "Cloudflare",
  "GitHub",
  "images",
  "host",
  "DNS",
  "certificates",
  "clock",
] as const;
export type Group = (typeof GROUPS)[number];

/**
 * - `warning`: a deploy goes through, but somebody should look; or it could not be told
 * - `failure`: a deploy would fail, or do harm
 * - `skipped`: could not be asked, or does not apply; `found` says why
 */
export type Status = "ok" | "warning" | "failure" | "skipped";

export interface Finding {
  readonly group: Group;
  /** What was looked at, in a few words: "may write". */
  readonly what: string;
  readonly status: Status;
  /** What was found there. Never a secret's value. */
  readonly found: string;
  /** What to do, as an imperative sentence. */
  readonly fix?: string;
}

/** Makes a group's findings. */
export class Findings {
  constructor(private readonly group: Group) {}

  ok(what: string, found: string): Finding {
    return { group: this.group, what, status: "ok", found };
  }

  warning(what: string, found: string, fix: string): Finding {
    return { group: this.group, what, status: "warning", found, fix };
  }

  failure(what: string, found: string, fix: string): Finding {
    return { group: this.group, what, status: "failure", found, fix };
  }

  /** @param why as a sentence's end: "needs TF_VAR_hcloud_token" */
  skipped(what: string, why: string): Finding {
    return { group: this.group, what, status: "skipped", found: why };
  }
}

/** "a, b, c and 7 more". */
export function some(words: readonly string[], most = 3): string {
  return words.length > most
    ? `${words.slice(0, most).join(", ")} and ${words.length - most} more`
    : words.join(", ") || "none";
}

/** "1 image", "3 images". */
export const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? "" : "s"}`;
