/** Drills about a canary that is judged by its own numbers. */
import { commanded, ending, secondsOf } from "./commands";
import { type DeploymentDrill, liveVersion, must, rounded, version } from "./drill";
import { PROMISES } from "../promises";

export const badCanary: DeploymentDrill = {
  number: 18,
  name: "bad-canary",
  title: "twinset release: a canary with 20 % of 5xx is stopped by its own numbers",
  async run({ world, say }) {
    const bad = await version(world, "v2.8.0-bad", { errorShare: 0.2 });
    const load = world.load([world.product], "all");
    await load.until("all", 2000);
    const result = await commanded(world, say, ["release", world.product, bad, "--yes"], 4);
    load.phase("back");
    await load.until("back", 2000);
    const seen = await load.stop();
    must(seen.firstFailed !== undefined, "no request failed, though every fifth of the canary's should have");
    const seconds = rounded(((seen.lastSeen(bad) ?? 0) - seen.firstFailed) / 1000);
    must(seen.phases["back"]!.failed === 0, "requests failed after the traffic was back");
    must(/error share \d+/.test(result.text), "the error share is not told");
    must(ending(result).includes("All traffic is back"), "it is not said that the traffic is back");
    await commanded(world, say, ["retire", world.product], 0);
    return [
      { name: "first bad request to last", value: seconds, unit: "s", promise: PROMISES.badCanary },
      { name: "requests", value: seen.requests },
      { name: "failed", value: seen.failed },
    ];
  },
};

export const tooLittle: DeploymentDrill = {
  number: 19,
  name: "too-little",
  title: "twinset release: a canary with too little traffic does not pass",
  async run({ world, say }) {
    const next = await version(world, "v2.9.0-rehearsal");
    const result = await commanded(
      world,
      say,
      ["release", world.product, next, "--yes", "--canary-for", "10s", "--patience", "15s"],
      5,
    );
    must(ending(result).includes("Look at it yourself"), "nobody is asked to decide");
    const release = world.desired.release[world.product]!;
    must(release.canary === 0 && liveVersion(world) !== next, "the version has traffic though nothing spoke for it");
    await commanded(world, say, ["retire", world.product], 0);
    return [{ name: "given up after", value: secondsOf(result, "watch"), unit: "s" }];
  },
};
