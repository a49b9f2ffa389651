/** A stack that can be planned from its state alone. */
type Stack = Readonly<Record<string, unknown>>;

/**
 * The Docker provider asks its engine for a sign of life before it does anything (4.5.0), so a plan without a refresh, which
 * needs none, would want SSH to the host all the same. Here it does not ask. Nothing else of the stack changes, and so
 * neither does the plan.
 *
 * @param stack cdk.tf.json's content @returns the same, with other settings of that provider
 */
export function withoutEngine<Given extends Stack>(stack: Given): Given {
  const provider = stack["provider"] as Readonly<Record<string, readonly object[]>> | undefined;
  const docker = provider?.["docker"];
  if (!docker) return stack;
  const silent = docker.map((settings) => ({ ...settings, disable_docker_daemon_check: true }));
  return { ...stack, provider: { ...provider, docker: silent } };
}
