/**
 * Plans that the real Terraform made of the real providers, in a rehearsal of Manacore's production with chat alone:
 * `npx twinset rehearse --drill reviewed --products chat --plans __tests__/review/plans`.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { loadPlatform } from "../../config/load";
import { parsePlan } from "../../review/plan-file";
import { type Made, type Review, reviewPlan } from "../../review/review";
import type { Plan } from "../../terraform/plan";
import { asApplied } from "./plan";

const DIRECTORY = join(__dirname, "../review/plans");
const { platform } = loadPlatform({ platform: "manacore" });

export const GOLDEN_PLANS = readdirSync(DIRECTORY)
  .map((file) => file.replace(/\.json\.gz$/, ""))
  .sort();

/** A new copy each time, with digests: the plans are older than those of the images. */
export const goldenPlan = (name: string): Plan =>
  parsePlan(pinned(gunzipSync(readFileSync(join(DIRECTORY, `${name}.json.gz`))).toString("utf8")), name);

function pinned(text: string): string {
  const { resource_changes: changes } = parsePlan(text, "the plan");
  const images = changes
    .filter(({ type }) => type === "docker_image")
    .map(({ change }) => change.after ?? change.before);
  const names = new Set(images.map((values) => String(values?.["name"])));
  const digest = (image: string): string => createHash("sha256").update(image).digest("hex");
  return [...names].reduce((all, each) => all.replaceAll(`"${each}"`, `"${each}@sha256:${digest(each)}"`), text);
}

export const MADE: Made = { refreshed: true, at: new Date("2026-11-21T12:00:00Z") };

export function reviewOf(plan: Plan, made: Made = MADE): Review {
  return reviewPlan(plan, { platform, environment: platform.environments.production, made, ...asApplied(plan) });
}
