/** `twinset simulate <api>`: one simulator on a port of one's own, until Ctrl-C. */
import { Command } from "commander";
import { error, list, ProblemsError } from "../../model/problem";
import type { Simulator } from "../../simulators/simulator";
import { EXIT } from "../shared/exit";

export interface SimulateOptions {
  readonly port?: number | undefined;
  /** Cloudflare: the zone. GitHub: owner/repository. Object store: the bucket. */
  readonly name?: string | undefined;
}

interface Started {
  readonly simulator: Simulator;
  /** What a client has to be told, as environment variables of the Terraform providers. */
  readonly env: Readonly<Record<string, string>>;
}

const TOKEN = "simulated";

const APIS: Readonly<Record<string, (options: SimulateOptions) => Promise<Started>>> = {
  async hetzner({ port }) {
    const { startHetzner } = await import("../../simulators/hetzner");
    const simulator = await startHetzner({ ...(port === undefined ? {} : { port }) });
    return { simulator, env: { HCLOUD_ENDPOINT: simulator.baseUrl, HCLOUD_TOKEN: TOKEN.padEnd(64, "0") } };
  },
  async cloudflare({ port, name = "example.org" }) {
    const { startCloudflare } = await import("../../simulators/cloudflare");
    const token = TOKEN.padEnd(40, "0");
    const zone = { id: "1".repeat(32), name, plan: "pro" } as const;
    const account = "2".repeat(32);
    const simulator = await startCloudflare({
      token,
      zones: [zone],
      accountId: account,
      ...(port === undefined ? {} : { port }),
    });
    return {
      simulator,
      env: {
        CLOUDFLARE_BASE_URL: simulator.baseUrl,
        CLOUDFLARE_API_TOKEN: token,
        TF_VAR_cloudflare_zone_id: zone.id,
        TF_VAR_cloudflare_account_id: account,
      },
    };
  },
  async github({ port, name = "example/platform" }) {
    const { startGithub } = await import("../../simulators/github");
    const [login = "", repository = ""] = name.split("/");
    const simulator = await startGithub({
      token: TOKEN,
      owner: { login, type: "Organization" },
      repositories: [repository],
      ...(port === undefined ? {} : { port }),
    });
    return {
      simulator,
      env: { GITHUB_BASE_URL: simulator.providerBaseUrl, GITHUB_TOKEN: TOKEN, GITHUB_OWNER: login },
    };
  },
  async "object-store"({ port, name = "state" }) {
    const { startObjectStore } = await import("../../simulators/object-store");
    const simulator = await startObjectStore({
      buckets: [name],
      accessKeyId: TOKEN,
      ...(port === undefined ? {} : { port }),
    });
    return {
      simulator,
      env: { AWS_ENDPOINT_URL_S3: simulator.baseUrl, AWS_ACCESS_KEY_ID: TOKEN, AWS_SECRET_ACCESS_KEY: TOKEN },
    };
  },
  async registry({ port }) {
    const { startRegistry } = await import("../../simulators/registry");
    const simulator = await startRegistry({
      accounts: [{ username: TOKEN, password: TOKEN }],
      ...(port === undefined ? {} : { port }),
    });
    return {
      simulator,
      env: { REGISTRY: simulator.host, TF_VAR_registry_username: TOKEN, TF_VAR_registry_token: TOKEN },
    };
  },
};

export const SIMULATED = Object.keys(APIS);

/** @returns the running simulator and lines that say how to reach it @throws ProblemsError for an unknown API */
export async function simulate(
  api: string,
  options: SimulateOptions,
): Promise<{ simulator: Simulator; lines: readonly string[] }> {
  const start = Object.hasOwn(APIS, api) ? APIS[api] : undefined;
  if (!start) throw new ProblemsError([error("api", api, `one of ${list(SIMULATED)}`, "correct the name")]);
  const { simulator, env } = await start(options);
  const variables = Object.entries(env).map(([name, value]) => `export ${name}=${value}`);
  return {
    simulator,
    lines: [`${api} answers at ${simulator.baseUrl}. Ctrl-C ends it, and forgets everything.`, ...variables],
  };
}

/** @returns 0: it runs until a signal, 2: a mistake, such as a port that somebody else has */
export async function simulateCommand(api: string, options: SimulateOptions): Promise<number> {
  try {
    const { simulator, lines } = await simulate(api, options);
    process.once("SIGINT", () => void simulator.stop());
    process.once("SIGTERM", () => void simulator.stop());
    // Who reads that it answers may end it at once.
    lines.forEach((line) => console.log(line));
    return EXIT.done;
  } catch (reason) {
    if (!(reason instanceof ProblemsError)) throw reason;
    console.error(reason.message);
    return EXIT.mistake;
  }
}

export const command = new Command("simulate")
  .description("a cloud's API on this computer, until Ctrl-C: hetzner, cloudflare, github, object-store or registry")
  .argument("<api>")
  .option("--port <number>", "default: a free one", Number)
  .option("--name <name>", "cloudflare: the zone; github: owner/repository; object-store: the bucket")
  .action(async (api: string, options: SimulateOptions) => {
    process.exitCode = await simulateCommand(api, options);
  });
