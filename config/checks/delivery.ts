/** Checks of how a platform is delivered: what GitHub would refuse, and what would make a gate worth nothing. */
import { type Gate } from "../../model/delivery";
import { deployed, pipelineValues, planSecrets } from "../../model/pipeline";
import { type StateStore } from "../../model/environment";
import { ENVIRONMENTS } from "../../model/environment-name";
import type { Platform } from "../../model/platform";
import { error, list, type Problem } from "../../model/problem";

/** docs.github.com, "Secrets reference" and "Variables reference": so many of each in an environment. */
const MOST_VALUES = 100;
/** docs.github.com, "Deployments and environments": 30 days. */
const LONGEST_WAIT = 43_200;
/** docs.github.com, "Available rules for rulesets". */
const MOST_APPROVALS = 10;

export function checkDelivery(platform: Platform): Problem[] {
  const { delivery } = platform;
  if (!delivery) return [];
  return [
    ...checkStateOfItsOwn(platform, delivery.state),
    ...checkRules(delivery.rules),
    ...ENVIRONMENTS.flatMap((name) => {
      const gate = delivery.gates[name];
      return gate ? checkGate(platform, name, gate) : [];
    }),
    ...deployed(platform).flatMap((environment) => checkValues(platform, environment.name)),
    ...(deployed(platform).length > 0
      ? []
      : [error("delivery/gates", "none", "an environment that pipelines deploy to", "add staging or production")]),
  ];
}

/** Whoever may read the environments' states would read the tokens and keys of every pipeline there. */
function checkStateOfItsOwn({ environments }: Platform, state: StateStore): Problem[] {
  if (state.kind === "local") return [];
  const sharing = ENVIRONMENTS.filter((name) => {
    const other = environments[name].state;
    return other.kind === "s3" && other.bucket === state.bucket;
  });
  return sharing.length > 0
    ? [
        error(
          "delivery/state/bucket",
          `${state.bucket}, in which ${list(sharing)} ${sharing.length > 1 ? "have their states" : "has its state"}`,
          "a bucket of its own: the jobs of pull requests have a token that reads all of that one",
          `name another one, e.g. ${state.bucket}-delivery`,
        ),
      ]
    : [];
}

/** A login, or a team with its organization. */
const OWNER = /^[A-Za-z0-9][A-Za-z0-9-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)?$/;

/** Nobody can agree to what is their own, so one person alone would own what nobody can change. */
function checkOwners(owners: readonly string[]): Problem[] {
  const people = new Set(owners);
  const enough = people.size > 1 || owners.some((owner) => owner.includes("/"));
  return [
    ...owners
      .filter((owner) => !OWNER.test(owner))
      .map((owner) =>
        error("delivery/rules/owners", owner, "a login, or organization/team, without an @", "write it as GitHub does"),
      ),
    ...(enough
      ? []
      : [
          error(
            "delivery/rules/owners",
            owners.length === 0 ? "none" : `${list([...people])} alone`,
            "two people, or a team: who changes a file cannot be who agrees",
            "name a team, as example/operators",
          ),
        ]),
  ];
}

function checkRules({ branch, approvals, checks, owners }: NonNullable<Platform["delivery"]>["rules"]): Problem[] {
  const twice = checks.filter((name, i) => checks.indexOf(name) !== i);
  return [
    ...(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/.test(branch)
      ? []
      : [error("delivery/rules/branch", branch, "the name of one branch, without wildcards", "write main")]),
    ...(Number.isInteger(approvals) && approvals >= 1 && approvals <= MOST_APPROVALS
      ? []
      : [error("delivery/rules/approvals", String(approvals), `from 1 to ${MOST_APPROVALS}`, "write 1")]),
    ...(checks.length > 0 && checks.every((name) => name.trim() !== "")
      ? []
      : [
          error(
            "delivery/rules/checks",
            checks.length > 0 ? "one without a name" : "none",
            "names of the jobs that must have passed",
            "name the jobs of .github/workflows/pull-request.yml",
          ),
        ]),
    ...checkOwners(owners),
    ...twice.map((name) => error("delivery/rules/checks", `${name} twice`, "each check once", "remove one of them")),
  ];
}

function checkGate({ environments }: Platform, name: (typeof ENVIRONMENTS)[number], gate: Gate): Problem[] {
  const path = `delivery/gates/${name}`;
  const wait = gate.waitMinutes ?? 0;
  return [
    ...(environments[name].host.kind === "local"
      ? [
          error(
            path,
            `${name}, which runs on one's own computer`,
            "an environment with a server",
            "remove it; no pipeline reaches that computer",
          ),
        ]
      : []),
    ...(Number.isInteger(wait) && wait >= 0 && wait <= LONGEST_WAIT
      ? []
      : [error(`${path}/waitMinutes`, String(wait), `a whole number from 0 to ${LONGEST_WAIT}`, "write 0")]),
    ...(gate.reviewed || gate.selfReview
      ? []
      : [
          error(
            `${path}/selfReview`,
            "false, without any review",
            "true, or a review",
            "write reviewed: true, or selfReview: true",
          ),
        ]),
  ];
}

function checkValues(platform: Platform, name: (typeof ENVIRONMENTS)[number]): Problem[] {
  const environment = platform.environments[name];
  const { secrets, settings } = pipelineValues(platform, environment);
  const plan = planSecrets(platform, environment);
  const counts = {
    secrets: Math.max(secrets.length, plan.same.length + plan.reader.length + Object.keys(plan.dummies).length),
    variables: settings.length,
  };
  return Object.entries(counts)
    .filter(([, count]) => count > MOST_VALUES)
    .map(([what, count]) =>
      error(
        `delivery/gates/${name}`,
        `${count} ${what}, one for each input`,
        `at most ${MOST_VALUES} in an environment at GitHub`,
        "put several of a product's values into one input, or deploy this environment without a pipeline",
      ),
    );
}
