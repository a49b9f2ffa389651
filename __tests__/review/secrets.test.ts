import { describe, expect, test } from "@jest/globals";
import { parsePlan } from "../../review/plan-file";
import { markdown } from "../../review/markdown";
import { recordOf } from "../../review/record";
import { planRedactor } from "../../review/secrets";
import { terminalText } from "../../review/terminal";
import type { Plan } from "../../terraform/plan";
import { goldenPlan, reviewOf } from "../support/golden-plans";

type Json = Record<string, unknown>;

/** All that anybody gets to see of a plan. */
function shown(plan: Plan): string {
  const review = reviewOf(plan);
  const redact = planRedactor(plan);
  return [
    markdown(review, { redact }),
    terminalText(review, redact),
    JSON.stringify(recordOf(plan, review, redact)),
  ].join("\n");
}

/** A plan as Terraform writes it, with something put into it. */
function planted(change: (plan: Json) => void): Plan {
  const plan = JSON.parse(JSON.stringify(goldenPlan("drift"))) as Json;
  change(plan);
  return parsePlan(JSON.stringify(plan), "a test");
}

const changes = (plan: Json): Json[] => plan["resource_changes"] as Json[];
const drifts = (plan: Json): Json[] => plan["resource_drift"] as Json[];
const of = (list: Json[], address: string): Json => list.find((each) => each["address"] === address)!["change"] as Json;
const FIREWALL = "hcloud_firewall.host_firewall";
const values = (change: Json, when: "before" | "after"): Json => change[when] as Json;
/** Gone from the state, and so only in what drifted. */
const gone = (plan: Json): Json =>
  drifts(plan).find(({ change, type }) => type === "docker_container" && (change as Json)["after"] === null)![
    "change"
  ] as Json;

/** Every place of a plan's JSON where something secret may be. */
const PLACES: readonly (readonly [string, (plan: Json, secret: string) => void])[] = [
  [
    "before, marked as a whole",
    (plan, secret) => {
      const change = of(changes(plan), FIREWALL);
      values(change, "before")["name"] = secret;
      (change["before_sensitive"] as Json)["name"] = true;
    },
  ],
  [
    "after, nested in a list of blocks",
    (plan, secret) => {
      const change = of(changes(plan), FIREWALL);
      values(change, "after")["rule"] = [{ direction: "in", description: secret, port: "22" }];
      change["after_sensitive"] = { rule: [{ description: true }] };
    },
  ],
  [
    "before and after of an attribute that is marked only after",
    (plan, secret) => {
      const change = of(changes(plan), FIREWALL);
      values(change, "before")["labels"] = { note: secret };
      values(change, "after")["labels"] = { note: `${secret}-2` };
      change["before_sensitive"] = {};
      change["after_sensitive"] = { labels: { note: true } };
    },
  ],
  [
    "a resource that is marked as a whole",
    (plan, secret) => {
      const change = of(changes(plan), FIREWALL);
      values(change, "after")["name"] = secret;
      change["after_sensitive"] = true;
    },
  ],
  [
    "an environment variable",
    (plan, secret) => {
      const { change } = changes(plan).find(({ address }) => String(address).endsWith("_switch_job"))! as {
        change: Json;
      };
      values(change, "before")["env"] = [`TOKEN=${secret}`];
      values(change, "after")["env"] = [`TOKEN=${secret}-next`, `${secret}`];
      change["after_sensitive"] = { ...(change["after_sensitive"] as Json), env: true };
    },
  ],
  [
    "drift",
    (plan, secret) => {
      const change = of(drifts(plan), FIREWALL);
      values(change, "before")["rule"] = [{ description: secret }];
      values(change, "after")["rule"] = [{ description: `${secret}!` }];
      change["before_sensitive"] = { rule: [{ description: true }] };
      change["after_sensitive"] = { rule: [{ description: true }] };
    },
  ],
  [
    "drift of something that is gone",
    (plan, secret) => {
      values(gone(plan), "before")["env"] = [`PASSWORD=${secret}`];
      gone(plan)["before_sensitive"] = { env: true };
    },
  ],
  [
    "an output",
    (plan, secret) => {
      plan["output_changes"] = {
        password: {
          actions: ["update"],
          before: secret,
          after: { inner: [secret] },
          before_sensitive: true,
          after_sensitive: true,
        },
      };
    },
  ],
  [
    "after_unknown, where no value should be",
    (plan, secret) => {
      of(changes(plan), FIREWALL)["after_unknown"] = { name: secret, rule: [secret] };
    },
  ],
  [
    "a provider's configuration",
    (plan, secret) => {
      const configuration = plan["configuration"] as Json;
      (configuration["provider_config"] as Json)["hcloud"] = {
        name: "hcloud",
        expressions: { token: { constant_value: secret } },
      };
    },
  ],
  [
    "a resource's configuration",
    (plan, secret) => {
      const configuration = plan["configuration"] as { root_module: { resources: Json[] } };
      const firewall = configuration.root_module.resources.find(({ address }) => address === FIREWALL)!;
      (firewall["expressions"] as Json)["name"] = { constant_value: secret };
    },
  ],
  [
    "the value of a sensitive variable, which also stands in a name",
    (plan, secret) => {
      plan["variables"] = { ...(plan["variables"] as Json), planted: { value: { inner: [secret] } } };
      const configuration = plan["configuration"] as { root_module: { variables: Json } };
      configuration.root_module.variables["planted"] = { sensitive: true };
      values(of(changes(plan), FIREWALL), "after")["name"] = `shown-${secret}`;
    },
  ],
  [
    "the prior state, and unmarked in a change",
    (plan, secret) => {
      plan["prior_state"] = {
        values: {
          outputs: { password: { sensitive: true, value: secret } },
          root_module: {
            child_modules: [
              { resources: [{ address: "x.y", values: { password: secret }, sensitive_values: { password: true } }] },
            ],
          },
        },
      };
      values(of(changes(plan), FIREWALL), "after")["name"] = `shown-${secret}`;
    },
  ],
  [
    "the planned values, and unmarked in a change",
    (plan, secret) => {
      plan["planned_values"] = {
        root_module: { resources: [{ address: "x.y", values: { key: [secret] }, sensitive_values: { key: true } }] },
      };
      values(of(changes(plan), FIREWALL), "after")["name"] = `shown-${secret}`;
    },
  ],
];

const SECRETS = [
  "hunter2-hunter2-hunter2",
  'with "quotes" & <tags> \\ and more',
  "-----BEGIN KEY-----\nMIIabcdefghijklmnop\nqrstuvwxyz\n-----END KEY-----",
];

describe.each(PLACES)("a secret in %s", (_, plant) => {
  test.each(SECRETS)("%j is never shown", (secret) => {
    const text = shown(planted((plan) => plant(plan, secret)));
    // Whole, as JSON writes it, and each line that is long enough to be one.
    const forms = [
      secret,
      JSON.stringify(secret).slice(1, -1),
      ...secret.split("\n").filter((line) => line.length >= 16),
    ];
    for (const form of forms) expect(text).not.toContain(form);
    expect(text).toContain("Fingerprint");
  });
});

test("what is planted is in the plan, so that the tests above can fail", () => {
  for (const [, plant] of PLACES) {
    const [secret] = SECRETS;
    expect(JSON.stringify(planted((plan) => plant(plan, secret!)))).toContain(secret);
  }
});

test("the dummy secrets of the rehearsal are in none of the golden reviews", () => {
  for (const name of ["first-deploy", "release", "drift", "destroy"]) {
    const text = shown(goldenPlan(name));
    expect(text).not.toMatch(/dummy-|rehearsal0{5}|a-smoke-key-of-the-rehearsal|rehearsal-pull/);
  }
});

test("plain words that stand beside secrets in an environment are no secrets", () => {
  const text = shown(goldenPlan("release"));
  expect(text).toContain("production");
  expect(text).not.toContain("***");
});
