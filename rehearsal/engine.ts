/** Restarts the local Docker engine, the way it was started. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Docker } from "../clients/docker";
import { run } from "../clients/program";
import { GENEROUS } from "./promises";

const PID_FILE = "/var/run/docker.pid";
/** Seconds. */
const PATIENCE = GENEROUS * 60;

/** By systemd where that runs it, else as the same command once more. @throws Error when it does not come back */
export async function restartEngine(docker: Docker): Promise<void> {
  const active = await run("systemctl", ["is-active", "--quiet", "docker"], { cwd: "/" }).catch(() => undefined);
  if (active?.code === 0) await run("systemctl", ["restart", "docker"], { cwd: "/" });
  else await again();
  for (let second = 0; second < PATIENCE; second++) {
    if ((await docker.attempt(["info"])).code === 0) return;
    await sleep(1000);
  }
  throw new Error(`the Docker engine did not come back within ${PATIENCE} s`);
}

async function again(): Promise<void> {
  const pid = Number(readFileSync(PID_FILE, "utf8"));
  const [program = "", ...args] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").filter(Boolean);
  process.kill(pid, "SIGTERM");
  for (let wait = 0; wait < PATIENCE * 10 && isAlive(pid); wait++) await sleep(100);
  spawn(program, args, { detached: true, stdio: "ignore" }).unref();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
