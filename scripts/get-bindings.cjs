// Makes hcloud's bindings in .gen/ from the committed schema: no network, no Terraform. Runs at `npm ci` (postinstall).
// CommonJS without dependencies of our own, as it runs before anything is compiled.
const { spawnSync } = require("node:child_process");
const { existsSync, readdirSync, readFileSync, writeFileSync } = require("node:fs");
const { createHash } = require("node:crypto");
const path = require("node:path");

const root = path.join(__dirname, "..");
const schema = readdirSync(path.join(root, "schemas")).find((name) => /^hcloud@.*\.json$/.test(name));
if (!schema) throw new Error("schemas/ has no hcloud@<version>.json, from which the bindings are made");

const stamp = path.join(root, ".gen", "made-from.json");
const madeFrom = JSON.stringify({
  schema: createHash("sha256")
    .update(readFileSync(path.join(root, "schemas", schema)))
    .digest("hex"),
  cdktf: require("cdktf-cli/package.json").version,
});
if (existsSync(stamp) && readFileSync(stamp, "utf8") === madeFrom) process.exit(0);

const env = { ...process.env, CDKTF_EXPERIMENTAL_PROVIDER_SCHEMA_CACHE_PATH: "schemas", CHECKPOINT_DISABLE: "1" };
// Terraform refuses to start over a configuration file that is named but not there.
if (env.TF_CLI_CONFIG_FILE && !existsSync(env.TF_CLI_CONFIG_FILE)) delete env.TF_CLI_CONFIG_FILE;
const cli = require.resolve("cdktf-cli/package.json");
const bin = path.join(path.dirname(cli), require(cli).bin.cdktf);
const made = spawnSync(process.execPath, [bin, "get", "--force"], { cwd: root, env, encoding: "utf8" });
if (made.status !== 0 || !existsSync(path.join(root, ".gen", "providers", "hcloud", "server", "index.ts"))) {
  console.error(made.stdout, made.stderr);
  console.error("could not make the bindings for hcloud; run: npx cdktf get --force");
  process.exit(1);
}
writeFileSync(stamp, madeFrom);
console.log(`made bindings in .gen/ from schemas/${schema}`);
