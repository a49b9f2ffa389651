/** The delivery stack at a simulated GitHub, put there by GitHub's real provider. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { App } from "cdktf";
import { withoutTraces } from "../../main";
import { type Delivery, DELIVERY } from "../../model/delivery";
import type { Platform } from "../../model/platform";
import type { GithubSimulator } from "../../simulators/github";
import { DeliveryStack } from "../../stacks/delivery-stack";
import { dummyDeliveryValues } from "../../terraform/dummy-values";
import { terraformLiteral } from "../../terraform/literal";
import { TerraformError, type WorkingDirectory } from "../../terraform/working-directory";
import { clientOf, PEOPLE } from "./path";

export interface DeliveryOf {
  readonly platform: Platform;
  readonly at: { readonly owner: string; readonly repo: string };
  /** A team of the organization, which owns the code. */
  readonly team: string;
  readonly token: string;
  /** For what is synthesized. */
  readonly directory: string;
}

/** The stack's text, and what its variables are given. */
export interface RenderedDelivery {
  readonly config: object;
  /** @param change values in place of these, by their variables */
  readonly values: (change?: Readonly<Record<string, unknown>>) => string;
}

/** @throws Error for a platform that nothing is delivered to */
export async function renderedDelivery(
  github: GithubSimulator,
  { platform, at, team, token, directory }: DeliveryOf,
): Promise<RenderedDelivery> {
  if (!platform.delivery) throw new Error(`${platform.name} has no delivery stack`);
  const rules = { ...platform.delivery.rules, owners: [`${at.owner}/${team}`] };
  const delivery: Delivery = { ...platform.delivery, state: { kind: "local" }, rules };
  const own = {
    github_token: token,
    github_repository: `${at.owner}/${at.repo}`,
    reviewers: await reviewersOf(github, { at, team, token }),
  };
  const lines = dummyDeliveryValues(platform, delivery).trimEnd().split("\n");
  return {
    config: synthesized({ ...platform, delivery }, directory),
    values: (change = {}) => {
      const given: Readonly<Record<string, unknown>> = { ...own, ...change };
      const named = (line: string): string => line.slice(0, line.indexOf(" = "));
      return lines
        .map((line) => (named(line) in given ? `${named(line)} = ${terraformLiteral(given[named(line)])}` : line))
        .join("\n");
    },
  };
}

/** All who may write but the administrator, and the owners. */
async function reviewersOf(
  github: GithubSimulator,
  { at, team, token }: Pick<DeliveryOf, "at" | "team" | "token">,
): Promise<Record<string, string>> {
  const client = clientOf(github, token);
  const people = await Promise.all(
    PEOPLE.slice(1).map(
      async (username) => [username, (await client.users.getByUsername({ username })).data.id] as const,
    ),
  );
  const { data } = await client.teams.getByName({ org: at.owner, team_slug: team });
  return Object.fromEntries(
    [...people, [`${at.owner}/${team}`, data.id] as const].map(([name, id]) => [name, String(id)]),
  );
}

function synthesized(platform: Platform, directory: string): object {
  const outdir = join(directory, "threats-synth");
  rmSync(outdir, { recursive: true, force: true });
  withoutTraces(() => {
    const app = new App({ outdir, stackTraces: false });
    new DeliveryStack(app, DELIVERY, { platform, delivery: platform.delivery! });
    app.synth();
  });
  const config = JSON.parse(readFileSync(join(outdir, "stacks", DELIVERY, "cdk.tf.json"), "utf8")) as {
    provider: { github: object[] };
  };
  // The provider waits a second before each write, and GitHub wants that; a simulator does not.
  Object.assign(config.provider.github[0]!, { write_delay_ms: 1 });
  return config;
}

/** Terraform's refusal to plan the stack with other values; undefined: it plans. */
export const plannedWith =
  (terraform: WorkingDirectory, { config, values }: RenderedDelivery) =>
  async (change: Readonly<Record<string, unknown>>): Promise<string | undefined> => {
    terraform.write(config, values(change));
    try {
      await terraform.plan();
      return undefined;
    } catch (error) {
      if (error instanceof TerraformError) return error.message;
      throw error;
    } finally {
      terraform.write(config, values());
    }
  };
