/** The targets of `images/templates/Dockerfile`, and the services of Manacore's catalog that they are for. */
import { PLATFORMS } from "../config/platforms";
import type { Service } from "../model/service";

export const TARGETS = ["nestjs", "sveltekit", "astro"] as const;
export type Target = (typeof TARGETS)[number];

const ROLES: Readonly<Record<Target, readonly string[]>> = {
  nestjs: ["backend", "auth", "api"],
  sveltekit: ["web"],
  astro: ["landing"],
};

export const servicesFor = (target: Target): Service[] =>
  PLATFORMS["manacore"]!.products.flatMap(({ services }) => services).filter(({ role }) =>
    ROLES[target].includes(role),
  );
