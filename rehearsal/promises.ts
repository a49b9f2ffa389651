/**
 * The rule for time: what a document promises, it promises of a server that has its cores for itself. A rehearsal shares
 * this computer's with Terraform, the simulators, the load and whatever else runs. So it reports each promise as kept or
 * not, with the figure, and only beyond so many times of it a drill fails; and it waits so many times as long as anything
 * has taken here before it says that it does not come.
 */
export const GENEROUS = 4;

/** The documents' promises ("Rollback Time" and so on, manacore-deployment-architecture.md and manacore-ci-cd-plan.md). */
export const PROMISES = {
  deploy: { atMost: 600, source: "deploy under 10 min" },
  rollback: { atMost: 300, source: "rollback under 5 min" },
  trafficBack: { atMost: 30, source: "traffic back under 30 s" },
  /** From a rollback's start to the last answer by the version that is left, over SSH and with nothing else to help. */
  edgeFirst: { atMost: 2, source: "back within 2 s over SSH" },
  /** From the begin of a canary or a cutover until visitors have the new split, over SSH. */
  forward: { atMost: 3, source: "a canary or a cutover within 3 s over SSH" },
  /** The issue's own: from the first bad request to the last one. */
  badCanary: { atMost: 60, source: "back within 60 s" },
} as const;

/** Of a canary that nobody watches: its lease, and some seconds for the keeper's next look and the edge. */
export const leaseOf = (seconds: number) => ({
  atMost: seconds + 5,
  source: "an unwatched canary ends with its lease",
});
