/** This process as others see it, and whether another one of this computer still runs. */
import { hostname, userInfo } from "node:os";

/** "user@computer", as Terraform writes it into a lock. */
export function whoAmI(): string {
  let user = "";
  try {
    user = userInfo().username;
  } catch {
    // A container's user may have no name.
  }
  return `${user}@${hostname()}`;
}

/** Is that process certainly gone? Of other computers' processes nothing is certain. */
export function isGone(pid: number, host: string): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (reason) {
    // EPERM: it is there, and somebody else's.
    return (reason as NodeJS.ErrnoException).code === "ESRCH";
  }
}
