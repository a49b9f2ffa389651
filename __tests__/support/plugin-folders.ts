/** A home with a folder of plugins that are none: Terraform looks at their content, and runs none of them for `init`. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { arch, platform, tmpdir } from "node:os";
import { join } from "node:path";
import { PROVIDER_VERSIONS } from "../../constructs/provider-versions";
import { childEnvironment } from "../../terraform/program";
import { LOCK_PLATFORMS } from "../../terraform/plugin-lock";
import { TERRAFORM } from "./real-terraform";

export const HERE = `${platform()}_${arch() === "x64" ? "amd64" : arch()}`;

export class PluginHome {
  readonly root = mkdtempSync(join(tmpdir(), "twinset-plugins-"));
  readonly plugins = join(this.root, ".terraform.d", "plugins");
  private folders = 0;

  /** Every pinned plugin for these. @param content another one: another build of the same version */
  fill(platforms: readonly string[] = LOCK_PLATFORMS, content = "the publisher's"): void {
    for (const { source, version } of Object.values(PROVIDER_VERSIONS)) {
      for (const name of platforms) this.put(source, version, name, content);
    }
  }

  put(source: string, version: string, target: string, content: string): void {
    const folder = join(this.plugins, "registry.terraform.io", source, version, target);
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `terraform-provider-${source.split("/")[1]}_v${version}`);
    writeFileSync(file, `${source} ${version} ${target} ${content}`, { mode: 0o755 });
  }

  folder(): string {
    const path = join(this.root, `stack-${++this.folders}`);
    mkdirSync(path);
    return path;
  }

  get env(): NodeJS.ProcessEnv {
    // No registry is asked, whatever this computer can reach.
    const {
      XDG_DATA_HOME: _,
      XDG_DATA_DIRS: __,
      TF_CLI_CONFIG_FILE: ___,
      TF_PLUGIN_CACHE_DIR: ____,
      ...rest
    } = process.env;
    return { ...rest, HOME: this.root, HTTPS_PROXY: "http://127.0.0.1:9" };
  }

  terraform(folder: string, ...args: readonly string[]): { code: number | null; text: string } {
    const options = { cwd: folder, env: childEnvironment(this.env), encoding: "utf8" } as const;
    const { status, stdout, stderr } = spawnSync(TERRAFORM.binary, args, options);
    return { code: status, text: `${stdout}${stderr}`.replace(/\s+/g, " ") };
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }
}
