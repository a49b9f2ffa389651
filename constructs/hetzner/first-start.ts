import { FAILED_FILE, FIRST_START, READY_FILE, VOLUMES_PATH } from "../../model/server";

/** How long the volume may take to be attached: Hetzner does so when the server was made. */
const PATIENCE_SECONDS = 600;
/** Another program may hold apt's or dpkg's lock on a new server, for minutes: unattended-upgrades does. */
const APT = `apt-get -o DPkg::Lock::Timeout=${PATIENCE_SECONDS} -y`;
const TRIES = 20;
const BETWEEN_SECONDS = 15;

/**
 * What a new server does on its first start, as a POSIX shell script: mounts the data volume, installs Docker. It makes no
 * file system, ever: Hetzner makes it when the volume is made (`format`), so a volume on which none can be read is damaged,
 * and `mkfs` would end whatever can still be saved. What stops it is in `FAILED_FILE`, which the readiness gate shows; when
 * that is mended it may run again.
 *
 * @param device the volume's path; may have a Terraform token in it
 */
export const firstStart = (device: string): string =>
  [
    "#!/bin/sh",
    "set -u",
    `device=${device}`,
    `rm -f ${FAILED_FILE}`,
    // First of all: what is in the settings of sshd keeps passwords out.
    "systemctl restart ssh",
    // Words of the last step that went wrong; nothing after it is done.
    `stop() { printf '%s\\n' "$1" | tee ${FAILED_FILE} >&2; exit 1; }`,
    "again() {",
    `  for try in $(seq ${TRIES}); do "$@" && return; sleep ${BETWEEN_SECONDS}; done`,
    `  stop "failed ${TRIES} times: $*. When that is mended: sudo ${FIRST_START}"`,
    "}",
    "",
    `for second in $(seq ${PATIENCE_SECONDS}); do [ -e "$device" ] && break; sleep 1; done`,
    `[ -e "$device" ] || stop "the volume is not attached: there is no $device after ${PATIENCE_SECONDS} s. When it is: sudo ${FIRST_START}"`,
    "",
    // -p asks the device itself, and no cache; what it finds ambiguous it does not name.
    `type=$(blkid -p -s TYPE -o value "$device")`,
    `case "$type" in`,
    "  ext4) ;;",
    `  '') stop "no file system can be read on $device. Hetzner made one with the volume, so it is damaged, or somebody else's: nothing was written to it, and mkfs would end what can be saved. Take a snapshot or copy first; e2fsck -n $device shows what is wrong, e2fsck -b 32768 $device mends it from a copy of the superblock. Then: sudo ${FIRST_START}" ;;`,
    `  *) stop "$device has $type in place of ext4, so it is not this environment's volume: nothing was written to it. Attach the right one, then: sudo ${FIRST_START}" ;;`,
    "esac",
    `mkdir -p ${VOLUMES_PATH}`,
    `grep -q " ${VOLUMES_PATH} " /etc/fstab || echo "$device ${VOLUMES_PATH} ext4 discard,nofail,defaults 0 2" >> /etc/fstab`,
    "systemctl daemon-reload",
    `mountpoint -q ${VOLUMES_PATH} || mount ${VOLUMES_PATH} || stop "$device has ext4 and cannot be mounted: dmesg says why. e2fsck -n $device shows what is wrong, and writes nothing. When it is mended: sudo ${FIRST_START}"`,
    // More for data: on a volume of 100 GB five would be kept for a root that writes nothing there.
    'tune2fs -m 0 "$device" || true',
    "",
    "export DEBIAN_FRONTEND=noninteractive",
    `again ${APT} update`,
    `again ${APT} upgrade`,
    `again ${APT} install docker.io unattended-upgrades`,
    "again systemctl enable --now docker",
    "again docker info",
    `mountpoint -q ${VOLUMES_PATH} || stop "${VOLUMES_PATH} is not mounted any more: dmesg says why. When it is: sudo ${FIRST_START}"`,
    `touch ${READY_FILE}`,
    "",
  ].join("\n");
