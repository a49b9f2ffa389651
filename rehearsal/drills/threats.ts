/** The drill about one person and production: docs/threat-model.md, path by path, at what the real provider has made. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { codeOwners } from "../../config/github";
import { startGithub } from "../../simulators/github";
import { describe } from "../../terraform/output";
import { PATHS } from "../threats";
import { write } from "../threats/acts";
import { PEOPLE, threatWorld, TOKENS, tryPath, WORKFLOWS } from "../threats/path";
import { plannedWith, renderedDelivery } from "../threats/stack";
import { type AloneDrill, type Figure, must, rounded } from "./drill";

const AT = { owner: "wuesteon", repo: "platform" } as const;
const TEAM = "operators";
const OWNERS = `${AT.owner}/${TEAM}`;
const TOKEN = "rehearsal-token";

export const threats: AloneDrill = {
  number: 25,
  name: "threats",
  title: "each path of the threat model is refused for its reason, and open without what keeps it",
  alone: true,
  async run({ bench, say }) {
    const github = await startGithub({
      token: TOKEN,
      tokens: TOKENS,
      owner: { login: AT.owner, type: "Organization" },
      repositories: [AT.repo],
      users: PEOPLE,
      teams: [TEAM],
      workflows: WORKFLOWS,
    });
    const directory = join(bench.options.directory, "threats");
    const terraform = bench.anotherDirectory(directory, { GITHUB_BASE_URL: github.providerBaseUrl });
    try {
      const { platform, means } = bench.options;
      const of = { platform, at: AT, team: TEAM, token: TOKEN, directory: bench.options.directory };
      const stack = await renderedDelivery(github, of);
      const world = threatWorld(github, TOKEN, {
        ...{ at: AT, owners: OWNERS, path: means.path },
        planned: plannedWith(terraform, stack),
      });
      // Before there are rules, as the first push is.
      await write(world, world.admin, "main", ".github/CODEOWNERS", codeOwners([OWNERS]));
      terraform.write(stack.config, stack.values());
      await terraform.init();
      const applied = await terraform.apply();
      must(applied.code === 0, applied.errors.map(describe).join("; "));

      const wrong: string[] = [];
      const figures: Figure[] = [{ name: "apply", value: rounded(applied.seconds), unit: "s" }];
      for (const path of PATHS) {
        const tried = await tryPath(path, world);
        if ("wrong" in tried) {
          wrong.push(tried.wrong);
          continue;
        }
        const value = `refused (${tried.refusal}); open without ${tried.guard}`;
        figures.push({ name: tried.person, value, isDetail: true });
      }
      // Figures are told of a drill that has passed: here the others are to be seen beside those that are open.
      if (wrong.length > 0) figures.forEach(({ name, value }) => say(`${name} ${value}`));
      must(wrong.length === 0, wrong.join("\n"));
      // What was taken away for a moment is back, so that each was tried on the whole.
      const pending = await terraform.plan();
      must(
        pending.length === 0,
        `after the last path the plan changes ${pending.map(({ address }) => address).join(", ")}`,
      );
      return [{ name: "paths", value: PATHS.length }, ...figures];
    } finally {
      await github.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  },
};
