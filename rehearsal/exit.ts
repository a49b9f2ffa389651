/** How a rehearsal ends, as the process' exit code. */

/** 0: every drill passed. 1: one failed. 2: something that drills need is missing, and nothing was rehearsed. */
export const EXIT = { passed: 0, failed: 1, missing: 2, interrupted: 130 } as const;
