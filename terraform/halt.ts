/** How an apply is broken off that nobody waits for any longer. */
/** After it was asked to stop, Terraform begins no resource: one that has not said so by then waits for something else. */
const STOPS_WITHIN_MS = 5000;

/** When nobody waits any longer: an apply that has begun with no resource is asked to stop, and killed where that does not help. */
export function haltBeforeItBegins(over: AbortSignal | undefined) {
  const interrupted = new AbortController();
  const killed = new AbortController();
  let begun = false;
  let timer: NodeJS.Timeout | undefined;
  const halt = (): void => {
    if (begun) return;
    interrupted.abort();
    timer = setTimeout(() => begun || killed.abort(), STOPS_WITHIN_MS);
  };
  over?.addEventListener("abort", halt);
  return {
    interrupted: interrupted.signal,
    killed: killed.signal,
    hasBegun: () => void (begun = true),
    end: () => {
      clearTimeout(timer);
      over?.removeEventListener("abort", halt);
    },
  };
}
