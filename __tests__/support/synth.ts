import { App, TerraformStack, Testing } from "cdktf";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { addStacks } from "../../main";
import type { LoadedPlatform } from "../../config/load";
import { ENVIRONMENTS, type EnvironmentName } from "../../model/environment-name";
import type { Platform } from "../../model/platform";
import { parseSplit } from "../../model/release";
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

  /** What a routing job may put into force, by name: "all", or "blue", "green" and "both". */
  contents(job: string): Record<string, string> {
    const uploads = this.container(job)["upload"] as { file: string; content: string }[];
    return Object.fromEntries(uploads.map(({ file, content }) => [basename(file), content]));
  }

  /** The program that a routing job runs, as Terraform hands it on. */
  program(job: string): string {
    const [option, program, name] = this.container(job)["command"] as string[];
    if (option !== "-c" || name !== "edge") throw new Error(`${job} runs another program`);
    return program!.replace(/([$%])\1\{/g, "$1{");
  }

  /** The operation that it runs, and its arguments. */
  operation(job: string): string[] {
    return (this.container(job)["command"] as string[]).slice(3);
  }

  /** The content that a routing job puts into force. */
  routing(job: string): string {
    const [, , split] = this.operation(job);
    const contents = this.contents(job);
    const weighted = Object.entries(parseSplit(split ?? "")).filter(([, weight]) => weight > 0);
    const content = contents["all"] ?? contents[weighted.length > 1 ? "both" : (weighted[0]?.[0] ?? "")];
    if (content === undefined) throw new Error(`${job} has nothing for ${split}`);
    return content;
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

let outdir: string | undefined;

/** A stack for a construct on its own, and its synthesized text. */
export function synthConstruct(build: (stack: TerraformStack) => void): Synthesized {
  // Nothing is written there; without it cdktf would make a directory for each.
  outdir ??= mkdtempSync(join(tmpdir(), "twinset-test-"));
  const stack = new TerraformStack(Testing.app({ outdir }), "test");
  build(stack);
  return new Synthesized(Testing.synth(stack, true));
}
