/** How tests run a release command, and read what it said. */
import { expect, jest } from "@jest/globals";
import type { ReleaseFlags } from "../../../cli/release/session";
import { openSite } from "../../../cli/shared/site";
import type { ProductRelease } from "../../../model/release";
import type { ReleaseEvent } from "../../../release/report";
import type { FakeWorld } from "../../support/fake-world";
import "../../support/pauses";
import "../../support/synth-once";

export const AUTH: ProductRelease = { live: "blue", canary: 0, blue: { version: "v1.0.0" }, green: null };
export const BEFORE: ProductRelease = { live: "blue", canary: 0, blue: { version: "v1.5.2" }, green: null };
export const SWITCH = "docker_container.chat_switch_job";

/** Brings about what the release file says. */
export async function bringAbout(world: FakeWorld, chat: ProductRelease = BEFORE): Promise<void> {
  world.edit({ "mana-core-auth": AUTH, chat });
  const site = await openSite({ environment: "production", env: world.env, lock: false });
  await site.terraform.plan();
  expect(await site.terraform.applyPlanned()).toMatchObject({ code: 0 });
}

export interface Ran {
  readonly code: number;
  readonly events: readonly ReleaseEvent[];
  /** All that was said, for a look. */
  readonly text: string;
}

/** Runs a command as a pipeline does. */
export async function run(
  command: (flags: ReleaseFlags) => Promise<number>,
  flags: Partial<ReleaseFlags> = {},
): Promise<Ran> {
  const lines: string[] = [];
  const spy = jest.spyOn(process.stdout, "write").mockImplementation((text) => {
    lines.push(...String(text).trimEnd().split("\n"));
    return true;
  });
  try {
    const quick = { canaryFor: "0s", patience: "0s", keepFor: "0s", recordFor: "0s" };
    const code = await command({ environment: "production", json: true, yes: true, ...quick, ...flags });
    const events = lines.map((line) => JSON.parse(line) as ReleaseEvent);
    return {
      code,
      events,
      text: events.map((event) => ("text" in event ? [event.text].flat().join("\n") : "")).join("\n"),
    };
  } finally {
    spy.mockRestore();
  }
}
export const steps = ({ events }: Ran): string[] =>
  events.flatMap((event) =>
    event.kind === "step" && event.state !== "begins" ? [`${event.step} ${event.state}`] : [],
  );
export const traffic = ({ events }: Ran): string[] =>
  events.flatMap((event) =>
    event.kind === "traffic" ? [`${event.weights.blue ?? "-"}/${event.weights.green ?? "-"}`] : [],
  );
export const end = ({ events }: Ran) => events.find((event) => event.kind === "end");
