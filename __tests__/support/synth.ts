import { App, TerraformStack, Testing } from "cdktf";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addStacks } from "../../main";
import type { LoadedPlatform } from "../../config/load";
import { ENVIRONMENTS, type EnvironmentName } from "../../model/environment-name";
import type { Platform } from "../../model/platform";
import { DELIVERY, type StackName } from "../../model/delivery";
import { DeliveryStack } from "../../stacks/delivery-stack";
import { EnvironmentStack } from "../../stacks/environment-stack";
import { loadProviderSchemas } from "./provider-schemas";

export const SCHEMAS = loadProviderSchemas(join(__dirname, "../../schemas"));

type Body = Record<string, unknown>;

/** A synthesized stack, and short ways into it. */
export class Synthesized {
  readonly json: Body;
  private references: Map<string, string[]> | undefined;

  constructor(readonly text: string) {
    this.json = JSON.parse(text) as Body;
  }

  /** All resources of a type, by their names in Terraform. */
  all(type: string): Record<string, Body> {
    return ((this.json["resource"] as Body)[type] ?? {}) as Record<string, Body>;
  }

  resource(type: string, name: string): Body {
    const found = this.all(type)[name];
    if (!found) throw new Error(`no ${type}.${name}; there are ${Object.keys(this.all(type)).join(", ")}`);
    return found;
  }

  container(name: string): Body {
    return this.resource("docker_container", name);
  }

  /** A container's label, without the prefix. */
  label(name: string, label: string): string | undefined {
    const labels = this.container(name)["labels"] as { label: string; value: string }[];
    return labels.find((l) => l.label.endsWith(`.${label}`) || l.label === label)?.value;
  }

  /** The file that a routing job brings into effect. */
  routing(job: string): string {
    const [upload] = this.container(job)["upload"] as { content: string }[];
    return upload!.content;
  }

  /** Addresses that a resource depends on, directly or not: by reference or by depends_on. */
  upstream(address: string): Set<string> {
    const references = (this.references ??= this.readReferences());
    const seen = new Set<string>();
    const visit = (from: string): void => {
      for (const to of references.get(from) ?? []) {
        if (seen.has(to)) continue;
        seen.add(to);
        visit(to);
      }
    };
    visit(address);
    return seen;
  }

  private readReferences(): Map<string, string[]> {
    const resources = new Map(
      Object.entries(this.json["resource"] as Record<string, Record<string, Body>>).flatMap(([type, named]) =>
        Object.entries(named).map(([name, body]) => [`${type}.${name}`, body] as [string, Body]),
      ),
    );
    return new Map(
      [...resources].map(([address, body]) => {
        const mentioned = JSON.stringify(body).match(/[a-z_]+\.[\w-]+/g) ?? [];
        return [address, [...new Set(mentioned)].filter((other) => other !== address && resources.has(other))];
      }),
    );
  }
}

type Loaded = Omit<LoadedPlatform, "problems">;

/** Synthesizes as `cdktf` would, into a directory that is gone afterwards. */
function synthWith(build: (app: App) => void, names: readonly StackName[]): Synthesized[] {
  const outdir = mkdtempSync(join(tmpdir(), "twinset-test-"));
  try {
    const app = new App({ outdir, stackTraces: false });
    build(app);
    app.synth();
    return names.map((name) => new Synthesized(readFileSync(join(outdir, "stacks", name, "cdk.tf.json"), "utf8")));
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

/** Every stack of a platform. */
export function synthAll(loaded: Loaded): Record<EnvironmentName, Synthesized> {
  const stacks = synthWith((app) => addStacks(app, { ...loaded, problems: [] }), ENVIRONMENTS);
  return Object.fromEntries(ENVIRONMENTS.map((name, i) => [name, stacks[i]!])) as Record<EnvironmentName, Synthesized>;
}

/** One stack of a platform. */
export function synthStack({ platform, releases }: Loaded, name: EnvironmentName = "production"): Synthesized {
  const environment = platform.environments[name];
  const [stack] = synthWith(
    (app) => new EnvironmentStack(app, name, { platform, environment, release: releases[name].release }),
    [name],
  );
  return stack!;
}

/** The delivery stack of a platform that has one. */
export function synthDelivery(platform: Platform): Synthesized {
  const { delivery } = platform;
  const [stack] = synthWith((app) => new DeliveryStack(app, DELIVERY, { platform, delivery: delivery! }), [DELIVERY]);
  return stack!;
}

/** A stack for a construct on its own, and its synthesized text. */
export function synthConstruct(build: (stack: TerraformStack) => void): Synthesized {
  const stack = new TerraformStack(Testing.app(), "test");
  build(stack);
  return new Synthesized(Testing.synth(stack, true));
}
