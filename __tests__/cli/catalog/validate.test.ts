import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { join } from "node:path";
import { validate } from "../../../cli/catalog/validate";
import { PROVIDER_VERSIONS } from "../../../constructs/provider-versions";
import { LOCK_VARIABLE } from "../../../terraform/project-lock";
import { FakeTerraform, isAlive, UNREACHABLE } from "../../support/fake-terraform";
import { madeUpLock } from "../../support/made-up-lock";
import { onSmallStacks } from "./small-main";

let terraform: FakeTerraform;
beforeEach(() => {
  terraform = new FakeTerraform();
  process.env[LOCK_VARIABLE] = madeUpLock(terraform.home);
});
afterEach(() => {
  expect(terraform.leftovers()).toEqual([]);
  terraform.remove();
});

const run = onSmallStacks(validate);

const { cloudflare, docker, github, hcloud } = PROVIDER_VERSIONS;

describe("when all stacks are valid", () => {
  test("says so, one line each, and exits 0", async () => {
    const { code, lines } = await run();
    expect(lines[0]).toBe("manacore, with Terraform v1.11.4");
    expect(lines.slice(1)).toEqual([
      expect.stringMatching(/^development {2}ok: valid, 4 resources$/),
      expect.stringMatching(/^staging {6}ok: valid, 4 resources$/),
      expect.stringMatching(/^production {3}ok: valid, 4 resources$/),
      expect.stringMatching(/^delivery {5}ok: valid, 1 resources$/),
    ]);
    expect(code).toBe(0);
  });

  test("without a lock of plugins that is said, and the stacks are valid all the same", async () => {
    process.env[LOCK_VARIABLE] = "none";
    const { code, lines } = await run();
    expect(lines.at(-1)).toBe("plugins not checked: TWINSET_PLUGIN_LOCK is none: plugins are taken by version alone");
    expect(code).toBe(0);
  });

  test("runs init without the state store, then validate, in the same temporary place per stack", async () => {
    await run({ environments: ["staging"] });
    const [version, init, check] = terraform.calls();
    expect(version!.args).toEqual(["version"]);
    expect(init!.args).toEqual(["init", "-input=false", "-no-color", "-backend=false"]);
    expect(check!.args).toEqual(["validate", "-json"]);
    expect(check!.directory).toBe(init!.directory);
    expect(check!.env["TF_DATA_DIR"]).toBe(init!.env["TF_DATA_DIR"]);
    expect(init!.env["TF_DATA_DIR"]).toContain(terraform.temp);
  });

  test("gives no credentials to any child", async () => {
    process.env["HCLOUD_TOKEN"] = process.env["TF_VAR_hcloud_token"] = process.env["AWS_SECRET_ACCESS_KEY"] = "s3cret";
    await run({ environments: ["development"] });
    expect(terraform.calls()).toHaveLength(3);
    expect(JSON.stringify(terraform.calls())).not.toContain("s3cret");
  });
});

describe("when a plugin is not the one that is locked", () => {
  test("that is wrong, and no plugin that could not be had", async () => {
    const stderr = `
Error: Failed to install provider

Error while installing kreuzwerker/docker v4.5.0: the local package for
registry.terraform.io/kreuzwerker/docker 4.5.0 doesn't match any of the
checksums previously recorded in the dependency lock file
`;
    terraform.plays({ init: { code: 1, stderr } });
    const { code, lines } = await run({ environments: ["development"] });
    expect(code).toBe(1);
    expect(lines[1]).toBe("development  wrong: 4 problems");
    expect(lines.at(-1)).toContain("npm run locks -- --check");
  });
});

describe("when a stack is invalid", () => {
  const answer = JSON.stringify({
    valid: false,
    diagnostics: [
      {
        severity: "error",
        summary: "Extraneous JSON object property",
        detail: 'No argument or block type is named "bogus".',
        snippet: { context: "resource.docker_container.chat_blue_backend-0" },
      },
    ],
  });

  test("names the address and the problem, goes on with the others and exits 1", async () => {
    terraform.plays({ "validate staging": { code: 1, stdout: answer } });
    const { code, lines } = await run();
    expect(lines.slice(2, 4)).toEqual([
      "staging      wrong: 1 problem",
      '             docker_container.chat_blue_backend-0: Extraneous JSON object property. No argument or block type is named "bogus".',
    ]);
    expect(lines[4]).toMatch(/^production {3}ok/);
    expect(code).toBe(1);
  });

  test("exits 1 even when another could not be checked", async () => {
    terraform.plays({
      "validate staging": { code: 1, stdout: answer },
      "init production": { code: 1, stderr: UNREACHABLE },
    });
    expect((await run()).code).toBe(1);
  });

  test("an error of init that is not about plugins is the stack's", async () => {
    terraform.plays({
      init: { code: 1, stderr: "\nError: Duplicate provider configuration\n\nA default one is\nthere.\n" },
    });
    const { code, lines } = await run({ environments: ["staging"] });
    expect(lines[2]).toBe("             Duplicate provider configuration A default one is there.");
    expect(code).toBe(1);
  });
});

describe("when a plugin cannot be had", () => {
  test("names it and where it belongs, still validates the others and exits 2", async () => {
    terraform.install(docker.source, docker.version);
    terraform.install(hcloud.source, hcloud.version, "packed");
    terraform.install(github.source, github.version);
    terraform.plays({
      "init staging": { code: 1, stderr: UNREACHABLE },
      "init production": { code: 1, stderr: UNREACHABLE },
    });
    const { code, lines } = await run();
    expect(lines[1]).toMatch(/^development {2}ok/);
    const missing = `             missing plugin ${cloudflare.source} ${cloudflare.version}`;
    expect(lines.slice(2, 7)).toEqual([
      "staging      not checked: Terraform could not get its plugins",
      missing,
      "             Terraform says: could not connect to registry.terraform.io: failed to request discovery document: no such host",
      "production   not checked: Terraform could not get its plugins",
      missing,
    ]);
    const rest = lines.slice(7).join("\n");
    expect(rest).toContain("downloads plugins from registry.terraform.io");
    expect(rest).toContain(
      `~/.terraform.d/plugins/registry.terraform.io/cloudflare/cloudflare/terraform-provider-cloudflare_${cloudflare.version}_`,
    );
    expect(rest).not.toContain(terraform.home);
    // The registry was asked once, not once per stack: each time can take a minute.
    expect(terraform.calls("init").map((call) => call.directory.split("/").pop())).toEqual([
      "development",
      "staging",
      "delivery",
    ]);
    expect(code).toBe(2);
  });

  test("a registry that does not answer is given up, and its child killed", async () => {
    terraform.plays({ init: { hang: true } });
    const { code, lines } = await run({ environments: ["development"], initTimeout: 1 });
    expect(lines.slice(1, 4)).toEqual([
      "development  not checked: Terraform could not get its plugins",
      `             missing plugin ${docker.source} ${docker.version}`,
      "             Terraform init was stopped after 1 s",
    ]);
    expect(terraform.calls("init").map(({ pid }) => isAlive(pid))).toEqual([false]);
    expect(code).toBe(2);
  });
});

describe("what is no pass", () => {
  test.each([
    ["no JSON", { stdout: "panic: oh no" }],
    ["nothing", { stdout: "", code: 0 }],
    ["another JSON", { stdout: "{}" }],
    ["a valid answer with a failure's exit code", { stdout: '{"valid":true,"diagnostics":[]}', code: 2 }],
    ["an invalid answer without a reason", { stdout: '{"valid":false,"diagnostics":[]}' }],
  ])("%s", async (_, play) => {
    terraform.plays({ validate: play });
    const { code, lines } = await run({ environments: ["staging"] });
    expect(lines[1]).toBe("staging      not checked: Terraform validate failed");
    expect(code).toBe(2);
  });
});

describe("the program", () => {
  test("that is missing is told with how to get it, exit code 2", async () => {
    process.env["TERRAFORM_BINARY_NAME"] = join(terraform.home, "tofu");
    const { code, lines } = await run();
    expect(lines.join("\n")).toMatch(
      /^tofu was not found on this computer, so nothing was checked\.\nInstall Terraform/,
    );
    expect(lines.join("\n")).not.toContain(terraform.home);
    expect(code).toBe(2);
  });

  test("OpenTofu's plugins come from its own registry", async () => {
    terraform.plays({ version: { stdout: "OpenTofu v1.10.0\n" }, init: { code: 1, stderr: UNREACHABLE } });
    const { lines } = await run({ environments: ["development"] });
    expect(lines[0]).toBe("manacore, with OpenTofu v1.10.0");
    expect(lines.join("\n")).toContain("plugins/registry.opentofu.org/kreuzwerker/docker/");
  });
});

test("a platform that does not exist is a mistake of the user's", async () => {
  await expect(run({ platform: "nope" })).rejects.toThrow(/given {5}nope/);
});
