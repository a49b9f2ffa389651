import { DEPLOY_USER, READY_FILE, SSHD_LIMITS, VOLUMES_PATH } from "../../model/server";
import { call, nested, type Raw } from "../terraform-expression";

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
    package_update: true,
    package_upgrade: true,
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
    runcmd: [
      // The volume is attached after the server was made: wait up to ten minutes for it.
      `for i in $(seq 600); do [ -b ${device} ] && break; sleep 1; done; [ -b ${device} ]`,
      `blkid ${device} || mkfs.ext4 -m 0 ${device}`,
      `mkdir -p ${VOLUMES_PATH}`,
      `echo '${device} ${VOLUMES_PATH} ext4 discard,nofail,defaults 0 2' >> /etc/fstab`,
      "systemctl daemon-reload",
      `mount ${VOLUMES_PATH}`,
      "systemctl restart ssh",
      "DEBIAN_FRONTEND=noninteractive apt-get install -y docker.io unattended-upgrades",
      "systemctl enable --now docker",
      `docker info && mountpoint ${VOLUMES_PATH} && touch ${READY_FILE}`,
    ],
  };
  return call("join", "\n", ["#cloud-config", nested("jsonencode", config)]);
}
