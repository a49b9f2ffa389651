/** What is agreed with a server that was set up by cloud-init: who reaches it, and where things are. */

/** The user that Terraform reaches the Docker engine as. */
export const DEPLOY_USER = "deploy";
/** Written when everything below is done; the readiness gate waits for it. */
export const READY_FILE = "/var/lib/twinset-ready";
/** Docker keeps its volumes here, and so the Hetzner volume is mounted here: data outlives the server. */
export const VOLUMES_PATH = "/var/lib/docker/volumes";
/** Terraform makes one connection per resource: sshd's own limits (10:30:100, 10) drop them. */
export const SSHD_LIMITS = { MaxStartups: "100:30:200", MaxSessions: "100" } as const;
