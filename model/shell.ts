/** What to do, as lines of POSIX shell, until a command exits 0 or the time is up. */
export interface WaitProps {
  readonly until: string;
  readonly patienceSeconds: number;
  readonly everySeconds: number;
  /** Runs whenever the command has failed, with its code in `$?`. @default nothing */
  readonly each?: readonly string[];
  /** Runs when the time is up; must end the script. */
  readonly otherwise: readonly string[];
}

export const waitUntil = ({ until, patienceSeconds, everySeconds, each = [], otherwise }: WaitProps): string[] => [
  `deadline=$(($(date +%s) + ${patienceSeconds}))`,
  `until ${until}; do`,
  ...each.map((line) => `  ${line}`),
  '  if [ "$(date +%s)" -ge "$deadline" ]; then',
  ...otherwise.map((line) => `    ${line}`),
  "  fi",
  `  sleep ${everySeconds}`,
  "done",
];
