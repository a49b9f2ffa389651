/** Finds Terraform (or OpenTofu) on this computer, and gives it what it needs of the environment. */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename } from "node:path";
import { run } from "../clients/program";
import { firstLines } from "./output";

export interface Terraform {
  readonly binary: string;
  /** "Terraform v1.11.4" */
  readonly version: string;
  /** Where its plugins come from by default. */
  readonly registry: string;
}

/** Finds the program that `cdktf` would use too. Returns what to tell the user when there is none that runs. */
export async function findTerraform(env: NodeJS.ProcessEnv): Promise<Terraform | string> {
  const binary = env["TERRAFORM_BINARY_NAME"] || "terraform";
  // A name that leads to a file on this computer stays out of what is printed.
  const shown = basename(binary);
  try {
    const { code, stdout, stderr } = await run(binary, ["version"], { env: childEnvironment(env), cwd: tmpdir() });
    const version = stdout.split("\n")[0]?.trim();
    if (code !== 0 || !version)
      return `${shown} does not run, so nothing was checked.\n${firstLines(stderr || stdout)}`;
    const registry = version.startsWith("OpenTofu") ? "registry.opentofu.org" : "registry.terraform.io";
    return { binary, version, registry };
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code !== "ENOENT") throw reason;
    return [
      `${shown} was not found on this computer, so nothing was checked.`,
      "Install Terraform 1.11 or newer (https://developer.hashicorp.com/terraform/install), or OpenTofu",
      "(https://opentofu.org/docs/intro/install) and set TERRAFORM_BINARY_NAME=tofu.",
    ].join("\n");
  }
}

/** What a child needs to find programs, its plugins and the registry. Tokens of today and of tomorrow stay out. */
const PASSED_ON = new Set([
  ...["PATH", "PATHEXT", "SYSTEMROOT", "HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TMPDIR", "TMP", "TEMP"],
  ...["LANG", "LC_ALL", "XDG_DATA_HOME", "XDG_DATA_DIRS", "XDG_CONFIG_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR"],
  ...["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR"],
]);

export function childEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const child = Object.fromEntries(Object.entries(env).filter(([name]) => PASSED_ON.has(name.toUpperCase())));
  return {
    ...usable(child),
    CHECKPOINT_DISABLE: "1",
    TF_IN_AUTOMATION: "1",
    TF_INPUT: "0",
    // Seconds. A registry that does not answer should not hold a check up for long.
    TF_REGISTRY_CLIENT_TIMEOUT: "10",
  };
}

/** Terraform refuses to start over a configuration file that is named but not there, or warns at every call. */
export function usable(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { TF_CLI_CONFIG_FILE: config, ...rest } = env;
  return config === undefined || existsSync(config) ? env : rest;
}
