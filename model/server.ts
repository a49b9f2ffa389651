/** What is agreed with a server that was set up by cloud-init: who reaches it, and where things are. */

/** The user that Terraform reaches the Docker engine as. */
export const DEPLOY_USER = "deploy";
/** One connection, no questions. The gate forgets a replaced server's host key and learns the new one; after that a changed key is refused. */
export const SSH_CONNECT: readonly string[] = [
  "BatchMode=yes",
  "ConnectTimeout=10",
  "StrictHostKeyChecking=accept-new",
];
/** Many sessions over one connection: an empty plan of 40 containers takes 6.7 s in place of 8.5 s. */
const SHARE: readonly string[] = ["ControlMaster=auto", "ControlPersist=60s", "ControlPath=~/.ssh/twinset-%C"];
/** How the Docker provider uses SSH, and whoever asks the keeper: by the same connection. */
export const SSH_SETTINGS: readonly string[] = [...SSH_CONNECT, ...SHARE];
/** Written when everything below is done; the readiness gate waits for it. */
export const READY_FILE = "/var/lib/twinset-ready";
/** What stopped the first start, in words. */
export const FAILED_FILE = "/var/lib/twinset-failed";
/** Debian's own word that an upgrade waits for a reboot. */
export const REBOOT_FILE = "/run/reboot-required";
/** What a new server does, once; it may be done again. */
export const FIRST_START = "/usr/local/sbin/twinset-first-start";
/** Docker keeps its volumes here, and so the Hetzner volume is mounted here: data outlives the server. */
export const VOLUMES_PATH = "/var/lib/docker/volumes";
/** Terraform makes one connection per resource: sshd's own limits (10:30:100, 10) drop them. */
export const SSHD_LIMITS = { MaxStartups: "100:30:200", MaxSessions: "100" } as const;
