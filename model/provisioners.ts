/** What Terraform runs beside the containers, on the computer that applies: all there is of it. */
import { DEPLOY_USER, FAILED_FILE, READY_FILE, SSH_CONNECT } from "./server";
import { waitUntil } from "./shell";

/** Fails where a container that has ended did not end well. */
export const MUST_EXIT_ZERO = "exit ${self.exit_code}";

/** A small server with a full package upgrade takes about five minutes. */
const PATIENCE_SECONDS = 900;

/** Of no command in the wait: 1 is "not yet", 255 is ssh's own. */
const FAILED = 42;

/** Waits until the server whose address is in HOST is set up and its Docker answers. */
export function waitForHost(): string {
  const settings = SSH_CONNECT.flatMap((setting) => ["-o", setting]);
  const ssh = `ssh ${settings.join(" ")} ${DEPLOY_USER}@"$HOST"`;
  return [
    'ssh-keygen -R "$HOST" >/dev/null 2>&1 || true',
    ...waitUntil({
      until: `said=$(${ssh} 'cat ${FAILED_FILE} 2>/dev/null && exit ${FAILED}; test -e ${READY_FILE} && docker info >/dev/null')`,
      patienceSeconds: PATIENCE_SECONDS,
      everySeconds: 5,
      each: [`if [ $? -eq ${FAILED} ]; then echo "$HOST stopped in its first start: $said"; exit 1; fi`],
      otherwise: [
        `echo "$HOST was not ready within ${PATIENCE_SECONDS} s. Can you log in as ${DEPLOY_USER}? What does cloud-init say: sudo cat /var/log/cloud-init-output.log"`,
        "exit 1",
      ],
    }),
  ].join("\n");
}
