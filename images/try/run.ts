/**
 * `npm run images:try [-- <option of docker build>…]`: builds a small monorepo with the Dockerfile, runs each image as the
 * catalog does, and looks at what comes of it. Ends with 0, with 1 when something is not as promised, and with 2 when this
 * computer cannot do it, having said why. Base images that are on the engine are taken as they are.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DEFAULT_USER } from "../../constructs/docker/container-settings";
import { healthTest } from "../../model/health";
import { PLATFORMS } from "../../config/platforms";
import { servicesFor, type Target, TARGETS } from "../targets";
import { monorepo, PROJECTS } from "./monorepo";

const TEMPLATES = join(__dirname, "../templates");
const LABEL = "twinset.images-try";
const NETWORK = "twinset-images-try";
/** The document's pnpm, and the newest of the next line. */
const PACKAGE_MANAGERS = ["pnpm@9.15.0", "pnpm@10.34.8"];
const BUILD_OPTIONS = process.argv.slice(2);

/** What this computer lacks. */
class Missing extends Error {}

interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(program: string, args: readonly string[], cwd?: string): Result {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    ...{ cwd, encoding: "utf8", maxBuffer: 2 ** 28, env: { ...process.env, DOCKER_BUILDKIT: "1" } },
  });
  return { status: error ? 127 : (status ?? 1), stdout: stdout ?? "", stderr: error?.message ?? stderr };
}

const docker = (...args: readonly string[]): Result => run("docker", args);

function need(result: Result, what: string): string {
  if (result.status !== 0) throw new Missing(`${what}: ${result.stderr.trim().split("\n").slice(-3).join(" ")}`);
  return result.stdout.trim();
}

let failures = 0;
function must(kept: boolean, promise: string, found: unknown = ""): void {
  if (!kept) failures += 1;
  console.log(`  ${kept ? "ok     " : "NOT SO "} ${promise}${kept ? "" : `: ${JSON.stringify(found)}`}`);
}

function baseImages(): string[] {
  const text = readFileSync(join(TEMPLATES, "Dockerfile"), "utf8");
  return ["node", "nginx"].map((name) => `${name}:${new RegExp(`${name.toUpperCase()}_TAG=(\\S+)`).exec(text)![1]}`);
}

function preflight(): void {
  need(docker("info", "--format", "{{.ServerVersion}}"), "a Docker engine");
  for (const image of baseImages()) {
    if (docker("image", "inspect", image).status !== 0) need(docker("pull", "--quiet", image), `the image ${image}`);
  }
}

/** Writes the monorepo with a lockfile in which a dependency of a shared package is older than it would now be. */
function writeMonorepo(root: string, packageManager: string): void {
  const files = monorepo(packageManager);
  const shared = "packages/shared-text/package.json";
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), path === shared ? content.replace("^2.0.0", "2.0.0") : content);
  }
  cpSync(TEMPLATES, join(root, "docker"), { recursive: true });
  const lock = run("npx", ["--yes", packageManager, "install", "--lockfile-only", "--ignore-scripts"], root);
  need({ ...lock, stderr: lock.stderr + lock.stdout }, "npm's registry, for a lockfile");
  writeFileSync(join(root, shared), files[shared]!);
  const lockfile = join(root, "pnpm-lock.yaml");
  writeFileSync(lockfile, readFileSync(lockfile, "utf8").replace("specifier: 2.0.0\n", "specifier: ^2.0.0\n"));
}

const nameOf = (target: Target): string => `${NETWORK}-${target}`;

/** @returns seconds */
function build(root: string, target: Target): number {
  const started = Date.now();
  const result = run(
    "docker",
    [
      ...["build", "--file", "docker/Dockerfile", "--target", target, "--tag", nameOf(target), "--label", LABEL],
      ...["--build-arg", `PROJECT_PATH=${PROJECTS[target]}`, "--build-arg", `PORT=${servicesFor(target)[0]!.port}`],
      ...["--build-arg", "VERSION=v1.0.0", ...BUILD_OPTIONS, "."],
    ],
    root,
  );
  if (/buildx component is missing/.test(result.stderr)) need(result, "BuildKit (docker buildx)");
  if (result.status !== 0)
    throw new Error(`${target} does not build:\n${(result.stdout + result.stderr).slice(-4000)}`);
  return (Date.now() - started) / 1000;
}

const layers = (image: string): string =>
  docker("image", "inspect", "--format", "{{json .RootFS.Layers}}", image).stdout;
const megabytes = (image: string): number =>
  Number(docker("image", "inspect", "--format", "{{.Size}}", image).stdout) / 1e6;

/** Starts a container with the settings that the catalog gives the first service of its kind. */
function start(target: Target): void {
  const service = servicesFor(target)[0]!;
  const { limits } = service.resources;
  const user = service.sandbox?.user ?? DEFAULT_USER;
  const [uid, gid] = user.split(":");
  const places = Object.entries(service.sandbox?.tmpfs ?? {}).flatMap(([path, options]) => [
    "--tmpfs",
    `${path}:${options},uid=${uid},gid=${gid}`,
  ]);
  const [, ...test] = healthTest(service.health, service.port);
  need(
    docker(
      ...["run", "--detach", "--name", nameOf(target), "--label", LABEL, "--network", NETWORK, "--read-only"],
      ...["--user", user, "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true", ...places],
      ...["--cpus", String(limits.cpu), "--memory", `${limits.memory.mebibytes}m`],
      ...["--memory-swap", `${limits.memory.mebibytes}m`, "--health-cmd", test.join(" "), "--health-interval", "1s"],
      ...["--health-timeout", `${service.health.timeout.seconds}s`, "--health-start-period", "40s"],
      ...["--env", `PORT=${service.port}`, "--env", "PUBLIC_BACKEND_URL=https://api.example.org", nameOf(target)],
    ),
    `a container of ${target}`,
  );
}

/** @returns seconds until it was healthy, or undefined */
function healthy(target: Target): number | undefined {
  const started = Date.now();
  while (Date.now() - started < 60_000) {
    const state = docker("inspect", "--format", "{{.State.Health.Status}}", nameOf(target)).stdout.trim();
    if (state === "healthy") return (Date.now() - started) / 1000;
    if (state !== "starting") break;
    spawnSync("sleep", ["0.2"]);
  }
  return undefined;
}

const inside = (target: Target, ...command: readonly string[]): string => {
  const { stdout, stderr } = docker("exec", nameOf(target), ...command);
  return stderr + stdout;
};

/** Head and body of what it answers. */
const ask = (target: Target, path: string, header = "X-None: 1"): string =>
  inside(
    target,
    ...["wget", "-q", "-S", "-O", "-", "--header", header, `http://127.0.0.1:${servicesFor(target)[0]!.port}${path}`],
  );

function lookAtAny(target: Target): void {
  must(inside(target, "id", "-u").trim() === "1001", "its user is 1001");
  must(inside(target, "touch", "/x").includes("Read-only"), "nothing can be written beside its programs");
  const secrets = inside(target, "find", "/", "-xdev", "-name", ".env*");
  must(secrets.trim() === "", "no .env got into it", secrets);
}

function lookAtNode(target: Target): void {
  const packages = inside(target, "ls", "/app/node_modules/.pnpm").split("\n");
  must(!packages.some((name) => /^(typescript|vite|esbuild)@/.test(name)), "no development dependencies", packages);
  const managers = ["npm", "npx", "yarn", "corepack"].filter((name) => inside(target, "which", name).trim() !== "");
  must(managers.length === 0, "no package managers", managers);
}

const LOOKS: Readonly<Record<Target, () => void>> = {
  nestjs: () => {
    lookAtNode("nestjs");
    const page = ask("nestjs", "/");
    must(page.includes("hello from backend, for 1m, 60"), "answers, with its shared package and its native one", page);
    const packages = inside("nestjs", "ls", "/app/node_modules/.pnpm").split("\n");
    must(packages.includes("ms@2.0.0"), "a shared package's dependency is the lockfile's", packages);
    const [program, ...args] = PLATFORMS["manacore"]!.products.find(({ migration }) => migration)!.migration!.command;
    const migrate = (code: number): Result =>
      docker(
        ...["run", "--rm", "--label", LABEL, "--network", NETWORK, "--user", DEFAULT_USER, "--cap-drop", "ALL"],
        ...["--env", `EXIT_CODE=${code}`, "--entrypoint", program!, nameOf("nestjs"), ...args],
      );
    const done = migrate(0);
    must(done.status === 0 && done.stdout.includes("migrated 0000_first.sql"), "the migration runs as a job", done);
    must(migrate(3).status === 3, "a failed migration is a failed job");
  },
  sveltekit: () => {
    lookAtNode("sveltekit");
    const page = ask("sveltekit", "/");
    must(page.includes("hello from web, for 1m, of https://api.example.org"), "answers, with what it is told", page);
  },
  astro: () => {
    const page = ask("astro", "/");
    must(/200 OK[^]*Cache-Control: no-cache[^]*hello from landing/.test(page), "a page is asked for again", page);
    const sheet = ask("astro", /\/_astro\/[^"]+\.css/.exec(page)?.[0] ?? "/no-style-sheet");
    must(/Cache-Control: public, max-age=31536000, immutable/.test(sheet), "a hashed file is kept", sheet);
    const packed = ask("astro", "/", "Accept-Encoding: gzip");
    must(/Content-Encoding: gzip/.test(packed), "text is compressed");
    const missing = ask("astro", "/no-such-page");
    must(/404 Not Found/.test(missing) && !/Cache-Control/.test(missing), "no page is a 404, and not kept", missing);
  },
};

function remove(): void {
  const containers = docker("ps", "--all", "--quiet", "--filter", `label=${LABEL}`).stdout.split("\n").filter(Boolean);
  if (containers.length > 0) docker("rm", "--force", ...containers);
  const images = docker("image", "ls", "--quiet", "--filter", `label=${LABEL}`).stdout.split("\n").filter(Boolean);
  if (images.length > 0) docker("image", "rm", "--force", ...new Set(images));
  docker("network", "rm", NETWORK);
}

function tryWith(packageManager: string, directory: string): void {
  const root = join(directory, packageManager);
  writeMonorepo(root, packageManager);
  const [node, nginx] = baseImages() as [string, string];
  for (const target of TARGETS) {
    const seconds = build(root, target);
    const over = megabytes(nameOf(target)) - megabytes(target === "astro" ? nginx : node);
    const before = layers(nameOf(target));
    const other = join(root, PROJECTS[target === "astro" ? "nestjs" : "astro"], "src/changed.ts");
    writeFileSync(other, "export {};\n");
    const again = build(root, target);
    rmSync(other);
    console.log(
      `${packageManager}, ${target}: built in ${seconds.toFixed(0)} s, ${over.toFixed(1)} MB over its base; ` +
        `${again.toFixed(0)} s after another project changed`,
    );
    must(layers(nameOf(target)) === before, "another project's change leaves all of its layers as they were");
    start(target);
    const after = healthy(target);
    must(after !== undefined, "gets healthy", docker("logs", nameOf(target)));
    lookAtAny(target);
    LOOKS[target]();
    const stopping = Date.now();
    docker("stop", "--time", "30", nameOf(target));
    const stopped = (Date.now() - stopping) / 1000;
    must(stopped < 5, "ends when it is told to", `${stopped} s`);
    console.log(`  healthy after ${after?.toFixed(1)} s, stopped within ${stopped.toFixed(1)} s`);
    docker("rm", "--force", nameOf(target));
  }
}

function main(): number {
  const directory = mkdtempSync(join(tmpdir(), "twinset-images-try-"));
  try {
    preflight();
    remove();
    need(docker("network", "create", "--internal", "--label", LABEL, NETWORK), "a network");
    for (const packageManager of PACKAGE_MANAGERS) tryWith(packageManager, directory);
    console.log(failures === 0 ? "all as promised" : `${failures} not as promised`);
    return failures === 0 ? 0 : 1;
  } catch (error) {
    if (error instanceof Missing) {
      console.log(`not tried: this computer lacks ${error.message}`);
      return 2;
    }
    console.error(error instanceof Error ? error.message : error);
    return 1;
  } finally {
    remove();
    rmSync(directory, { recursive: true, force: true });
  }
}

process.exitCode = main();
