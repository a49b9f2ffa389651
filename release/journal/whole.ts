/**
 * A journal that cannot be read whole says less than there is, and never nothing. The rule, for every command:
 *
 * - A line that cannot be read may be the start of a run, its end, or where it stands. So whoever would act by what the
 *   journal says of a product, or change the product beside a run that it cannot see, refuses: `release`, `--resume`,
 *   `deploy`, `canary`, `switch`, `retire`, and `settled` before a deploy from the files. `doubts` says which lines count.
 * - Whoever only looks (`status`, `drift`, `doctor`) says so in a warning and goes on.
 * - The way back is never barred. `rollback`, a switch to the set that has the traffic already, and a run that goes back by
 *   itself know from the release file and from their own state where to; they warn, and go on.
 * - A newer Twinset's line is refused for good: that Twinset has to be used. Of another one a person may say that it was
 *   looked at and counts as not there (`--past <id>`). That is written down, so it is asked once.
 */
import type { Platform } from "../../model/platform";
import { error, list, type Problem, ProblemsError } from "../../model/problem";
import type { Entry, UnreadableLine } from "./entry";
import { doubts, type JournalContent, latest, needed, unfinished } from "./unfinished";

/** More of them are counted, not named. */
const MOST_LINES = 5;

/** What keeps a command from acting by what the journal says of a product; none: it can be read as far as it matters. */
export const problemsOf = (journal: JournalContent, product: string, environment: string): readonly Problem[] =>
  told(journal, doubts(journal, product), product, environment);

/** The same of all products, for those who only look. */
export function allProblems(
  { products }: Pick<Platform, "products">,
  journal: JournalContent,
  environment: string,
): readonly Problem[] {
  const lines = new Set(products.flatMap(({ name }) => doubts(journal, name)));
  const product = journal.unreadable.find((each) => lines.has(each))?.product ?? products[0]?.name ?? "<product>";
  return told(
    journal,
    journal.unreadable.filter((each) => lines.has(each)),
    product,
    environment,
  );
}

/** For those who only look: "journal.jsonl:6 cannot be read: not whole". */
export const inWords = ({ path, given, fix }: Problem): string => `${path} cannot be read: ${given}; ${fix}`;

/**
 * Before a command acts by the journal.
 * @param past ids of lines that the operator has looked at
 * @returns those of them that matter, to be written down
 * @throws ProblemsError
 */
export function mustBeWhole(
  journal: JournalContent,
  product: string,
  environment: string,
  past: readonly string[] = [],
): readonly string[] {
  const inDoubt = doubts(journal, product);
  const unknown = past.filter((id) => !journal.unreadable.some((line) => line.id === id));
  const left = inDoubt.filter(({ kind, id }) => kind === "newer" || !past.includes(id));
  const problems = [
    ...unknown.map((id) =>
      error("--past", id, "the id of a line of the journal that cannot be read", `see twinset status ${environment}`),
    ),
    ...told(journal, left, product, environment),
  ];
  if (problems.length > 0) throw new ProblemsError(problems);
  return inDoubt.flatMap(({ id }) => (past.includes(id) ? [id] : []));
}

/** One problem for a newer Twinset's lines and one for the others, as there may be a thousand of them. */
function told(
  journal: JournalContent,
  lines: readonly UnreadableLine[],
  product: string,
  environment: string,
): readonly Problem[] {
  const newer = lines.filter(({ kind }) => kind === "newer");
  const others = lines.filter(({ kind }) => kind !== "newer");
  const { place = "journal.jsonl" } = journal;
  const expected = `a journal that this Twinset can read: a run of ${product} may have begun, ended or moved on there`;
  const again = `use the Twinset that wrote it (git pull, npm ci), and say the same again; only traffic can be moved back from here: twinset rollback ${product} --environment ${environment}`;
  return [newer, others]
    .filter(({ length }) => length > 0)
    .map((found) =>
      error(
        `${place}:${found[0]!.line}`,
        given(found),
        expected,
        found === newer ? again : afterLook(journal, found, product),
      ),
    );
}

function given(lines: readonly UnreadableLine[]): string {
  const [first, ...more] = lines;
  if (more.length === 0) return first!.why;
  const numbers = more.slice(0, MOST_LINES).map(({ line }) => `${line}`);
  const beyond = more.length - numbers.length;
  return `${first!.why}; and so line ${list(beyond > 0 ? [...numbers, `${beyond} more`] : numbers)}`;
}

function afterLook(journal: JournalContent, lines: readonly UnreadableLine[], product: string): string {
  const { place = "journal.jsonl" } = journal;
  const open = unfinished(journal, product);
  const { line } = lines[0]!;
  const look = place.startsWith("s3://") ? `aws s3 cp ${place} - | sed -n ${line}p` : `sed -n ${line}p ${place}`;
  const from = open ? `; ${open.run} then goes on from its last whole entry, line ${open.lastLine}` : "";
  const newer = lines.some(({ kind }) => kind === "unknown") ? "if a newer Twinset wrote it, use that one; else " : "";
  const ids = lines.map(({ id }) => id).join(" ");
  return `look at it: ${look}; ${newer}say that it counts as not there: --past ${ids}${from}`;
}

/**
 * Numbers of the lines that have to stay in the file that is read, when it gets too long: what `unfinished` needs, the
 * lines that cannot be read but count, and what says for which products they count no more.
 */
export function staying(journal: JournalContent): ReadonlySet<number> {
  const { entries, lines, unreadable } = journal;
  const stays = new Set<Entry>(needed(journal));
  const kept = unreadable.filter((each) => each.product === undefined || doubts(journal, each.product).includes(each));
  if (kept.length > 0) {
    for (const product of new Set(entries.map((entry) => entry.product))) {
      const last = latest(journal, product);
      for (const entry of entries) {
        const ofLast = entry.run === last?.run && (entry.event === "started" || entry.event === "ended");
        if (entry.product === product && (ofLast || entry.past)) stays.add(entry);
      }
    }
  }
  return new Set([
    ...entries.flatMap((entry, i) => (stays.has(entry) ? [lines[i]!] : [])),
    ...kept.map(({ line }) => line),
  ]);
}
