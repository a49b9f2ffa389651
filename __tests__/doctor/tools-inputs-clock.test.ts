import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Finding, InputState } from "../../doctor";
import { clock } from "../../doctor/clock";
import { catalog, inputs } from "../../doctor/inputs";
import { isAtLeast, tools } from "../../doctor/tools";
import { PROVIDER_VERSIONS } from "../../constructs/provider-versions";
import { error, warning } from "../../model/problem";
import { LOCK_VARIABLE } from "../../terraform/project-lock";
import { MADE_UP, madeUpLock } from "../support/made-up-lock";
import { about, contextFor, ENV, told, unhelpful } from "../support/patient";
import { WebServer } from "../support/web-server";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "twinset-doctor-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A program that prints something, whatever it is asked. */
function program(name: string, says: string, code = 0): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), `#!/bin/sh\necho '${says}'\nexit ${code}\n`);
  chmodSync(join(folder, name), 0o755);
}

/** Only what the folder has. `/bin` is for the shell that they are written in. */
const examined = (
  env: NodeJS.ProcessEnv = {},
  environment: "production" | "development" = "production",
): Promise<Finding[]> =>
  tools(contextFor({ environment, env: { PATH: folder, [LOCK_VARIABLE]: madeUpLock(folder), ...env }, providers: {} }));

describe("tools", () => {
  test("that are all there", async () => {
    program("terraform", "Terraform v1.11.4");
    program("ssh", "OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.15");
    program("git", "git version 2.39.5");
    program("docker", "Docker version 28.2.2, build e6534b4");
    expect(told(await examined())).toEqual([
      `ok Node: ${process.versions.node}`,
      "ok Terraform: 1.11.4",
      "ok plugins: 0 plugins on this computer",
      "ok plugins' lock: 0 plugins by their content",
      "ok ssh: OpenSSH_9.2p1 Debian-2",
      "ok git: 2.39.5",
      "ok docker: 28.2.2",
    ]);
  });

  test("whose plugins are held to no lock, or to one that does not fit", async () => {
    program("terraform", "Terraform v1.11.4");
    const lockOf = async (path: string, binary = "Terraform v1.11.4"): Promise<string[]> => {
      program("terraform", binary);
      const env = { PATH: folder, [LOCK_VARIABLE]: path };
      return about(await tools(contextFor({ env, providers: PROVIDER_VERSIONS })), "plugins' lock");
    };
    expect(await lockOf("none")).toEqual([expect.stringMatching(/^warning .*plugins are taken by version alone$/)]);
    expect(await lockOf(madeUpLock(folder))).toEqual(["ok plugins' lock: 4 plugins by their content"]);
    expect(await lockOf(madeUpLock(folder), "OpenTofu v1.10.0")).toEqual([
      expect.stringMatching(/^warning .*registry.opentofu.org: by version alone$/),
    ]);
    expect(await lockOf(madeUpLock(folder, MADE_UP.slice(1)))).toEqual([
      expect.stringMatching(/^failure .*not in it$/),
    ]);
    writeFileSync(join(folder, "terraform.lock.hcl"), "<<<<<<< HEAD");
    expect(await lockOf(join(folder, "terraform.lock.hcl"))).toEqual([expect.stringMatching(/^failure .*line 1$/)]);
  });

  test("that are not there at all", async () => {
    const findings = await examined();
    expect(told(findings).slice(1)).toEqual([
      "failure Terraform: terraform was not found on this computer",
      "failure ssh: not found",
      expect.stringMatching(/^warning git: not found/),
      expect.stringMatching(/^warning docker: not found/),
    ]);
    expect(unhelpful(findings)).toEqual([]);
  });

  test("development needs no ssh", async () => {
    expect(about(await examined({}, "development"), "ssh")).toEqual([]);
  });

  test.each([
    ["Terraform v1.11.0", "ok"],
    ["Terraform v1.14.0-rc1", "ok"],
    ["Terraform v1.10.5", "warning"],
    ["Terraform v1.9.8", "failure"],
    ["Terraform v0.15.5", "failure"],
    ["OpenTofu v1.10.0", "ok"],
    ["OpenTofu v1.9.1", "failure"],
  ])("%s: %s", async (version, status) => {
    program("terraform", version);
    const found = await examined();
    expect(found.find(({ what }) => what === version.split(" ")[0])?.status).toBe(status);
    expect(unhelpful(found)).toEqual([]);
  });

  test("an old Terraform is good enough where no state lies in a bucket", async () => {
    program("terraform", "Terraform v1.9.8");
    expect(about(await examined({}, "development"), "Terraform")[0]).toMatch(/^warning/);
  });

  test("a Terraform that does not run says why", async () => {
    program("terraform", "broken", 3);
    expect(about(await examined(), "Terraform")).toEqual(["failure Terraform: terraform does not run"]);
  });

  test("a Docker client that cannot reach an engine by SSH", async () => {
    program("docker", "Docker version 18.06.3-ce, build d7080c1");
    expect(about(await examined(), "docker")[0]).toMatch(/^warning docker: 18\.06\.3 cannot reach an engine by SSH/);
    expect(about(await examined({}, "development"), "docker")).toEqual(["ok docker: 18.06.3"]);
  });

  test("a plugin that is missing where no registry can be reached", async () => {
    program("terraform", "Terraform v1.11.4");
    const providers = { none: { source: "registry.invalid/acme/none", version: "1.2.3" } };
    const context = contextFor({ env: { PATH: folder }, providers });
    // No registry of the world's is asked from a test.
    context.ask = async () =>
      Promise.reject(new (await import("../../clients/http")).NoAnswer("no answer from the registry"));
    const [plugin] = (await tools(context)).filter(({ what }) => what === "plugins");
    expect(plugin).toMatchObject({
      status: "failure",
      found: "registry.invalid/acme/none 1.2.3 is missing, and no answer from the registry",
      fix: expect.stringMatching(/registry\.invalid\/acme\/none\/terraform-provider-none_1\.2\.3_\w+\.zip$/),
    });
    context.ask = async () => ({ status: 200, headers: new Headers(), text: "{}", json: {} });
    expect(about(await tools(context), "plugins")[0]).toMatch(/^ok plugins: registry\.terraform\.io can be reached/);
    context.ask = async () => ({ status: 403, headers: new Headers(), text: "", json: undefined });
    expect(about(await tools(context), "plugins")[0]).toMatch(/^failure plugins: .*says 403$/);
  });
});

test("versions are compared as numbers", () => {
  expect(isAtLeast("1.9.8", "1.10")).toBe(false);
  expect(isAtLeast("1.10.0", "1.10")).toBe(true);
  expect(isAtLeast("20.12", "20.12")).toBe(true);
  expect(isAtLeast("20.9.0", "20.12")).toBe(false);
  expect(isAtLeast("21", "20.12")).toBe(true);
  expect(isAtLeast("28.2.2", "18.09")).toBe(true);
});

describe("inputs", () => {
  const states = (...list: InputState["state"][]): InputState[] =>
    list.map((state, i) => ({ name: `TF_VAR_input_${i}`, state }));
  const file = (exists: boolean) => ({ name: ".env.manacore.production", exists });
  const seen = (list: readonly InputState[], env: NodeJS.ProcessEnv = {}, exists = false): Promise<Finding[]> =>
    inputs(contextFor({ inputs: list, inputFile: file(exists), env }));

  test("all set and of their form", async () => {
    expect(told(await seen(states("set", "set", "default")))).toEqual(["ok set: 2 of their form, 1 with a default"]);
  });

  test("none of them: where to begin", async () => {
    const [finding] = await seen(states("missing", "missing", "missing", "missing"));
    expect(finding).toMatchObject({
      status: "failure",
      found: "4 of 4 are not: TF_VAR_input_0, TF_VAR_input_1, TF_VAR_input_2 and 1 more",
      fix: expect.stringMatching(
        /^cp examples\/manacore\.env \.env\.manacore\.production, fill it in, then set -a; \. \.\//,
      ),
    });
  });

  test("some of them: which, and not to copy the file again", async () => {
    const [finding] = await seen(states("set", "missing"), {}, true);
    expect(finding!.fix).toMatch(/^fill them in in \.env\.manacore\.production/);
    expect(finding!.found).toBe("1 of 2 are not: TF_VAR_input_1");
  });

  test("in the file, but not loaded", async () => {
    expect(await seen(states("in file", "in file"), {}, true)).toMatchObject([
      {
        status: "failure",
        found: "2 inputs of .env.manacore.production are not",
        fix: "set -a; . ./.env.manacore.production; set +a",
      },
    ]);
  });

  test("too short, or the same as another one", async () => {
    expect(about(await seen(states("too short")), "long enough")).toEqual(["failure long enough: not TF_VAR_input_0"]);
    const twice: InputState[] = [{ name: "TF_VAR_b", state: "set", sameAs: "TF_VAR_a" }];
    expect(told(await seen(twice))).toEqual([
      "ok set: 1 of their form",
      "warning apart: TF_VAR_b has the same value as TF_VAR_a",
    ]);
  });

  test("not of its form: named, and not shown", async () => {
    const findings = await seen(states("set"), { TF_VAR_hcloud_token: "too-short-to-be-one" });
    expect(told(findings)).toEqual(["failure form: TF_VAR_hcloud_token is not of its form"]);
    expect(JSON.stringify(findings)).not.toContain("too-short-to-be-one");
    expect(unhelpful(findings)).toEqual([]);
  });

  test("PLATFORM is in the command, where it is in the environment", async () => {
    const [finding] = await seen(states("missing"), { PLATFORM: "manacore" });
    expect(finding!.fix).toContain("PLATFORM=manacore npm run env -- production");
  });
});

test("what the catalog's own checks say is told, errors as failures", async () => {
  const problems = [error("chat/port", "3002", "another", "take 3010"), warning("chat/x", "1", "2", "do 2")];
  expect(told(await catalog(contextFor({ problems })))).toEqual(["failure chat/port: 3002", "warning chat/x: 1"]);
  expect(await catalog(contextFor())).toEqual([]);
});

describe("the clock", () => {
  let web: WebServer;
  beforeEach(async () => {
    web = await WebServer.start((_, response) => response.end("{}"));
  });
  afterEach(() => web.stop());

  /** @param ahead seconds that this computer's clock is ahead of the server's */
  async function off(ahead: number): Promise<string[]> {
    const context = contextFor({ now: () => Date.now() + ahead * 1000, env: ENV });
    for (let i = 0; i < 3; i++) await context.ask(`http://127.0.0.1:${web.port}/`);
    return told(await clock(context));
  }

  test("is right", async () => {
    expect(await off(0)).toEqual(["ok this computer: right, by the clocks of all who were asked"]);
    expect(await off(-20)).toEqual(["ok this computer: right, by the clocks of all who were asked"]);
  });

  test("is odd", async () => {
    expect((await off(120))[0]).toMatch(/^warning this computer: 1(19|20) s ahead of 127/);
    expect((await off(-120))[0]).toMatch(/^warning this computer: 1(20|21) s behind 127/);
  });

  test("is so wrong that no signature is taken", async () => {
    expect((await off(16 * 60))[0]).toMatch(
      /^failure this computer: 9(59|60) s ahead of .*; signatures for the state are refused$/,
    );
  });

  test("cannot be told where nobody answered", async () => {
    expect(told(await clock(contextFor()))).toEqual([
      "skipped this computer: nobody answered who could have told the time",
    ]);
  });

  test("one server whose own clock is wrong decides nothing", async () => {
    const context = contextFor();
    const sample = (aheadSeconds: number) => ({ host: "a", aheadSeconds, plusMinus: 0.5 });
    context.clocks.push(sample(9999), sample(0.2), sample(-0.3));
    expect(told(await clock(context))[0]).toMatch(/^ok/);
  });
});
