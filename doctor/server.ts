/** Is the server as its first start was to leave it? By what it said of itself at a login. */
import type { Context } from "./context";
import { count, type Finding, Findings } from "./finding";

const findings = new Findings("host");

const MIB = 1024;
const GIB = 1024 * MIB;
/** Per cent of the data volume that should be free: databases need room to compact. */
const ROOM_PERCENT = 15;
const NO_ROOM_PERCENT = 5;

export function aboutServer(context: Context, facts: ReadonlyMap<string, string>): Finding[] {
  return [firstStart(context, facts), ...reboot(facts), docker(facts), ...sshd(context, facts), disk(context, facts)];
}

function firstStart({ options }: Context, facts: ReadonlyMap<string, string>): Finding {
  const failed = facts.get("failed");
  if (failed !== undefined) {
    return findings.failure(
      "first start",
      `stopped: ${failed}`,
      "as it says; its whole output: /var/log/cloud-init-output.log",
    );
  }
  return facts.get("ready") === "yes"
    ? findings.ok("first start", "went through")
    : findings.failure(
        "first start",
        `not over, or failed: there is no ${options.host.readyFile}`,
        "wait some minutes; then on the server: sudo cat /var/log/cloud-init-output.log",
      );
}

/** A kernel or a C library that was brought up to date is in use after a reboot, and not before. */
function reboot(facts: ReadonlyMap<string, string>): Finding[] {
  const days = Number(facts.get("reboot") ?? Number.NaN);
  if (Number.isNaN(days)) return [];
  const since = days === 0 ? "since today" : `for ${count(days, "day")}`;
  return [
    findings.warning(
      "updates",
      `wait ${since} for a reboot: what they mend is not mended before`,
      "at a quiet time, on the server: sudo systemctl reboot; edge, stores and services come back by themselves",
    ),
  ];
}

function docker(facts: ReadonlyMap<string, string>): Finding {
  const version = facts.get("docker");
  return version
    ? findings.ok("Docker", version)
    : findings.failure(
        "Docker",
        `does not answer: ${facts.get("noDocker") ?? "no word about why"}`,
        "on the server: sudo systemctl status docker",
      );
}

/** Terraform makes one connection per resource: a default sshd drops them. */
function sshd({ options }: Context, facts: ReadonlyMap<string, string>): Finding[] {
  const what = "sshd";
  const wanted = Object.entries(options.host.sshd);
  const other = wanted.filter(([name, value]) => facts.get(name) !== value);
  if (other.length === 0) return [findings.ok(what, wanted.map((pair) => pair.join(" ")).join(", "))];
  if (other.every(([name]) => !facts.has(name))) {
    return [findings.warning(what, "its settings could not be read", "on the server: sudo sshd -T | grep -i max")];
  }
  return [
    findings.warning(
      what,
      other.map(([name, value]) => `${name} is ${facts.get(name) ?? "not told"}, not ${value}`).join("; "),
      "restore /etc/ssh/sshd_config.d/10-twinset.conf: with fewer, connections of a deploy are dropped",
    ),
  ];
}

function disk({ options }: Context, facts: ReadonlyMap<string, string>): Finding {
  const what = "data volume";
  const [, size, free, mounted] = /^(\d+) (\d+) (.+)$/.exec(facts.get("disk") ?? "") ?? [];
  if (size === undefined) {
    return findings.warning(what, "could not be looked at", `on the server: sudo df -h ${options.host.volumesPath}`);
  }
  if (mounted !== options.host.volumesPath) {
    return findings.failure(
      what,
      `not mounted: Docker's volumes lie on ${mounted}, which goes with the server`,
      `on the server: sudo mount ${options.host.volumesPath}, and look at sudo dmesg`,
    );
  }
  const percent = (Number(free) / Number(size)) * 100;
  const found = `${(Number(free) / GIB).toFixed(1)} of ${(Number(size) / GIB).toFixed(1)} GiB free`;
  const fix = "make it larger (volume in the environment's host), or remove what nobody needs: docker system df";
  if (percent < NO_ROOM_PERCENT) return findings.failure(what, found, fix);
  return percent < ROOM_PERCENT ? findings.warning(what, found, fix) : findings.ok(what, found);
}
