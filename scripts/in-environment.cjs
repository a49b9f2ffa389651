#!/usr/bin/env node
/**
 * Runs a command of a workflow with what its GitHub environment holds, and with nothing of it left behind:
 *
 *   node scripts/in-environment.cjs [--survive <folder>] -- <command> [arguments...]
 *   node scripts/in-environment.cjs --wait <folder>
 *
 * TWINSET_SECRETS and TWINSET_VARS are `toJSON(secrets)` and `toJSON(vars)`. Of them the command gets Terraform's
 * variables (TF_VAR_HCLOUD_TOKEN as TF_VAR_hcloud_token: GitHub keeps names in capitals) and the state store's
 * credentials, and nothing else. SSH_PRIVATE_KEY goes to an ssh-agent that ends with the command; SSH_KNOWN_HOSTS to
 * ~/.ssh/known_hosts.
 *
 * GitHub gives a cancelled step ten seconds, and a release needs more to lead its traffic back. With `--survive` the
 * command is told of the cancellation and outlives the step; a later one waits for it with `--wait`.
 */
const { spawn, spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const STATE_STORE = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL_S3"];
const VARIABLE = /^TF_VAR_([A-Z0-9_]+)$/;

/** A mistake in the workflow or at GitHub: told without a stack. */
class Mistake extends Error {}

const mistake = (where, given, expected, fix) =>
  new Mistake(`error: ${where}\n  given     ${given}\n  expected  ${expected}\n  fix       ${fix}`);

/** @returns the environment's values by GitHub's names; never in a message: they are secrets */
function valuesIn(name, text) {
  if (text === undefined || text === "") throw mistake(name, "nothing", "a JSON object", "pass it in the step's env");
  try {
    const values = JSON.parse(text);
    if (typeof values === "object" && values !== null && !Array.isArray(values)) return values;
  } catch {
    // Said below, without what the parser quotes.
  }
  throw mistake(name, "no JSON object", "a JSON object", "pass ${{ toJSON(…) }}");
}

/** @returns the command's environment, and the key and hosts for SSH */
function prepare(env) {
  const values = { ...valuesIn("TWINSET_VARS", env.TWINSET_VARS), ...valuesIn("TWINSET_SECRETS", env.TWINSET_SECRETS) };
  const child = { ...env };
  for (const name of ["TWINSET_SECRETS", "TWINSET_VARS"]) delete child[name];
  let variables = 0;
  for (const [name, value] of Object.entries(values)) {
    const variable = VARIABLE.exec(name);
    if (variable) {
      child[`TF_VAR_${variable[1].toLowerCase()}`] = value;
      variables += 1;
    } else if (STATE_STORE.includes(name)) child[name] = value;
  }
  if (variables === 0) {
    const where = `GitHub environment ${env.TWINSET_GITHUB_ENVIRONMENT || "of this job"}`;
    throw mistake(
      where,
      "no TF_VAR_…",
      "its secrets and variables",
      "npx cdktf deploy delivery, or see docs/pipeline.md",
    );
  }
  return { child, key: values.SSH_PRIVATE_KEY || "", hosts: values.SSH_KNOWN_HOSTS || "" };
}

/** @returns the names with which a child finds the agent, which holds the key and is the caller's to end */
function startAgent(key) {
  const agent = spawnSync("ssh-agent", ["-s"], { encoding: "utf8" });
  const fact = (name) => new RegExp(`${name}=([^;]+);`).exec(agent.stdout || "")?.[1];
  const found = { SSH_AUTH_SOCK: fact("SSH_AUTH_SOCK"), SSH_AGENT_PID: fact("SSH_AGENT_PID") };
  if (!found.SSH_AUTH_SOCK || !found.SSH_AGENT_PID) {
    throw mistake("ssh-agent", "it does not start", "an agent for the key", "install OpenSSH's client on the runner");
  }
  // A key without its last line end is refused, and a form easily loses it.
  const input = `${key.replaceAll("\r\n", "\n").trimEnd()}\n`;
  const added = spawnSync("ssh-add", ["-q", "-"], {
    input,
    env: { ...process.env, ...found },
    stdio: ["pipe", "ignore", "ignore"],
  });
  if (added.status !== 0) {
    endAgent(found);
    throw mistake(
      "SSH_PRIVATE_KEY",
      "what ssh-add refuses",
      "an OpenSSH private key without a passphrase",
      "make a key for the pipeline: ssh-keygen -t ed25519 -N ''",
    );
  }
  return found;
}

function endAgent({ SSH_AGENT_PID: pid }) {
  try {
    if (pid) process.kill(Number(pid));
  } catch {
    // It has ended.
  }
}

function knowHosts(hosts, home) {
  if (hosts.trim() === "") {
    console.log("::warning::SSH_KNOWN_HOSTS is not set: the server's key is believed as it comes (docs/pipeline.md).");
    return;
  }
  const file = path.join(home, ".ssh", "known_hosts");
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const known = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
  const missing = hosts
    .replaceAll("\r\n", "\n")
    .split("\n")
    .filter((line) => line.trim() && !known.split("\n").includes(line));
  fs.appendFileSync(
    file,
    `${known === "" || known.endsWith("\n") ? "" : "\n"}${missing.map((line) => `${line}\n`).join("")}`,
  );
}

/** Runs the command; a signal is passed on, and its end waited for. */
function runHere(command, env, agent) {
  const child = spawn(command[0], command.slice(1), { stdio: "inherit", env });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  child.on("error", (reason) => {
    endAgent(agent);
    fail(mistake(command[0], reason.code || "no program", "a program that runs", "install it on the runner"));
  });
  child.on("exit", (code, signal) => {
    endAgent(agent);
    process.exit(signal ? 1 : code);
  });
}

/** What the command's shell does besides: it says whom to tell, writes the code down when all is over, ends the agent. */
const OUTLIVING = `"$@" > "$TWINSET_RUN/log" 2>&1 &
pid=$!; echo $pid > "$TWINSET_RUN/command"
wait $pid; code=$?
if [ -n "\${SSH_AGENT_PID:-}" ]; then kill "$SSH_AGENT_PID"; fi
echo $code > "$TWINSET_RUN/code.new"; mv "$TWINSET_RUN/code.new" "$TWINSET_RUN/code"`;

function runOutliving(command, env, agent, folder) {
  fs.mkdirSync(folder, { recursive: true });
  for (const name of ["log", "command", "code", "shown"]) fs.rmSync(path.join(folder, name), { force: true });
  const shell = spawn("bash", ["-c", OUTLIVING, "bash", ...command], {
    // A session of its own: nobody ends it with this process.
    detached: true,
    stdio: "ignore",
    env: { ...env, ...agent, TWINSET_RUN: folder },
  });
  fs.writeFileSync(path.join(folder, "pid"), String(shell.pid));
  shell.unref();
  const file = (name) => path.join(folder, name);
  // To the command alone: what it has begun, a Terraform, is to come to its end.
  const tell = () => {
    if (fs.existsSync(file("code"))) return;
    try {
      process.kill(Number(fs.readFileSync(file("command"), "utf8")), "SIGTERM");
    } catch {
      // It has not begun yet, or has just ended: then its code is there in a moment.
      setTimeout(tell, 100);
    }
  };
  process.once("SIGINT", () => {
    console.log("Cancelled: what is under way is led to a safe end.");
    tell();
  });
  process.on("SIGTERM", () => undefined);
  follow(folder);
}

/** Shows what the command says, from where it was shown last, until it has ended; ends with its code. */
function follow(folder) {
  const file = (name) => path.join(folder, name);
  let shown = fs.existsSync(file("shown")) ? Number(fs.readFileSync(file("shown"), "utf8")) : 0;
  const show = () => {
    if (!fs.existsSync(file("log"))) return;
    const text = fs.readFileSync(file("log")).subarray(shown);
    if (text.length === 0) return;
    fs.writeSync(1, text);
    shown += text.length;
    fs.writeFileSync(file("shown"), String(shown));
  };
  const look = () => {
    const over = fs.existsSync(file("code"));
    show();
    if (over) process.exit(Number(fs.readFileSync(file("code"), "utf8")));
    setTimeout(look, 200);
  };
  look();
}

function fail(reason) {
  if (!(reason instanceof Mistake)) throw reason;
  console.error(reason.message);
  process.exit(2);
}

function main(args) {
  if (args[0] === "--wait") {
    // Never begun: nothing to wait for.
    if (fs.existsSync(path.join(args[1], "pid"))) follow(args[1]);
    return;
  }
  const dashes = args.indexOf("--");
  const survive = args[0] === "--survive" ? args[1] : undefined;
  const command = args.slice(dashes + 1);
  if (dashes !== (survive === undefined ? 0 : 2) || command.length === 0) {
    throw mistake("in-environment", args.join(" "), "[--survive <folder>] -- <command>", "see the top of this file");
  }
  const { child, key, hosts } = prepare(process.env);
  let agent = {};
  if (key !== "") {
    knowHosts(hosts, process.env.HOME || os.homedir());
    agent = startAgent(key);
  }
  if (survive === undefined) runHere(command, { ...child, ...agent }, agent);
  else runOutliving(command, child, agent, survive);
}

try {
  main(process.argv.slice(2));
} catch (reason) {
  fail(reason);
}
