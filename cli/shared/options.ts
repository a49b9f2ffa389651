/** Options that several commands have, so that they are called and explained alike. */
export const ENVIRONMENT = ["-e, --environment <name>", "development, staging or production", "production"] as const;
export const ALLOW = ["--allow <address...>", "addresses outside of the product that may change"] as const;
export const UNLOCK = ["--unlock <id>", "take the lock of a run that is dead"] as const;
export const PAST = [
  "--past <id...>",
  "lines of the journal that cannot be read, and that you have looked at",
] as const;
export const JSON_LINES = ["--json", "one JSON object a line, for pipelines"] as const;
export const RECORD_FOR = [
  "--record-for <time>",
  "how long Terraform is tried to be told of traffic that is back at the edge (default: 2m)",
] as const;
