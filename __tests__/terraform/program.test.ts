import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { childEnvironment } from "../../terraform/program";
import { withTempDirectory } from "../../clients/program";
import { FakeTerraform, isAlive } from "../support/fake-terraform";

const ROOT = join(__dirname, "..", "..");
let terraform: FakeTerraform;
beforeEach(() => {
  terraform = new FakeTerraform();
});
afterEach(() => terraform.remove());

describe("a child's environment", () => {
  test("has what finds programs and plugins, and nothing that opens doors", () => {
    const secrets = Object.fromEntries(
      [
        ...["HCLOUD_TOKEN", "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_EMAIL", "GITHUB_TOKEN", "AWS_ACCESS_KEY_ID"],
        ...["AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "DOCKER_HOST", "SSH_AUTH_SOCK", "TF_VAR_hcloud_token"],
        ...["TF_CLI_ARGS", "TF_WORKSPACE", "TF_TOKEN_app_terraform_io", "SOME_TOKEN_OF_TOMORROW"],
      ].map((name) => [name, "secret"]),
    );
    const child = childEnvironment({ ...secrets, PATH: "/bin", HOME: "/home/somebody", https_proxy: "http://proxy" });
    expect(child).toEqual({
      PATH: "/bin",
      HOME: "/home/somebody",
      https_proxy: "http://proxy",
      CHECKPOINT_DISABLE: "1",
      TF_IN_AUTOMATION: "1",
      TF_INPUT: "0",
      TF_REGISTRY_CLIENT_TIMEOUT: "10",
    });
  });

  test("names Terraform's configuration file only when it exists", () => {
    const file = join(terraform.home, "terraformrc");
    expect(childEnvironment({ TF_CLI_CONFIG_FILE: file })).not.toHaveProperty("TF_CLI_CONFIG_FILE");
    writeFileSync(file, "");
    expect(childEnvironment({ TF_CLI_CONFIG_FILE: file })).toHaveProperty("TF_CLI_CONFIG_FILE", file);
  });
});

describe("the temporary directory", () => {
  test("is gone after success and after an error", async () => {
    const used = await withTempDirectory(async (directory) => directory);
    expect(existsSync(used)).toBe(false);
    await expect(withTempDirectory(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(terraform.leftovers()).toEqual([]);
  });

  test("leaves no listeners for signals behind", async () => {
    const before = process.listenerCount("SIGINT");
    await withTempDirectory(async () => expect(process.listenerCount("SIGINT")).toBe(before + 1));
    expect(process.listenerCount("SIGINT")).toBe(before);
  });

  test("is gone after Ctrl-C, and so are the children", async () => {
    terraform.plays({ init: { hang: true } });
    const program = `void require("./cli/catalog/validate").validate({ write() {} })`;
    const child = spawn(process.execPath, ["--import", "tsx", "-e", program], {
      cwd: ROOT,
      env: process.env,
      stdio: "inherit",
    });
    const ended = new Promise<NodeJS.Signals | null>((resolve) => child.on("exit", (_, signal) => resolve(signal)));
    while (terraform.calls("init").length === 0 && child.exitCode === null) await pause(50);
    expect(terraform.leftovers()).toHaveLength(1);

    child.kill("SIGINT");
    expect(await ended).toBe("SIGINT");
    expect(terraform.leftovers()).toEqual([]);
    await pause(100);
    expect(terraform.calls("init").map(({ pid }) => isAlive(pid))).toEqual([false]);
  }, 30_000);
});

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
