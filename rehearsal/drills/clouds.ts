/** Drills about clouds that misbehave, and about the third provider, GitHub. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { StackConfig } from "../../terraform/config";
import { recover } from "../../release/recover";
import { describe } from "../../terraform/output";
import { githubTrial } from "../github-trial";
import type { FaultRule } from "../../simulators/faults";
import { startGithub } from "../../simulators/github";
import { startHetzner } from "../../simulators/hetzner";
import { cloudAccess, type Workbench } from "../workbench";
import { type AloneDrill, type Figure, must, rounded } from "./drill";

interface Scenario {
  readonly name: string;
  readonly hetzner?: readonly FaultRule[];
  readonly cloudflare?: readonly FaultRule[];
  /** Must the first apply get through in spite of it? */
  readonly endsWell?: boolean;
}

const lost = (path: RegExp): FaultRule => ({ fault: { kind: "lost-answer" }, method: "POST", path });

const SCENARIOS: readonly Scenario[] = [
  {
    name: "Hetzner 429",
    hetzner: [{ fault: { kind: "rate-limit" }, method: "POST", times: 4 }],
    endsWell: true,
  },
  {
    name: "Hetzner 500",
    hetzner: [{ fault: { kind: "error" }, method: "POST", path: /\/(networks|volumes)$/, times: 2 }],
  },
  {
    name: "Hetzner slow action",
    hetzner: [{ fault: { kind: "slow", seconds: 8 }, method: "POST", path: /\/servers$/ }],
    endsWell: true,
  },
  {
    name: "Hetzner lost answers",
    hetzner: [
      ...[/\/ssh_keys$/, /\/networks$/, /\/firewalls$/, /\/placement_groups$/, /\/primary_ips$/, /\/volumes$/],
      ...[/\/servers$/, /\/actions\/add_subnet$/, /\/actions\/attach$/],
    ].map(lost),
  },
  {
    name: "Cloudflare 429",
    cloudflare: [{ fault: { kind: "rate-limit" }, method: "POST", times: 4 }],
    endsWell: true,
  },
  {
    name: "Cloudflare 500",
    cloudflare: [{ fault: { kind: "error" }, method: "POST", path: /dns_records/, times: 20 }],
  },
  {
    name: "Cloudflare slow",
    cloudflare: [{ fault: { kind: "slow", seconds: 5 }, method: "POST", path: /dns_records/, times: 3 }],
    endsWell: true,
  },
  {
    name: "Cloudflare lost answers",
    // R2's kinds as well would take minutes: its 409 for what exists is one that the provider tries again, ten times.
    cloudflare: [lost(/\/dns_records$/), lost(/\/pagerules$/)],
  },
];

/** So often a person would try again before they ask for help. */
const ATTEMPTS = 8;

export const cloudFaults: AloneDrill = {
  number: 10,
  name: "cloud-faults",
  title: "clouds that refuse, fail, dawdle or lose an answer; nothing is made twice",
  alone: true,
  async run({ bench, say }) {
    const figures: Figure[] = [];
    for (const scenario of SCENARIOS) {
      const { applies, error } = await play(bench, scenario);
      const end = applies === 1 ? "ends well at once" : `ends well with apply ${applies}, after: ${error}`;
      say(`${scenario.name}: ${end}`);
      figures.push({ name: scenario.name, value: applies, unit: applies === 1 ? "apply" : "applies" });
    }
    return figures;
  },
};

/** The cloud half of the stack, on simulators of its own, with faults in its first apply. */
async function play(bench: Workbench, scenario: Scenario): Promise<{ applies: number; error: string }> {
  const hetzner = await startHetzner();
  const cloudflare = await bench.anotherCloudflare();
  const directory = join(bench.options.directory, "faults");
  const access = cloudAccess(hetzner, cloudflare);
  const terraform = bench.anotherDirectory(directory, {
    HCLOUD_ENDPOINT: hetzner.baseUrl,
    CLOUDFLARE_BASE_URL: cloudflare.baseUrl,
  });
  try {
    const { config, values } = bench.rendered();
    terraform.write(cloudHalf(config), values);
    await terraform.init();
    scenario.hetzner?.forEach((rule) => hetzner.faults.inject(rule));
    scenario.cloudflare?.forEach((rule) => cloudflare.faults.inject(rule));

    let applies = 1;
    let applied = await terraform.apply();
    const error = applied.errors.map(describe)[0] ?? "";
    const hits = hetzner.faults.hits.length + cloudflare.faults.hits.length;
    must(hits > 0, `${scenario.name}: the fault did not happen`);
    must(!scenario.endsWell || applied.code === 0, `${scenario.name}: the apply gave up: ${error}`);
    while (applied.code !== 0) {
      must(applied.errors.length > 0, `${scenario.name}: Terraform failed without a word`);
      must(
        applies < ATTEMPTS,
        `${scenario.name}: still fails after ${applies} applies: ${applied.errors.map(describe).join("; ")}`,
      );
      await recover({ terraform, access, prefix: bench.prefix });
      applied = await terraform.apply();
      applies += 1;
    }
    const pending = await terraform.plan();
    must(pending.length === 0, `${scenario.name}: still pending: ${pending.map(({ address }) => address).join(", ")}`);
    const made = bench.countInClouds(hetzner, cloudflare);
    const known = await terraform.state();
    for (const [type, count] of Object.entries(made)) {
      const expected = known.filter((resource) => resource.type === type).length;
      must(count === expected, `${scenario.name}: ${count} of ${type} were made, the state knows ${expected}`);
    }
    return { applies, error };
  } finally {
    await hetzner.stop();
    await cloudflare.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A stack without what is on the engine. */
function cloudHalf(config: StackConfig): object {
  const { docker: _docker, ...providers } = config.terraform.required_providers ?? {};
  const full = config as StackConfig & {
    readonly provider: Readonly<Record<string, unknown>>;
    readonly output?: object;
  };
  const { output: _output, ...rest } = full;
  const { docker: _provider, ...provider } = full.provider;
  const resource = Object.fromEntries(
    Object.entries(config.resource ?? {}).filter(([type]) => /^(hcloud|cloudflare)_/.test(type)),
  );
  return { ...rest, terraform: { required_providers: providers }, provider, resource };
}

export const github: AloneDrill = {
  number: 15,
  name: "github",
  title: "the GitHub provider against its simulator: apply, empty plan, destroy",
  alone: true,
  async run({ bench }) {
    const simulator = await startGithub({
      token: "rehearsal-token",
      owner: { login: "wuesteon", type: "Organization" },
      repositories: ["platform"],
      users: ["reviewer"],
      teams: ["operators"],
    });
    const directory = join(bench.options.directory, "github");
    const terraform = bench.anotherDirectory(directory, {
      GITHUB_BASE_URL: simulator.providerBaseUrl,
      GITHUB_TOKEN: "rehearsal-token",
      GITHUB_OWNER: "wuesteon",
    });
    try {
      terraform.write(githubTrial("platform"), "");
      await terraform.init();
      const applied = await terraform.apply();
      must(applied.code === 0, applied.errors.map(describe).join("; "));
      const pending = await terraform.plan();
      must(pending.length === 0, `the second plan still changes ${pending.map(({ address }) => address).join(", ")}`);
      const resources = (await terraform.state()).length;
      const gone = await terraform.apply({ destroy: true });
      must(gone.code === 0, gone.errors.map(describe).join("; "));
      return [
        { name: "resources", value: resources },
        { name: "apply", value: rounded(applied.seconds), unit: "s" },
      ];
    } finally {
      await simulator.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  },
};
