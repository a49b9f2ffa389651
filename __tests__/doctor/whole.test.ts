/** All checks together, and what is printed of them. */
import { afterEach, describe, expect, test } from "@jest/globals";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeDiagnosis, doctor } from "../../cli/environment/doctor";
import { type Check, examine, type Finding, GROUPS, isReady } from "../../doctor";
import { engine } from "../../doctor/engine";
import { Findings } from "../../doctor/finding";
import { ProblemsError, error } from "../../model/problem";
import { about, contextFor, ENV, SMALL, told, unhelpful } from "../support/patient";

const findings = new Findings("tools");
const with_ = (...checks: Check[]) => checks.map((check) => ["tools", check] as const);

describe("the checks together", () => {
  test("none of them ends the others: a mistake, a limit, a problem, a mistake in the program", async () => {
    const checks = with_(
      async () => [findings.ok("a", "fine")],
      async () => {
        throw new ProblemsError([error("b", "wrong", "right", "mend it")]);
      },
      async () => {
        throw new TypeError("x is not a function");
      },
      () => new Promise(() => undefined),
    );
    const { findings: found } = await examine(contextFor(), 0.05, checks);
    expect(told(found)).toEqual([
      "ok a: fine",
      "failure b: wrong",
      expect.stringMatching(/^failure check: it broke: TypeError: x is not a function/),
      "failure in time: no end within 0.05 s",
      expect.stringMatching(/^skipped this computer/),
    ]);
    expect(unhelpful(found)).toEqual([]);
  });

  test("run at the same time", async () => {
    // None of them ends before all have begun.
    let left = 5;
    let begun = (): void => undefined;
    const all = new Promise<void>((resolve) => (begun = resolve));
    const slow: Check = async () => {
      if (--left === 0) begun();
      await all;
      return [];
    };
    const { findings: found } = await examine(contextFor(), 20, with_(slow, slow, slow, slow, slow));
    expect(told(found).filter((line) => line.includes("no end within"))).toEqual([]);
  });

  test("whatever a server said, no secret and nothing that a terminal obeys is in a line", async () => {
    const secrets = ["TF_VAR_hcloud_token", "AWS_SECRET_ACCESS_KEY"].map((name) => ENV[name]);
    const said = `token ${[...secrets, "a-token-of-github"].join(" and ")}\n\u001b[2Jgone`;
    const { findings: found } = await examine(
      contextFor({ env: { GITHUB_TOKEN: "a-token-of-github" } }),
      5,
      with_(async () => [findings.failure("a", said, said)]),
    );
    const [finding] = found as [Finding];
    for (const text of [finding.found, finding.fix!]) expect(text).toBe("token *** and *** and *** [2Jgone");
  });

  test("with nothing to be had each says so, soon, and all of them what to do", async () => {
    const { findings: found, seconds } = await examine(contextFor({ providers: {} }));
    expect(seconds).toBeLessThan(20);
    expect(unhelpful(found)).toEqual([]);
    expect(isReady(found)).toBe(false);
    const groups = new Set(found.map(({ group }) => group));
    expect(GROUPS.filter((group) => !groups.has(group))).toEqual(["engine", "catalog"]);
  }, 30_000);
});

describe("what is printed", () => {
  const context = contextFor();
  const print = (found: Finding[]): string => describeDiagnosis(context, { findings: found, seconds: 1.234 });
  const state = new Findings("state");
  const hetzner = new Findings("Hetzner");

  test("lines up, with each fix under what it mends, and says what to begin with", () => {
    const text = print([
      findings.ok("Node", "20.12.0"),
      findings.failure("Terraform", "not found", "install it"),
      state.warning("lock", "somebody has it", "wait"),
      hetzner.skipped("token and server", "needs TF_VAR_hcloud_token"),
    ]);
    expect(text).toBe(
      [
        "manacore production",
        "",
        "tools",
        "  ok       Node       20.12.0",
        "  failure  Terraform  not found",
        "                      fix: install it",
        "",
        "state",
        "  warning  lock       somebody has it",
        "                      fix: wait",
        "",
        "not looked at",
        "  skipped  Hetzner    token and server: needs TF_VAR_hcloud_token",
        "",
        "Not ready: 1 failure, 1 warning, 1 ok, 1 skipped, in 1.2 s.",
        "Begin with tools (Terraform), then run this again.",
      ].join("\n"),
    );
  });

  test("everything fine", () => {
    expect(
      print([findings.ok("Node", "20.12.0")])
        .split("\n")
        .at(-1),
    ).toBe("Nothing failed: 1 ok, in 1.2 s.");
  });

  test("one thing wrong: no advice where there is but one thing to do", () => {
    expect(
      print([findings.failure("Node", "18", "install another")])
        .split("\n")
        .at(-1),
    ).toBe("Not ready: 1 failure, 0 ok, in 1.2 s.");
  });
});

describe("the command", () => {
  const lines: string[] = [];
  const { log } = console;
  const said = async (env: NodeJS.ProcessEnv, json: boolean): Promise<number> => {
    lines.length = 0;
    console.log = (text: string) => void lines.push(text);
    try {
      return await doctor("development", { json }, env);
    } finally {
      console.log = log;
    }
  };
  let folder: string;
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Development needs no cloud: Docker is played, there is no Terraform that might ask its registry, and its own file with inputs is not read. */
  const played = (): NodeJS.ProcessEnv => {
    folder = mkdtempSync(join(tmpdir(), "twinset-doctor-"));
    const program = (name: string, script: string): void => {
      writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(folder, name), 0o755);
    };
    program("docker", 'case "$1" in --version) echo Docker version 28.2.2;; version) echo 28.2.2;; esac');
    return { PATH: `${folder}:/bin:/usr/bin`, HOME: folder, TERRAFORM_BINARY_NAME: "no-terraform", PROFILES: "chat" };
  };

  test("ends with 1 when something failed, and says it as JSON for programs", async () => {
    expect(await said(played(), true)).toBe(1);
    const result = JSON.parse(lines.join("\n")) as { ready: boolean; findings: Finding[] };
    expect(result).toMatchObject({ platform: "manacore", environment: "development", ready: false });
    expect(about(result.findings, "set")[0]).toMatch(/^failure set: \d+ of \d+ are not/);
    expect(about(result.findings, "Docker")).toEqual(["ok Docker: 28.2.2"]);
  });

  test("is for people without", async () => {
    expect(await said(played(), false)).toBe(1);
    expect(lines.join("\n")).toMatch(/^manacore development\n\ntools\n {2}ok /);
  });
});

describe("the engine of development", () => {
  let folder: string | undefined;
  let busy: Server | undefined;
  afterEach(() => {
    busy?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true });
    folder = undefined;
  });
  const docker = (script: string): NodeJS.ProcessEnv => {
    folder = mkdtempSync(join(tmpdir(), "twinset-doctor-"));
    writeFileSync(join(folder, "docker"), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, "docker"), 0o755);
    return { PATH: `${folder}:/bin` };
  };
  /** One service, whose port somebody has. */
  async function withBusyPort(env: (port: number) => NodeJS.ProcessEnv): Promise<[Finding[], number]> {
    busy = createServer().listen(0, "127.0.0.1");
    await new Promise((done) => busy!.once("listening", done));
    const { port } = busy.address() as AddressInfo;
    const [product] = SMALL.platform.products;
    const service = { ...product!.services[0]!, developmentPort: port };
    const platform = { ...SMALL.platform, stores: [], products: [{ ...product!, services: [service] }] };
    return [await engine(contextFor({ environment: "development", platform, env: env(port) })), port];
  }

  test("does not answer, or is not there", async () => {
    const env = docker('echo "Cannot connect to the Docker daemon" >&2; exit 1');
    const found = await engine(contextFor({ environment: "development", env }));
    expect(told(found)[0]).toBe("failure Docker: Cannot connect to the Docker daemon");
    expect(unhelpful(found)).toEqual([]);
    const none = await engine(contextFor({ environment: "development", env: { PATH: "/nonexistent" } }));
    expect(told(none)[0]).toBe("failure Docker: the program docker was not found");
  });

  test("has a port that somebody else uses", async () => {
    const [found, port] = await withBusyPort(() => docker('[ "$1" = version ] && echo 28.2.2; exit 0'));
    expect(about(found, "ports")).toEqual([expect.stringContaining(`${port}`)]);
    expect(about(found, "ports")[0]).toMatch(/^failure ports: somebody else has /);
  });

  test("has a port that the environment itself uses", async () => {
    const [found, port] = await withBusyPort((own) =>
      docker(
        `[ "$1" = version ] && echo 28.2.2; [ "$1" = ps ] && echo '127.0.0.1:80->80/tcp, 127.0.0.1:${own}->${own}/tcp'; exit 0`,
      ),
    );
    expect(about(found, "ports")[0]).toMatch(
      /^ok ports: 2 ports to be had on 127\.0\.0\.1, [12] of them used by this environment/,
    );
    expect(port).toBeGreaterThan(0);
  });

  test("is nobody's business elsewhere", async () => expect(await engine(contextFor())).toEqual([]));
});
