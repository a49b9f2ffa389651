/** A stack that can be planned from its state alone. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface WithProviders {
  readonly provider?: Readonly<Record<string, readonly object[]>>;
}

/**
 * The Docker provider asks its engine for a sign of life before it does anything (4.5.0), so a plan without a refresh, which
 * needs none, would want SSH to the host all the same. Here it does not ask. Nothing else of the stack changes, and so
 * neither does the plan.
 *
 * @param directory with a synthesized stack
 */
export function withoutEngine(directory: string): void {
  const path = join(directory, "cdk.tf.json");
  const config = JSON.parse(readFileSync(path, "utf8")) as WithProviders;
  const docker = config.provider?.["docker"];
  if (!docker) return;
  const provider = {
    ...config.provider,
    docker: docker.map((settings) => ({ ...settings, disable_docker_daemon_check: true })),
  };
  writeFileSync(path, JSON.stringify({ ...config, provider }, undefined, 2));
}
