/** A review as Markdown for a comment in a pull request. */
import type { Redact } from "../release/redact";
import { describeCost } from "./capacity";
import { type Detail, shown } from "./details";
import type { Drift } from "./drift";
import { brokenPolicies, type Group, type Review } from "./review";
import { count } from "./words";

/** GitHub's limit of a comment's body, in characters ("body is too long (maximum is 65536 characters)"). */
export const MOST_CHARACTERS = 65_536;

export interface MarkdownOptions {
  /** Takes secrets out of the whole text. */
  readonly redact: Redact;
  /** @default GitHub's limit */
  readonly most?: number;
}

/**
 * The verdict, what is destroyed and how to go on are always in it. What does not fit is folded by whole products, the
 * longest first; a thing that is left out is counted in its place.
 */
export function markdown(review: Review, { redact, most = MOST_CHARACTERS }: MarkdownOptions): string {
  const groups = review.groups.map((group) => ({ group, whole: foldedGroup(group), short: shortGroup(group) }));
  // Redacting can only shorten: a mask is shorter than any secret.
  const text = (folded: ReadonlySet<Group>, shorter: boolean): string =>
    redact(
      [
        ...head(review, shorter),
        ...groups.map(({ group, whole, short }) => (folded.has(group) ? short : whole)),
        foot(review),
      ].join("\n\n"),
    );
  const folded = new Set<Group>();
  const longest = [...groups].sort((a, b) => b.whole.length - b.short.length - (a.whole.length - a.short.length));
  let result = text(folded, false);
  for (const { group } of longest) {
    if (result.length <= most) break;
    folded.add(group);
    result = text(folded, false);
  }
  return result.length <= most ? result : text(folded, true);
}

/** Lines of a list that is shortened as a last resort. */
const FEW = 50;

function head(review: Review, shorter: boolean): string[] {
  const { losses, removed, drift, interruptions, notApplied, made } = review;
  const most = shorter ? FEW : Infinity;
  const mark = losses.length > 0 ? "🛑" : interruptions.some(({ noticed }) => noticed) ? "⚠️" : "✅";
  const broken = brokenPolicies(review);
  return [
    `### ${mark} ${escape(review.verdict)}`,
    `${code(review.platform)} ${code(review.environment)}, ${count(review.changes, "change")}. ${escape(describeMade(review))}`,
    ...(losses.length > 0
      ? [
          section(
            "Destroyed",
            clip(
              losses.map(
                ({ what, address, replaced }) =>
                  `**${what} ${code(address)} is ${replaced ? "replaced: the old one is destroyed" : "destroyed"}**`,
              ),
              most,
            ),
            "Nothing here can bring these back.",
          ),
        ]
      : []),
    ...(broken.length > 0 ? [policySection(review, most)] : []),
    ...(review.traffic.length > 0 ? [trafficSection(review, most)] : []),
    ...(interruptions.length > 0
      ? [
          table(
            "What is replaced, and what visitors notice",
            ["Whose traffic", "What happens", "For how long"],
            [...interruptions]
              .sort((a, b) => Number(b.noticed) - Number(a.noticed))
              .map(({ who, what, howLong, noticed }) => [
                escape(who),
                escape(what),
                noticed ? `**${escape(howLong)}**` : escape(howLong),
              ]),
            most,
          ),
        ]
      : review.changes > 0
        ? ["Nothing that serves visitors is replaced."]
        : []),
    ...(removed.length > 0 ? [section("Removed", clip(removed.map(code), most))] : []),
    ...(drift.length > 0 ? [section("Drift: changed outside of Terraform", clip(drift.map(driftLine), most))] : []),
    ...(notApplied.length > 0
      ? [
          section(
            "Planned, but the docker provider will not do it",
            clip(
              notApplied.map(({ address, attributes }) => `${code(address)}: ${attributes.map(code).join(", ")}`),
              most,
            ),
            "It says so after the apply, and nothing has changed. Have the containers replaced: `-replace=<address>`.",
          ),
        ]
      : []),
    ...(made.refreshed ? [] : ["Drift was not looked for: this plan asked neither the host nor the clouds."]),
    capacitySection(review),
    ...(broken.length > 0 ? [] : [policySection(review, most)]),
  ];
}

/** How the plan was made, in a sentence. */
export function describeMade({ made }: Pick<Review, "made">): string {
  const at = made.at
    .toISOString()
    .replace(/:\d\d\.\d+Z$/, "Z")
    .replace("T", " ");
  if (made.refreshed) return `Planned at ${at} with a look at what is really there.`;
  const age = made.stateFrom ? `is ${ageOf(made.at, made.stateFrom)} old` : "has no known age";
  return `Planned at ${at} from the state, which ${age}, without a look at what is really there.`;
}

function ageOf(now: Date, then: Date): string {
  const minutes = Math.max(0, Math.round((now.getTime() - then.getTime()) / 60_000));
  if (minutes < 120) return count(minutes, "minute");
  const hours = Math.round(minutes / 60);
  return hours < 48 ? count(hours, "hour") : count(Math.round(hours / 24), "day");
}

const trafficSection = ({ traffic }: Review, most: number): string =>
  table(
    "Traffic",
    ["Product", "What happens to its traffic"],
    [...traffic]
      .sort((a, b) => Number(b.moved) - Number(a.moved))
      .map(({ product, clause, moved }) => [code(product), moved ? `**${escape(clause)}**` : escape(clause)]),
    most,
  );

function driftLine({ address, gone, attributes, mended }: Drift): string {
  const what = gone
    ? "is gone"
    : attributes
        .map(({ name, before, after, sensitive }) =>
          sensitive ? `${code(name)} (sensitive)` : `${code(name)} ${code(shown(before))} → ${code(shown(after))}`,
        )
        .join(", ");
  return `${code(address)} ${what}; ${mended ? "this plan puts it right" : "this plan leaves it as it is"}`;
}

function capacitySection({ capacity }: Review): string {
  const { memory, of, server, cost } = capacity;
  const share = (size: { readonly mebibytes: number }, whole: { readonly mebibytes: number } | undefined): string =>
    whole === undefined ? "" : ` (${Math.round((size.mebibytes / whole.mebibytes) * 100)} %)`;
  const meanwhile = memory.meanwhile.mebibytes > Math.max(memory.before.mebibytes, memory.after.mebibytes);
  const costs = [describeCost(cost.before), describeCost(cost.after)];
  return section("Capacity and cost", [
    `memory that containers may use: ${memory.before.toString()}${share(memory.before, of.before)} → ${memory.after.toString()}${share(memory.after, of.after)}${meanwhile ? `, at most ${memory.meanwhile.toString()}${share(memory.meanwhile, of.after)} during the apply` : ""}`,
    ...(server.before === server.after
      ? server.after === undefined
        ? []
        : [`server: ${code(server.after)}, as before`]
      : [`server: ${code(server.before ?? "none")} → ${code(server.after ?? "none")}`]),
    costs[0] === costs[1]
      ? `cost: ${escape(costs[1]!)}, as before`
      : `cost: ${escape(costs[0]!)} → ${escape(costs[1]!)}`,
  ]);
}

function policySection(review: Review, most: number): string {
  const broken = brokenPolicies(review);
  const lines = review.policies.flatMap(({ policy, waived }) =>
    waived.map(
      ({ address, given, waiver }) =>
        `🔕 ${code(policy.name)}: ${code(address)} ${escape(given)}; waived until ${waiver.until}: ${escape(waiver.reason)}`,
    ),
  );
  const refused = broken.flatMap(({ policy, broken: findings }) =>
    findings.map(
      ({ address, given, fix, ended }) =>
        `❌ ${code(policy.name)}: ${code(address)} ${escape(given)}. ${escape(policy.reason)} ${escape(capital(fix))}.${ended ? ` (The waiver ended on ${ended.until}.)` : ""}`,
    ),
  );
  const kept = review.policies.filter((result) => result.broken.length === 0 && result.pointless === undefined);
  const pointless = review.policies.filter((result) => result.pointless !== undefined);
  return section(broken.length > 0 ? "Policies: this plan is not to be applied" : "Policies", [
    ...clip([...refused, ...lines], most),
    ...(kept.length > 0 ? [`kept: ${kept.map(({ policy }) => code(policy.name)).join(", ")}`] : []),
    ...pointless.map(({ policy, pointless: why }) => `not asked: ${code(policy.name)}, ${escape(why!)}`),
  ]);
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const summaryOf = ({ title, details }: Group): string => {
  const signs = new Map<string, number>();
  for (const { sign } of details) signs.set(sign, (signs.get(sign) ?? 0) + 1);
  return `${escape(title)}: ${count(details.length, "change")} (${[...signs].map(([sign, n]) => `${sign} ${n}`).join(", ")})`;
};

const foldedGroup = (group: Group): string =>
  [`<details><summary>${summaryOf(group)}</summary>`, "", ...group.details.flatMap(detailLines), "", "</details>"].join(
    "\n",
  );

const shortGroup = (group: Group): string =>
  `${summaryOf(group)}; too long to be shown here, \`npx twinset review\` shows it.`;

const detailLines = ({ sign, address, note, attributes }: Detail): string[] => [
  `- ${sign} ${code(address)}${note === "" ? "" : ` ${escape(note)}`}`,
  ...attributes.map(
    ({ name, text, forces }) => `  - ${code(name)} ${code(text)}${forces ? ", which replaces it" : ""}`,
  ),
];

function foot(review: Review): string {
  const { environment, fingerprint } = review;
  if (review.changes === 0) return "There is nothing to apply.";
  const broken = brokenPolicies(review);
  const how =
    broken.length > 0
      ? `It cannot be applied while a policy is broken: mend it, or add a waiver to ${code(`config/waivers/${review.platform}.json`)}.`
      : `Apply exactly this: ${code(`npx twinset apply ${environment} --reviewed ${fingerprint}`)}. A plan that does anything else is refused.`;
  return [
    "---",
    `\`+\` added, \`-\` removed, \`~\` changed in place, \`±\` replaced with the new one first, \`∓\` replaced with the old one first.`,
    `${how}`,
    `Fingerprint: ${code(fingerprint)}`,
  ].join("\n\n");
}

const section = (title: string, lines: readonly string[], after?: string): string =>
  [`**${title}**`, "", ...lines.map((line) => `- ${line}`), ...(after ? ["", after] : [])].join("\n");

function table(title: string, headings: readonly string[], rows: readonly (readonly string[])[], most: number): string {
  const cells = (row: readonly string[]): string => `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const kept = rows.slice(0, most);
  return [
    `**${title}**`,
    "",
    cells(headings),
    cells(headings.map(() => "---")),
    ...kept.map(cells),
    ...(rows.length > kept.length ? ["", `and ${rows.length - kept.length} more`] : []),
  ].join("\n");
}

const clip = (lines: readonly string[], most: number): string[] =>
  lines.length <= most ? [...lines] : [...lines.slice(0, most), `and ${lines.length - most} more, which are not shown`];

/** A text from a plan as plain text: no link, no mention, no HTML comes of it. */
export const escape = (text: string): string =>
  text
    .replace(/[\r\n]+/g, " ")
    .replace(/[\\`*_{}[\]<>#~|]/g, (c) => `\\${c}`)
    .replaceAll("@", "&#64;")
    .replaceAll("://", ":&#47;&#47;");

/** A text from a plan in a code span, whatever backticks are in it. */
export function code(text: string): string {
  const line = text.replace(/[\r\n]+/g, " ");
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const space = longest > 0 ? " " : "";
  return `${fence}${space}${line}${space}${fence}`;
}
