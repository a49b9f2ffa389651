import { DEPLOY_USER, FIRST_START, SSHD_LIMITS, VOLUMES_PATH } from "../../model/server";
import { call, nested, type Raw } from "../terraform-expression";
import { firstStart } from "./first-start";

export interface CloudInitProps {
  /** Id of the Hetzner volume; a Terraform token. */
  readonly volumeId: string;
  /** Public keys that may log in: an expression for a list of strings. */
  readonly publicKeys: Raw;
}

/**
 * What a new server does on its first start: mounts the data volume, installs Docker, lets in only keys, and lets
 * Terraform open many sessions at once (it makes one connection per resource; a default sshd drops them).
 *
 * Returns a token: cloud-config is YAML, JSON is YAML, and the volume's id and the keys are known to Terraform only.
 */
export function cloudInit({ volumeId, publicKeys }: CloudInitProps): string {
  const device = `/dev/disk/by-id/scsi-0HC_Volume_${volumeId}`;
  const config = {
    users: [
      {
        name: DEPLOY_USER,
        groups: "docker",
        shell: "/bin/bash",
        lock_passwd: true,
        ssh_authorized_keys: publicKeys,
        // Who may use Docker is root anyway; sudo lets a person repair a server without pretending otherwise.
        sudo: "ALL=(ALL) NOPASSWD:ALL",
      },
    ],
    groups: ["docker"],
    ssh_pwauth: false,
    disable_root: true,
    write_files: [
      // All of it is in one script, which stops at the first thing that goes wrong.
      { path: FIRST_START, permissions: "0755", content: firstStart(device) },
      {
        path: "/etc/ssh/sshd_config.d/10-twinset.conf",
        content: [
          "PasswordAuthentication no",
          "KbdInteractiveAuthentication no",
          "PermitRootLogin no",
          `AllowUsers ${DEPLOY_USER}`,
          "X11Forwarding no",
          "AllowAgentForwarding no",
          "MaxAuthTries 3",
          "LoginGraceTime 20",
          ...Object.entries(SSHD_LIMITS).map((setting) => setting.join(" ")),
          "ClientAliveInterval 30",
          "ClientAliveCountMax 4",
          "",
        ].join("\n"),
      },
      {
        path: "/etc/docker/daemon.json",
        // Containers go on while Docker itself is updated.
        content: JSON.stringify({ "live-restore": true, "log-driver": "json-file", "log-opts": { "max-size": "10m" } }),
      },
      {
        path: "/etc/systemd/system/docker.service.d/10-volumes.conf",
        // Without its volumes Docker would start with empty ones on the server's own disk.
        content: `[Unit]\nRequiresMountsFor=${VOLUMES_PATH}\n`,
      },
      {
        path: "/etc/apt/apt.conf.d/51twinset",
        content: 'Unattended-Upgrade::Automatic-Reboot "false";\n',
      },
    ],
    runcmd: [[FIRST_START]],
  };
  return call("join", "\n", ["#cloud-config", nested("jsonencode", config)]);
}
