import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Finding } from "../../doctor";
import { ownImages } from "../../doctor/own-images";
import type { EnvironmentName } from "../../model/environment-name";
import type { Platform } from "../../model/platform";
import { withRegistry } from "../../rehearsal/adapt";
import { type RegistrySimulator, startRegistry } from "../../simulators/registry";
import { Client, PUSHER } from "../simulators/registry-client";
import { about, contextFor, SMALL, told, TOKENS, unhelpful } from "../support/patient";

let open: RegistrySimulator;
let closed: RegistrySimulator;
let digest: string;
beforeAll(async () => {
  open = await startRegistry({ accounts: [PUSHER], open: true });
  closed = await startRegistry({ accounts: [PUSHER, { username: "puller", password: TOKENS.registry }] });
  digest = await new Client(open, ["acme/own"]).push("acme/own", "v1");
  await new Client(closed, ["acme/own"]).push("acme/own", "v1");
});
afterAll(async () => void (await Promise.all([open.stop(), closed.stop()])));

interface Given {
  readonly registry?: RegistrySimulator;
  readonly image?: string;
  readonly pinned?: string;
  readonly environment?: EnvironmentName;
  readonly login?: string;
}
async function examined({ registry = open, image = "acme/own:v1", pinned, ...given }: Given = {}): Promise<Finding[]> {
  const name = `${registry.host}/${image}`;
  const all = withRegistry(SMALL.platform, given.login ?? "ghcr.io");
  const platform: Platform = {
    ...all,
    edge: { ...all.edge, image: name },
    monitoring: { ...all.monitoring!, image: name },
    stores: all.stores.map((store) => ({ ...store, image: name })),
    digests: pinned === undefined ? {} : { [name]: pinned },
  };
  const findings = await ownImages(contextFor({ platform, environment: given.environment ?? "production" }));
  expect(unhelpful(findings)).toEqual([]);
  return findings;
}

test("are there, each by its digest", async () => {
  expect(told(await examined({ pinned: digest }))).toEqual(["ok of stores and edge: 1 of 1 image, 1 by digest"]);
});

test("by their tags alone is a warning that names the command, where there is a server", async () => {
  const [warning, ok] = await examined();
  expect(told([warning!])[0]).toMatch(/^warning digests: none on file, so by their tags alone: .*acme\/own:v1$/);
  expect(warning!.fix).toMatch(/^npm run images -- --update/);
  expect(told([ok!])).toEqual(["ok of stores and edge: 1 of 1 image, 0 by digest"]);
  expect(told(await examined({ environment: "development" }))).toEqual([
    "ok of stores and edge: 1 of 1 image, 0 by digest",
  ]);
});

test("a digest that the registry does not have is a failure, whatever the tag leads to", async () => {
  const [finding] = about(await examined({ pinned: `sha256:${"0".repeat(64)}` }), "of stores and edge");
  expect(finding).toMatch(/^failure of stores and edge: not there: .*acme\/own:v1@sha256:000000000000…$/);
});

test("a closed registry is asked with the hosts' login if it is theirs, and else not", async () => {
  expect(about(await examined({ registry: closed }), "of stores and edge")[0]).toMatch(/^failure .*not shown/);
  const login = closed.host;
  expect(about(await examined({ registry: closed, login }), "of stores and edge")[0]).toMatch(/^ok .*1 of 1/);
});

test("no answer is no failure: the server may reach it", async () => {
  const findings = await examined({ registry: { ...open, host: "127.0.0.1:2" } });
  expect(about(findings, "of stores and edge")).toEqual([expect.stringMatching(/^warning .*no answer about 127/)]);
});
