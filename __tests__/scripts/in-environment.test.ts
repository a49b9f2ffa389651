/** The script as workflows run it: as a process of its own. */
import { afterAll, beforeEach, describe, expect, test } from "@jest/globals";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { deployed, githubName, pipelineValues } from "../../model/pipeline";
import { EVERY_PLATFORM } from "../support/platforms";

const SCRIPT = join(__dirname, "../../scripts/in-environment.cjs");
const root = mkdtempSync(join(tmpdir(), "twinset-in-environment-"));
afterAll(() => rmSync(root, { recursive: true }));

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(root, "home-"));
});

const KEY = ((): string => {
  const file = join(root, "key");
  const made = spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "pipeline", "-f", file]);
  return made.status === 0 ? readFileSync(file, "utf8") : "";
})();

const SECRETS = {
  TF_VAR_HCLOUD_TOKEN: "hcloud-secret",
  AWS_SECRET_ACCESS_KEY: "aws-secret",
  github_token: "gh-secret",
  OTHER: "x",
};
const VARS = {
  TF_VAR_SSH_ALLOWED_CIDRS: '["192.0.2.0/24"]',
  AWS_ENDPOINT_URL_S3: "https://r2.example",
  PLATFORM: "acme",
};
const environment = (secrets: object = SECRETS, vars: object = VARS): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"],
  HOME: home,
  TWINSET_SECRETS: JSON.stringify(secrets),
  TWINSET_VARS: JSON.stringify(vars),
});

function run(args: string[], env = environment()) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...args], { env, encoding: "utf8" });
  return { status, stdout, stderr };
}
const node = (code: string): string[] => ["--", process.execPath, "-e", code];
const PRINT = "console.log(JSON.stringify(process.env))";

describe("what the command gets", () => {
  test("Terraform's variables under its own names, the state store's credentials, and no other secret", () => {
    const env = JSON.parse(run(node(PRINT)).stdout) as Record<string, string>;
    expect(env).toMatchObject({
      TF_VAR_hcloud_token: "hcloud-secret",
      TF_VAR_ssh_allowed_cidrs: '["192.0.2.0/24"]',
      AWS_SECRET_ACCESS_KEY: "aws-secret",
      AWS_ENDPOINT_URL_S3: "https://r2.example",
    });
    for (const name of [
      "github_token",
      "OTHER",
      "PLATFORM",
      "TWINSET_SECRETS",
      "TWINSET_VARS",
      "TF_VAR_HCLOUD_TOKEN",
    ]) {
      expect(env).not.toHaveProperty(name);
    }
  });

  test.each(EVERY_PLATFORM)("every value that the delivery stack gives %s", (_, { platform }) => {
    for (const each of deployed(platform)) {
      const { secrets, settings } = pipelineValues(platform, each);
      const of = (values: readonly { name: string }[]): Record<string, string> =>
        Object.fromEntries(
          values.filter(({ name }) => !name.startsWith("SSH_")).map(({ name }) => [name, `value of ${name}`]),
        );
      const atGithub = (values: Record<string, string>): Record<string, string> =>
        Object.fromEntries(Object.entries(values).map(([name, value]) => [githubName(name), value]));
      const { stdout } = run(node(PRINT), environment(atGithub(of(secrets)), atGithub(of(settings))));
      expect(JSON.parse(stdout)).toMatchObject({ ...of(secrets), ...of(settings) });
    }
  });

  test("values of several lines, quotes and dollar signs come through as they are", () => {
    const odd = 'line one\nEOF\nline "three" $HOME `id` ${{ x }}\r\n';
    const env = environment({ TF_VAR_ODD: odd });
    expect(JSON.parse(run(node(PRINT), env).stdout)).toMatchObject({ TF_VAR_odd: odd });
  });

  test("the command's exit code is the script's", () => {
    expect(run(node("process.exit(7)")).status).toBe(7);
  });
});

describe("mistakes are told without a value", () => {
  const refused = (env: NodeJS.ProcessEnv, args = node(PRINT)): string => {
    const { status, stdout, stderr } = run(args, env);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).not.toMatch(/secret"|hcloud-secret|at .*\.cjs/);
    return stderr;
  };
  test("an environment that has nothing", () => {
    expect(refused({ ...environment({}, {}), TWINSET_GITHUB_ENVIRONMENT: "production-watch" })).toContain(
      "GitHub environment production-watch",
    );
  });
  test("no secrets at all, and what is no JSON", () => {
    expect(refused({ ...environment(), TWINSET_SECRETS: "" })).toContain("TWINSET_SECRETS");
    expect(refused({ ...environment(), TWINSET_VARS: "hcloud-secret {" })).toContain("no JSON object");
    expect(refused({ ...environment(), TWINSET_VARS: "[]" })).toContain("no JSON object");
  });
  test("no command, and a program that is not there", () => {
    expect(refused(environment(), ["--"])).toContain("-- <command>");
    expect(refused(environment(), ["--", "no-such-program-here"])).toContain("no-such-program-here");
  });
  test("a key that is none", () => {
    expect(
      refused(environment({ ...SECRETS, SSH_PRIVATE_KEY: "hcloud-secret" }, { ...VARS, SSH_KNOWN_HOSTS: "h k v" })),
    ).toContain("SSH_PRIVATE_KEY");
  });
});

describe("SSH", () => {
  const LIST = "console.log(process.env.SSH_AUTH_SOCK, require('child_process').execSync('ssh-add -l').toString())";
  const withKey = (hosts?: string, key = KEY) =>
    environment({ ...SECRETS, SSH_PRIVATE_KEY: key }, hosts === undefined ? VARS : { ...VARS, SSH_KNOWN_HOSTS: hosts });

  test("the key is in an agent while the command runs, not in its environment, and the agent ends with it", async () => {
    expect(KEY).not.toBe("");
    const { stdout } = run(node(`${LIST};console.log(process.env.SSH_PRIVATE_KEY)`), withKey("host ssh-ed25519 AAAA"));
    expect(stdout).toMatch(/pipeline \(ED25519\)[\s\S]*undefined/);
    const socket = /^(\S+) /m.exec(stdout)![1]!;
    // Asked to end, it takes its socket with it.
    for (let n = 0; n < 100 && existsSync(socket); n++) await sleep(20);
    expect([socket, existsSync(socket)]).toEqual([expect.stringContaining("agent"), false]);
  });

  test("a key that lost its last line end, or got Windows' ones, is taken all the same", () => {
    expect(run(node(LIST), withKey("h k v", KEY.trimEnd())).stdout).toContain("ED25519");
    expect(run(node(LIST), withKey("h k v", KEY.replaceAll("\n", "\r\n"))).stdout).toContain("ED25519");
  });

  test("known hosts are written once", () => {
    const hosts = "203.0.113.1 ssh-ed25519 AAAA\n203.0.113.2 ssh-ed25519 BBBB";
    for (let n = 0; n < 2; n++) run(node("0"), withKey(hosts));
    expect(readFileSync(join(home, ".ssh/known_hosts"), "utf8")).toBe(`${hosts}\n`);
  });

  test("without them there is a warning", () => {
    expect(run(node("0"), withKey()).stdout).toContain("::warning::SSH_KNOWN_HOSTS");
    expect(existsSync(join(home, ".ssh"))).toBe(false);
  });

  test("without a key nothing is said and no agent started", () => {
    expect(run(node("console.log(process.env.SSH_AUTH_SOCK)")).stdout).toBe("undefined\n");
  });
});

describe("a command that outlives its step", () => {
  const WORK = `
    console.log("begun");
    let heard = false;
    process.on("SIGTERM", () => { console.log("heard"); heard = true; });
    setInterval(() => {
      if (heard && require("fs").existsSync(process.env.WORK_MAY_END)) { console.log("back"); process.exit(4); }
    }, 20);`;

  test("hears of the cancellation, goes on when the step is killed, and is waited for", async () => {
    const folder = join(home, "run");
    const mayEnd = join(home, "may-end");
    const env = { ...environment(), WORK_MAY_END: mayEnd };
    const step = spawn(process.execPath, [SCRIPT, "--survive", folder, ...node(WORK)], { env });
    let said = "";
    step.stdout.on("data", (text) => (said += String(text)));
    const ended = new Promise((resolve) => step.once("exit", resolve));
    while (!said.includes("begun")) await sleep(20);
    step.kill("SIGINT");
    while (!said.includes("heard")) await sleep(20);
    step.kill("SIGKILL");
    await ended;
    expect(said).toMatch(/begun[\s\S]*heard/);
    expect(existsSync(join(folder, "code"))).toBe(false);
    writeFileSync(mayEnd, "");
    const waited = run(["--wait", folder]);
    expect(waited.status).toBe(4);
    expect(waited.stdout).toContain("back");
    expect(waited.stdout).not.toContain("begun");
  });

  test("what the command has begun itself is not disturbed", async () => {
    const folder = join(home, "run");
    const begun =
      "process.on('SIGTERM', () => console.log('disturbed')); setTimeout(() => console.log('came to its end'), 1200)";
    const work = `
      process.on("SIGTERM", () => console.log("heard"));
      require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(begun)}], { stdio: "inherit" });
      console.log("begun");`;
    const step = spawn(process.execPath, [SCRIPT, "--survive", folder, ...node(work)], { env: environment() });
    let said = "";
    step.stdout.on("data", (text) => (said += String(text)));
    const ended = new Promise((resolve) => step.once("exit", resolve));
    while (!said.includes("begun")) await sleep(20);
    step.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(said).toMatch(/heard[\s\S]*came to its end/);
    expect(said).not.toContain("disturbed");
  });

  test("one that just ends gives its words and its code, and a later wait gives the code again", () => {
    const folder = join(home, "run");
    const { status, stdout } = run(["--survive", folder, ...node("console.log('done');process.exitCode=3")]);
    expect([status, stdout]).toEqual([3, "done\n"]);
    expect(run(["--wait", folder])).toMatchObject({ status: 3, stdout: "" });
  });

  test("where none was begun there is nothing to wait for", () => {
    expect(run(["--wait", join(home, "nothing")])).toMatchObject({ status: 0, stdout: "" });
  });
});
