/** The files beside the Dockerfile: two programs that builds and images run, nginx's settings, what a build may see. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { servicesFor } from "../../images/targets";

const TEMPLATES = join(__dirname, "../../images/templates");
const template = (name: string): string => readFileSync(join(TEMPLATES, name), "utf8");

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "twinset-images-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

function write(folder: string, files: Readonly<Record<string, string>>): string {
  const root = join(directory, folder);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

describe("manifests.cjs", () => {
  const BACKEND = "apps/chat/apps/backend";

  function manifests(): { list: string[]; backend: object } {
    const monorepo = write("monorepo", {
      "package.json": '{"name":"m","packageManager":"pnpm@9.15.0","scripts":{"prepare":"husky"}}',
      "pnpm-lock.yaml": "lockfileVersion: '9.0'",
      "pnpm-workspace.yaml": "packages: []",
      ".npmrc": "",
      "patches/a@1.0.0.patch": "",
      "README.md": "",
      [`${BACKEND}/package.json`]:
        '{"name":"@chat/backend","scripts":{"postinstall":"x"},"dependencies":{"a":"1.0.0"}}',
      [`${BACKEND}/src/main.ts`]: "",
      [`${BACKEND}/node_modules/a/package.json`]: "{}",
      [`${BACKEND}/pnpm-lock.yaml`]: "not the workspace's",
    });
    const target = join(directory, "manifests");
    execFileSync(process.execPath, [join(TEMPLATES, "manifests.cjs"), monorepo, target]);
    const list = readdirSync(target, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(target.length + 1))
      .sort();
    return { list, backend: JSON.parse(readFileSync(join(target, BACKEND, "package.json"), "utf8")) as object };
  }

  test("copies what decides which dependencies there are, each in its place, and nothing else", () => {
    expect(manifests().list).toEqual(
      [
        ".npmrc",
        `${BACKEND}/package.json`,
        "package.json",
        "patches/a@1.0.0.patch",
        "pnpm-lock.yaml",
        "pnpm-workspace.yaml",
      ].sort(),
    );
  });

  test("leaves out scripts, which need sources, and nothing else of a package.json", () => {
    expect(manifests().backend).toEqual({ name: "@chat/backend", dependencies: { a: "1.0.0" } });
  });
});

describe("pnpm of an image", () => {
  const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } => {
    const cwd = write("image", {
      "package.json": JSON.stringify({
        scripts: { "migration:run": "node migrate.cjs", "two:steps": "true && node migrate.cjs", tool: "tool" },
      }),
      "migrate.cjs": "console.log(JSON.stringify(process.argv.slice(2))); process.exit(Number(process.argv[2] ?? 0));",
      "node_modules/.bin/tool": "echo local tool",
    });
    execFileSync("chmod", ["755", join(cwd, "node_modules/.bin/tool")]);
    return spawnSync("sh", [join(TEMPLATES, "pnpm"), ...args], { cwd, encoding: "utf8" });
  };

  test("runs a script of the package.json where it is", () => {
    expect(run("migration:run")).toMatchObject({ status: 0, stdout: "[]\n" });
    expect(run("run", "migration:run")).toMatchObject({ status: 0, stdout: "[]\n" });
  });

  test("hands arguments on as they are, to a script of two steps as well", () => {
    expect(run("migration:run", "0", "a  b", "$HOME")).toMatchObject({ status: 0, stdout: '["0","a  b","$HOME"]\n' });
    expect(run("two:steps", "0", "x")).toMatchObject({ status: 0, stdout: '["0","x"]\n' });
  });

  test("ends as the script ends: a failed migration fails its job", () => {
    expect(run("migration:run", "3").status).toBe(3);
  });

  test("finds the programs of dependencies", () => expect(run("tool").stdout).toBe("local tool\n"));

  test.each(["install", "toString", ""])("says that it can do nothing but scripts (%j)", (name) => {
    const { status, stderr } = run(...(name ? [name] : []));
    expect(status).toBe(1);
    expect(stderr).toContain(`has no script "${name}"; this image only runs scripts`);
  });
});

describe("nginx.conf", () => {
  const conf = template("nginx.conf").replace(/^\s*#.*$/gm, "");
  const directive = (name: string): string[] =>
    [...conf.matchAll(new RegExp(`^\\s*${name}\\s+([^;]+);`, "gm"))].map((match) => match[1]!);

  test("listens on the port of the build, nowhere else", () => expect(directive("listen")).toEqual(["@PORT@"]));

  test("writes only where the platform gives every container a place: /tmp", () => {
    const places = ["pid", ...["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path`)];
    for (const name of places) expect(directive(name).map((path) => path.split("/")[1])).toEqual(["tmp"]);
    for (const { sandbox } of servicesFor("astro")) expect(Object.keys(sandbox!.tmpfs!)).toContain("/tmp");
    expect([...directive("access_log"), ...directive("error_log")].sort()).toEqual([
      "/dev/stdout edge",
      "off",
      "stderr warn",
    ]);
  });

  test("has no user to become and stays in the foreground", () => {
    expect(directive("user")).toEqual([]);
    expect(directive("daemon")).toEqual(["off"]);
  });

  test("hashed files are kept for good, pages asked for again", () => {
    expect(conf).toMatch(/default "no-cache";\s+~\^\/_astro\/ "public, max-age=31536000, immutable";/);
    expect(directive("add_header")).toContain("Cache-Control $cache");
  });

  test("an address without a page is a 404, not the home page", () => {
    expect(directive("try_files")).toEqual(["$uri $uri/index.html $uri.html =404"]);
  });

  test("compresses text, tells no version, and keeps hidden files to itself", () => {
    expect(directive("gzip")).toEqual(["on"]);
    expect(directive("server_tokens")).toEqual(["off"]);
    expect(conf).toMatch(/location ~ \/\\\.\(\?!well-known\/\) \{\s+return 404;/);
  });
});

test("a build sees no secrets, no history and nothing of earlier builds", () => {
  const ignored = template("Dockerfile.dockerignore").split("\n");
  const expected = ["**/.git", "**/.env", "**/.env.*", "**/*.key", "**/*.pem", "**/node_modules", "*/*/*/*/dist"];
  expect(ignored).toEqual(expect.arrayContaining(expected));
  expect(ignored.filter((line) => line.startsWith("!"))).toEqual([]);
});
