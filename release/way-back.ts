/**
 * Where a rollback leads: to the last version that held all traffic and that nothing bad was said of. It is read from the
 * record (the journal) and from what was applied (the state), never from which colour is free: the other set may be the
 * version that has just failed.
 */
import { type Colour, otherColour, type ProductRelease } from "../model/release";
import type { Held, ProductRecord } from "./journal/record";

export type WayBack =
  /** It has all traffic: there is nothing to do. */
  | { readonly kind: "there"; readonly version: string; readonly why: string }
  /** Its set runs beside: the switch alone moves. */
  | { readonly kind: "move"; readonly version: string; readonly colour: Colour }
  /** Its set is gone. */
  | { readonly kind: "gone"; readonly version: string; readonly held: Held | undefined }
  /** It must not get visitors this way. */
  | { readonly kind: "refused"; readonly version: string; readonly why: string }
  /** Nobody knows a good one. */
  | { readonly kind: "unknown"; readonly why: string };

/**
 * @param now what was applied
 * @param named by the operator. @default the record decides
 */
export function wayBack(record: ProductRecord, now: ProductRelease, named?: string): WayBack {
  const live = now[now.live]?.version;
  if (named !== undefined) return toVersion(record, now, named);
  if (now.canary > 0 && live !== undefined) return toVersion(record, now, live);
  if (live !== undefined && !isToLeave(record, live)) {
    const { attempt } = record;
    const why =
      attempt && attempt.version !== live
        ? `${attempt.version}, the last that was tried, does not have it (${record.bad.get(attempt.version) ?? "it was taken back"})`
        : "nothing came after it";
    return { kind: "there", version: live, why };
  }
  const good = record.held.find(({ set: { version } }) => version !== live && !record.bad.has(version));
  if (good) return toVersion(record, now, good.set.version);
  const bad = record.held.filter(({ set }) => record.bad.has(set.version) && set.version !== live);
  return {
    kind: "unknown",
    why:
      bad.length > 0
        ? `of what held all traffic before, ${bad.map(({ set: { version } }) => `${version} ${record.bad.get(version)!}`).join("; ")}`
        : `the record knows of no version that held all traffic before ${live ?? "this"}`,
  };
}

/** Whoever rolls back means the version that came last: by its own way, or without any that the record knows of. */
function isToLeave({ attempt, held }: ProductRecord, live: string): boolean {
  return held[0]?.set.version !== live || (attempt?.version === live && attempt.took);
}

function toVersion(record: ProductRecord, now: ProductRelease, version: string): WayBack {
  const held = record.held.find(({ set }) => set.version === version);
  const isLive = now[now.live]?.version === version;
  if (isLive && now.canary === 0) return { kind: "there", version, why: "it is live already" };
  // Whom the visitors are on is no question of good or bad: this only ends a canary.
  if (isLive) return { kind: "move", version, colour: now.live };
  const word = record.bad.get(version);
  if (word !== undefined) return { kind: "refused", version, why: word };
  if (now[otherColour(now.live)]?.version !== version) return { kind: "gone", version, held };
  return held
    ? { kind: "move", version, colour: otherColour(now.live) }
    : { kind: "refused", version, why: "has never held all traffic" };
}
