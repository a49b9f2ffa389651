/**
 * Synthesizes one production stack with as many service containers as the command line says, and prints time and memory
 * as JSON. The products are shaped like Manacore's: backend, web and landing, a Supabase database, a migration.
 *
 * The stack is made directly, without the catalog's checks: 8,000 containers rightly fail those (memory of the server,
 * ports). How long they take is measured after it.
 */
import { App } from "cdktf";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkPlatform } from "../config/checks";
import { manacore } from "../config/platforms/manacore";
import { backend, landing, SENTRY, supabaseDatabase, web, webEnv } from "../config/platforms/manacore/shapes";
import type { Platform } from "../model/platform";
import type { Release } from "../model/release";
import type { Product } from "../model/service";
import { withoutTraces } from "../main";
import { EnvironmentStack } from "../stacks/environment-stack";

export interface Growth {
  /** Service containers; migrations and switches come on top. */
  readonly containers: number;
  readonly resources: number;
  readonly seconds: number;
  readonly checksSeconds: number;
  /** Peak resident memory of the whole process up to the end of the synth. */
  readonly megabytes: number;
}

function product(index: number, services: number): Product {
  const name = `p${index}`;
  const port = 10_000 + 3 * index;
  const database = supabaseDatabase(name);
  return {
    name,
    services: [
      backend(name, { port, env: SENTRY }),
      web(name, port + 1, webEnv(name, `${name}-backend`)),
      landing(name, port + 2),
    ].slice(0, services),
    ...database,
  };
}

function platformOf(containers: number): Platform {
  const products = Array.from({ length: Math.ceil(containers / 3) }, (_, i) =>
    product(i, Math.min(3, containers - 3 * i)),
  );
  return { ...manacore, products };
}

function grow(containers: number): Growth {
  const platform = platformOf(containers);
  const state = { live: "blue", canary: 0, blue: { version: "v1.0.0" }, green: null } as const;
  const release: Release = Object.fromEntries(platform.products.map(({ name }) => [name, state]));
  const outdir = mkdtempSync(join(tmpdir(), "twinset-bench-"));
  try {
    const seconds = secondsOf(() =>
      withoutTraces(() => {
        const app = new App({ outdir, stackTraces: false });
        new EnvironmentStack(app, "production", { platform, environment: platform.environments.production, release });
        app.synth();
      }),
    );
    const megabytes = Math.round(process.resourceUsage().maxRSS / 1024);
    const json = readFileSync(join(outdir, "stacks", "production", "cdk.tf.json"), "utf8");
    const { resource } = JSON.parse(json) as { resource: Record<string, object> };
    const resources = Object.values(resource).reduce((sum, named) => sum + Object.keys(named).length, 0);
    const file = { release, path: "release.json" };
    const releases = { development: file, staging: file, production: file };
    const checksSeconds = secondsOf(() => checkPlatform(platform, releases));
    return { containers, resources, seconds, checksSeconds, megabytes };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

function secondsOf(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}

console.log(JSON.stringify(grow(Number(process.argv[2]))));
