/** A review as blocks of words, before it is Markdown or text for a terminal: what is said, in which order. */
import type { Redact } from "../model/redact";
import { type Block, code, type Item, joined, type Mood, say, strong, type Words } from "./blocks";
import { describeCost } from "./capacity";
import { type Detail, differences } from "./details";
import type { Drift } from "./drift";
import type { PolicyResult } from "./policies";
import type { Finding, Policy } from "./policy";
import { brokenPolicies, doesSomething, type Group, isBlessed, type Review } from "./review";
import { count } from "./words";

/**
 * All blocks of a review. The verdict comes first, then what is lost, and how to go on comes last.
 * @param redact takes secrets out of every text, before any character of it is escaped
 */
export const document = (review: Review, redact: Redact): Block[] => redacted(blocksOf(review), redact);

function redacted<T>(value: T, redact: Redact): T {
  if (typeof value === "string") return redact(value) as T;
  if (Array.isArray(value)) return value.map((each: unknown) => redacted(each, redact)) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]: [string, unknown]) => [
    name,
    name === "kind" || name === "mood" ? inner : redacted(inner, redact),
  ]);
  return Object.fromEntries(entries) as T;
}

function blocksOf(review: Review): Block[] {
  const { losses, removed, drift, notApplied, made, groups } = review;
  const policies = policyBlock(review);
  const broken = brokenPolicies(review).length > 0;
  return [
    { kind: "title", mood: moodOf(review), words: say`${review.verdict}` },
    {
      kind: "paragraph",
      words: say`${code(review.platform)} ${code(review.environment)}, ${count(review.changes, "change")}. ${describeMade(review)}`,
    },
    ...gapBlock(review),
    ...block("Destroyed", losses.length > 0, {
      items: losses.map(({ what, address, name, replaced }) => ({
        words: [
          strong(`${what} `, code(address), replaced ? " is replaced: the old one is destroyed" : " is destroyed"),
          ...(name === undefined ? [] : say`: ${code(name)}`),
        ],
      })),
      after: say`Nothing here can bring these back.`,
      whole: true,
    }),
    ...block("The edge is not as Terraform was told", review.edge.length > 0, {
      items: review.edge.map((line) => ({ words: say`${line}` })),
      after: say`This plan was made from what Terraform was told: an apply of it settles that first, or is refused.`,
      whole: true,
    }),
    ...(broken ? [policies] : []),
    ...unseenChanges(review),
    ...trafficBlock(review),
    ...dataBlock(review),
    ...interruptionBlock(review),
    ...besideBlocks(review),
    ...block("Removed", removed.length > 0, {
      items: removed.map((address) => ({ words: say`${code(address)}` })),
      whole: true,
    }),
    ...block("Drift: changed outside of Terraform", drift.length > 0, { items: drift.map(driftItem) }),
    ...block("Planned, but the docker provider will not do it", notApplied.length > 0, {
      items: notApplied.map(({ address, attributes }) => ({
        words: say`${code(address)}: ${joined(attributes.map((name) => say`${code(name)}`))}`,
      })),
      after: say`The apply says that it has, and nothing has changed. Have the containers replaced: ${code("terraform apply -replace=<address>")}.`,
    }),
    ...(made.refreshed !== false || review.changes === 0
      ? []
      : [paragraph(say`Drift was not looked for: this plan asked neither the host nor the clouds.`)]),
    ...(review.changes > 0 ? [capacityBlock(review)] : []),
    ...(broken ? [] : [policies]),
    ...unseenSummary(review),
    ...groups.map(groupBlock),
    endBlock(review),
  ];
}

/** A change that no plan shows: what decides what runs, and is no attribute of a resource. */
const unseenChanges = ({ unseen }: Review): Block[] =>
  typeof unseen?.since !== "object" || unseen.changes.length === 0
    ? []
    : block("What no plan shows, and is otherwise since the last apply", true, {
        items: unseen.changes.map(({ mood, text }) => ({
          words: mood === "danger" ? [strong(text)] : say`${text}`,
        })),
        after: say`It was applied last at ${minute(new Date(unseen.since.at))} by ${code(unseen.since.who)}.`,
      });

const unseenSummary = ({ unseen }: Review): Block[] =>
  typeof unseen?.since !== "string"
    ? []
    : block("What no plan shows", true, {
        items: unseen.summary.map(({ kind, count: n, hash }) => ({ words: say`${kind}: ${String(n)}, ${code(hash)}` })),
        after: say`What of it is otherwise than at the last apply cannot be said: ${unseen.since}.`,
      });
const gapBlock = ({ gaps, complete }: Review): Block[] => [
  ...block("Not whole: this plan is not to be applied", gaps.length > 0, {
    items: gaps.map(({ address, what }) => ({ words: [strong(code(address), ` ${what}`)] })),
    after: say`What is not in a plan cannot be reviewed.`,
    whole: true,
  }),
  ...(complete === undefined ? [paragraph(say`It does not say whether it is the whole plan.`)] : []),
];

/** What an apply would do beside the changes of resources, and what does not hold. */
const besideBlocks = ({ beside: { imports, moves, forgotten, actions, checks } }: Review): Block[] => [
  ...block("Checks that do not hold, or are not known to", checks.length > 0, {
    items: checks.map(({ address, what }) => ({ words: say`${code(address)} ${what}` })),
    whole: true,
  }),
  ...block("Actions that are run", actions.length > 0, {
    items: actions.map(({ address, when }) => ({ words: say`${code(address)}: ${when}` })),
    after: say`A plan does not say what they do.`,
    whole: true,
  }),
  ...block("Left to themselves, out of the state", forgotten.length > 0, {
    items: forgotten.map((address) => ({ words: say`${code(address)}` })),
    after: say`They stay as they are, and no plan looks after them any more.`,
    whole: true,
  }),
  ...block("Taken into the state", imports.length > 0, {
    items: imports.map(({ address, from }) => ({ words: say`${code(address)} from ${code(from)}` })),
    whole: true,
  }),
  ...block("Other addresses", moves.length > 0, {
    items: moves.map(({ address, from }) => ({ words: say`${code(address)}, which was ${code(from)}` })),
  }),
];

const paragraph = (words: Words): Block => ({ kind: "paragraph", words });

const block = (
  title: string,
  there: boolean,
  rest: { readonly items: readonly Item[]; readonly after?: Words; readonly whole?: boolean },
): Block[] => (there ? [{ kind: "list", title, ...rest }] : []);

const moodOf = (review: Review): Mood => {
  if (review.losses.length > 0 || !isBlessed(review)) return "danger";
  if (review.unseen?.changes.some(({ mood }) => mood === "danger")) return "danger";
  const { imports, forgotten, checks, actions } = review.beside;
  if (review.edge.length + imports.length + forgotten.length + checks.length + actions.length > 0) return "care";
  if ((review.unseen?.changes.length ?? 0) > 0) return "care";
  const careful = review.interruptions.some(({ noticed }) => noticed) || review.drift.length > 0;
  return careful || review.notApplied.length > 0 ? "care" : "fine";
};

/** "2026-11-21 12:00Z" */
const minute = (at: Date): string =>
  at
    .toISOString()
    .replace(/:\d\d\.\d+Z$/, "Z")
    .replace("T", " ");

/** How the plan was made, in a sentence. */
export function describeMade({ made }: Pick<Review, "made">): string {
  const at = minute(made.at);
  if (made.refreshed === undefined)
    return `Planned at ${at}; it does not say whether with a look at what is really there.`;
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

const trafficBlock = ({ traffic }: Review): Block[] =>
  traffic.length === 0
    ? []
    : [
        {
          kind: "table",
          title: "Traffic",
          headings: ["Product", "What happens to its traffic"],
          rows: [...traffic]
            .sort((a, b) => Number(b.moved) - Number(a.moved))
            .map(({ product, clause, moved }) => [say`${code(product)}`, moved ? [strong(clause)] : say`${clause}`]),
        },
      ];

function dataBlock({ data, losses, changes }: Review): Block[] {
  if (changes === 0) return [];
  const kept: Words = say`no volume, bucket or server is destroyed`;
  const items = [
    ...data.map(({ of, what, bad }) => ({ words: say`${code(of)}: ${bad ? strong(what) : what}` })),
    ...(losses.length === 0 ? [{ words: kept }] : []),
  ];
  return block("Data", items.length > 0, { items });
}

function interruptionBlock({ interruptions, changes }: Review): Block[] {
  if (interruptions.length === 0) return changes > 0 ? [paragraph(say`Nothing that serves visitors is replaced.`)] : [];
  const rows = new Map(
    [...interruptions]
      .sort((a, b) => Number(b.noticed) - Number(a.noticed))
      .map(({ who, what, howLong, noticed }): [string, readonly Words[]] => [
        `${who}|${what}|${howLong}`,
        [say`${who}`, say`${what}`, noticed ? [strong(howLong)] : say`${howLong}`],
      ]),
  );
  return [
    {
      kind: "table",
      title: "What is replaced, and what visitors notice",
      headings: ["Whose traffic", "What happens", "For how long"],
      rows: [...rows.values()],
    },
  ];
}

function driftItem({ address, gone, attributes, mended }: Drift): Item {
  const end = mended ? "this plan puts it right" : "this plan leaves it as it is";
  if (gone) return { words: say`${code(address)} is gone; ${end}` };
  return {
    words: say`${code(address)}: ${end}`,
    under: attributes.flatMap(({ name, before, after, sensitive }) =>
      sensitive
        ? [say`${code(name)} (sensitive)`]
        : differences(before, after).map((text) => say`${code(name)} ${code(text)}`),
    ),
  };
}

function capacityBlock({ capacity }: Review): Block {
  const { memory, of, server, cost } = capacity;
  type Size = typeof memory.before;
  const share = (size: Size, whole: Size | undefined): string =>
    whole === undefined ? "" : ` (${Math.round((size.mebibytes / whole.mebibytes) * 100)} %)`;
  const most = Math.max(memory.before.mebibytes, memory.after.mebibytes);
  const meanwhile =
    memory.meanwhile.mebibytes > most
      ? `, at most ${memory.meanwhile.toString()}${share(memory.meanwhile, of.after)} during the apply`
      : "";
  const costs = { before: describeCost(cost.before), after: describeCost(cost.after) };
  const lines: Words[] = [
    say`memory that containers may use: ${memory.before.toString()}${share(memory.before, of.before)} → ${memory.after.toString()}${share(memory.after, of.after)}${meanwhile}`,
    ...(server.before === undefined && server.after === undefined
      ? []
      : [
          server.before === server.after
            ? say`server: ${code(server.after!)}, as before`
            : say`server: ${code(server.before ?? "none")} → ${code(server.after ?? "none")}`,
        ]),
    costs.before === costs.after ? say`cost: as before` : say`cost: ${costs.before} → ${costs.after}`,
  ];
  return { kind: "list", title: "Capacity and cost", items: lines.map((words) => ({ words })) };
}

function policyBlock(review: Review): Block {
  const broken = brokenPolicies(review);
  const short = review.policies.filter(({ said }) => said.length > 0);
  const kept = review.policies.filter(
    ({ broken: findings, said, pointless: why }) => findings.length + said.length === 0 && why === undefined,
  );
  const pointless = review.policies.filter((result) => result.pointless !== undefined);
  const reasons = [...new Set(pointless.map(({ pointless: why }) => why!))];
  const named = (results: readonly PolicyResult[]): Words =>
    joined(results.map(({ policy }) => say`${code(policy.name)}`));
  const items: Item[] = [
    ...broken.map(brokenItem),
    ...short.map(({ policy, said }) => policyItem(["short of ", ", and not refused"], policy, said, () => "")),
    ...review.policies.flatMap(({ policy, waived }) =>
      waived.map(({ address, given, waiver }) => ({
        words: say`waived until ${waiver.until}: ${code(policy.name)}, ${code(address)} ${given}. ${waiver.reason}`,
      })),
    ),
    ...(kept.length > 0 ? [{ words: say`kept: ${named(kept)}` }] : []),
    ...reasons.map((why) => ({
      words: say`not asked: ${named(pointless.filter((each) => each.pointless === why))}, ${why}`,
    })),
  ];
  return { kind: "list", title: broken.length > 0 ? "Policies: this plan is not to be applied" : "Policies", items };
}

const brokenItem = ({ policy, broken }: PolicyResult): Item =>
  policyItem(["broken: ", ""], policy, broken, ({ ended }) => (ended ? `; its waiver ended on ${ended.until}` : ""));

function policyItem<T extends Finding>(
  [before, after]: readonly [string, string],
  policy: Policy,
  findings: readonly T[],
  more: (finding: T) => string,
): Item {
  const fixes = new Set(findings.map(({ fix }) => fix));
  return {
    words: [
      strong(before, code(policy.name)),
      ...say`${after}: ${policy.demands}. ${policy.reason} What to do: ${[...fixes].join("; ")}.`,
    ],
    under: findings.map((finding) => say`${code(finding.address)} ${finding.given}${more(finding)}`),
  };
}

function groupBlock({ title, details }: Group): Block {
  const signs = new Map<string, number>();
  for (const { sign } of details) signs.set(sign, (signs.get(sign) ?? 0) + 1);
  const numbers = [...signs].map(([sign, n]) => `${sign} ${n}`).join(", ");
  return {
    kind: "group",
    title: `${title}: ${count(details.length, "change")} (${numbers})`,
    items: details.map(detailItem),
  };
}

const detailItem = ({ sign, address, note, attributes }: Detail): Item => ({
  words: say`${code(sign)} ${code(address)}${note === "" ? "" : ` ${note}`}`,
  under: attributes.map(
    ({ name, text, forces }) => say`${code(name)} ${code(text)}${forces ? ", which replaces it" : ""}`,
  ),
});

function endBlock(review: Review): Block {
  const { fingerprint } = review;
  const isWhole = review.gaps.length === 0;
  if (isWhole && !doesSomething(review) && brokenPolicies(review).length === 0)
    return { kind: "end", paragraphs: [say`There is nothing to apply.`] };
  return {
    kind: "end",
    paragraphs: [
      say`${code("+")} added, ${code("-")} removed, ${code("~")} changed in place, ${code("±")} replaced with the new one first, ${code("∓")} replaced with the old one first.`,
      howToApply(review),
      ...unlockedPlugins(review),
      say`Fingerprint: ${code(fingerprint)}`,
    ],
  };
}

/** What the fingerprint cannot hold: whose program it is that does all of this. */
const unlockedPlugins = ({ unlocked }: Review): Words[] =>
  unlocked.length === 0
    ? []
    : [
        say`Not checked: the content of ${count(unlocked.length, "plugin")} (${joined(unlocked.map((name) => say`${code(name)}`))}). No lock was used, so each computer takes its own by the version alone; ${code("npm run locks")} makes one.`,
      ];

function howToApply(review: Review): Words {
  const { environment, fingerprint, platform } = review;
  if (review.gaps.length > 0) {
    return say`It cannot be applied as reviewed, as it is not whole: no waiver helps. Plan the whole stack, with a Terraform that is known here, and review that.`;
  }
  if (brokenPolicies(review).length > 0) {
    return say`It cannot be applied while a policy is broken: mend it, or add a waiver to ${code(`config/waivers/${platform}.json`)}.`;
  }
  if (!review.fromText) {
    return say`A plan in JSON leaves out what protects a resource (lifecycle), so nothing can be applied by this fingerprint: review the saved plan itself, or let it be planned: ${code(`npx twinset review ${environment}`)}.`;
  }
  return say`Apply exactly this: ${code(`npx twinset apply ${environment} --reviewed ${fingerprint}`)}. A plan that does anything else is refused.`;
}
