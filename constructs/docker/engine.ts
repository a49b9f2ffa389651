import type { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import type { ITerraformDependable } from "cdktf";
import type { Digests } from "../../model/image-version";

/** What every Docker resource of one environment shares. */
export interface Engine {
  readonly provider: DockerProvider;
  /** Begins every name: "manacore-production". */
  readonly prefix: string;
  /** Begins every label: "com.manacore". */
  readonly labelPrefix: string;
  /** The environment's name, for labels. */
  readonly environment: string;
  /** What must be there before anything can be made on the engine: the readiness gate of a remote host. */
  readonly ready: readonly ITerraformDependable[];
  /** References that replace containers, networks and images when they change: a new host has none of them. */
  readonly replacedWith: readonly string[];
  /**
   * "new-first": a changed release container is made before the old one goes, so traffic never stops.
   * "old-first": while the host itself may be replaced (ADR 0005).
   */
  readonly replaceOrder: "new-first" | "old-first";
  readonly logs: { readonly driver: string; readonly options: Readonly<Record<string, string>> };
  /** Digests of images that no release file names. @default none: they go by their tags */
  readonly digests?: Digests | undefined;
  /** Refuse to destroy volumes. */
  readonly protectData: boolean;
}

/** Labels as the provider wants them, in a stable order. */
export const labels = (
  engine: Engine,
  given: Readonly<Record<string, string | undefined>>,
): { label: string; value: string }[] =>
  Object.entries({ environment: engine.environment, ...given })
    .flatMap(([key, value]) => (value === undefined ? [] : [{ label: `${engine.labelPrefix}.${key}`, value }]))
    .sort((a, b) => (a.label < b.label ? -1 : 1));

/** The lifecycle part that lets a new host bring everything back. */
export const replaceWithHost = (engine: Engine): { replaceTriggeredBy?: string[] } =>
  engine.replacedWith.length > 0 ? { replaceTriggeredBy: [...engine.replacedWith] } : {};
