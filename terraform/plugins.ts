/** Provider plugins: which ones a stack needs, and which of them are on this computer. */
import { existsSync, readdirSync } from "node:fs";
import { arch, homedir, platform as system } from "node:os";
import { basename, join } from "node:path";
import { list } from "../model/problem";
import type { StackConfig } from "./config";
import type { Terraform } from "./program";

/** A provider plugin at the version that a stack asks for. */
export interface Plugin {
  /** "cloudflare/cloudflare" */
  readonly source: string;
  readonly version: string;
  /** "registry.terraform.io/cloudflare/cloudflare" */
  readonly path: string;
}

/** Those of a stack's plugins that are not in a folder where Terraform looks before it asks a registry. */
export function missingPlugins(
  config: StackConfig,
  terraform: Pick<Terraform, "registry">,
  env: NodeJS.ProcessEnv,
): Plugin[] {
  return Object.values(config.terraform.required_providers ?? {})
    .map(({ source, version }): Plugin => {
      const path = source.split("/").length > 2 ? source : `${terraform.registry}/${source}`;
      return { source, version, path };
    })
    .filter((plugin) => !pluginFolders(env).some((folder) => isInstalled(folder, plugin)));
}

/** Terraform's words for this computer: "linux_amd64". */
function target(): string {
  const os = system() === "win32" ? "windows" : system();
  const cpu = { x64: "amd64", ia32: "386" }[arch() as string] ?? arch();
  return `${os}_${cpu}`;
}

/** Where Terraform looks for plugins before it asks a registry ("Implied Local Mirror Directories"). */
function pluginFolders(env: NodeJS.ProcessEnv): string[] {
  const home = homedir();
  if (system() === "win32") return [join(env["APPDATA"] ?? home, "terraform.d", "plugins")];
  const shared =
    system() === "darwin"
      ? [join(home, "Library", "Application Support", "io.terraform"), "/Library/Application Support/io.terraform"]
      : [
          env["XDG_DATA_HOME"] ?? join(home, ".local", "share"),
          ...(env["XDG_DATA_DIRS"] ?? "/usr/local/share:/usr/share").split(":"),
        ].map((folder) => join(folder, "terraform"));
  return [join(home, ".terraform.d"), ...shared].map((folder) => join(folder, "plugins"));
}

/** Unpacked or packed, as Terraform itself accepts it. */
function isInstalled(folder: string, { path, version }: Plugin): boolean {
  const at = join(folder, ...path.split("/"));
  const unpacked = join(at, version, target());
  return (existsSync(unpacked) && readdirSync(unpacked).length > 0) || existsSync(join(at, packed({ path, version })));
}

const packed = ({ path, version }: Pick<Plugin, "path" | "version">): string =>
  `terraform-provider-${basename(path)}_${version}_${target()}.zip`;

/** How to get plugins, as lines for people. */
export function howToGet(missing: readonly Plugin[], env: NodeJS.ProcessEnv): string[] {
  const plugins = [...new Map(missing.map((plugin) => [plugin.path, plugin])).values()];
  if (plugins.length === 0) return [];
  const folder = system() === "win32" ? "%APPDATA%/terraform.d/plugins" : "~/.terraform.d/plugins";
  return [
    "",
    `Terraform downloads plugins from ${list([...new Set(plugins.map(({ path }) => path.split("/")[0]!))])} where it can reach that.`,
    "Where it cannot, put the release's zip by hand at",
    ...plugins.map((plugin) => `  ${folder}/${plugin.path}/${packed(plugin)}`),
    ...(env["TF_PLUGIN_CACHE_DIR"] ? ["TF_PLUGIN_CACHE_DIR does not replace that: the registry is asked first."] : []),
  ];
}
