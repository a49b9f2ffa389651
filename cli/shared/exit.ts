/** What a pipeline can tell apart (docs/releasing.md). */
export const EXIT = {
  done: 0,
  /** Nothing moved, or what had been begun is gone; the old set serves. */
  failed: 1,
  /** A mistake in the command, or something that spoke against it from the start: nothing was changed. */
  mistake: 2,
  /** The guard refused a plan. */
  guarded: 3,
  /** Traffic had moved and is back on the old set. */
  wentBack: 4,
  /** Too little spoke for the new version, or the operator let it stay: a person decides. */
  undecided: 5,
  /** Somebody else is at work on the environment. */
  locked: 6,
  /** Traffic could not be moved back: act at once. */
  stuck: 7,
  /** Traffic is where it was to go, at the edge; Terraform could not be told. The next command tells it. */
  unrecorded: 8,
} as const;
