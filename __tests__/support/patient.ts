/** What `twinset doctor` is asked about in tests: a small environment, where everything that is not there refuses. */
import { doctorOptions } from "../../cli/environment/doctor";
import { Context, type DoctorOptions, type Finding, type Names } from "../../doctor";
import type { EnvironmentName } from "../../model/environment-name";
import { selectProducts } from "../../model/platform";
import { keyPair } from "../../rehearsal/key-pair";
import { MANACORE } from "./platforms";

/** Chat and the sign-in that it needs. */
export const SMALL = { ...MANACORE, platform: selectProducts(MANACORE.platform, ["chat"]) };

/** Nobody listens there. */
const NOWHERE = "http://127.0.0.1:2";

export const ADDRESS = "203.0.113.7";
export const ops = keyPair();
export const TOKENS = {
  hetzner: "h".repeat(64),
  cloudflare: "c".repeat(40),
  edge: "e".repeat(40),
  registry: "a-registry-token",
};
export const ZONE_ID = "0123456789abcdef0123456789abcdef";
export const ACCOUNT = "fedcba9876543210fedcba9876543210";
export const KEY_ID = "00112233445566778899aabbccddeeff";

/** Every variable that any check looks at; clouds are nowhere unless a test has one. */
export const ENV: NodeJS.ProcessEnv = {
  PATH: process.env["PATH"],
  HOME: "/nonexistent",
  HCLOUD_ENDPOINT: NOWHERE,
  CLOUDFLARE_BASE_URL: NOWHERE,
  AWS_ENDPOINT_URL_S3: NOWHERE,
  AWS_ACCESS_KEY_ID: KEY_ID,
  AWS_SECRET_ACCESS_KEY: "the-secret-of-the-state",
  GITHUB_API_URL: NOWHERE,
  TF_VAR_hcloud_token: TOKENS.hetzner,
  TF_VAR_cloudflare_api_token: TOKENS.cloudflare,
  TF_VAR_cloudflare_zone_id: ZONE_ID,
  TF_VAR_cloudflare_account_id: ACCOUNT,
  TF_VAR_edge_dns_token: TOKENS.edge,
  TF_VAR_registry_username: "puller",
  TF_VAR_registry_token: TOKENS.registry,
  TF_VAR_ssh_allowed_cidrs: `["${ADDRESS}/32"]`,
  TF_VAR_ssh_public_keys: JSON.stringify({ ops: `${ops.public} ops` }),
  TF_VAR_smoke_key: "smoke-key-of-a-patient",
};

const refuse = async (): Promise<never> => {
  throw Object.assign(new Error("queryA ECONNREFUSED"), { code: "ECONNREFUSED" });
};
const SILENT: Names = { resolve4: refuse, resolve6: refuse, resolveNs: refuse };

export interface Changes extends Omit<Partial<DoctorOptions>, "env" | "environment"> {
  readonly environment?: EnvironmentName;
  /** Beside `ENV`; undefined takes one away. */
  readonly env?: NodeJS.ProcessEnv;
}

export function contextFor({ env, environment = "production", ...changes }: Changes = {}): Context {
  const whole: NodeJS.ProcessEnv = { ...ENV, ...env };
  for (const [name, value] of Object.entries(whole)) if (value === undefined) delete whole[name];
  return new Context({
    ...doctorOptions(SMALL, environment, whole),
    edge: () => Promise.resolve(undefined),
    names: SILENT,
    addressService: NOWHERE,
    ...changes,
  });
}

/** "failure may write: no, the token may only read", without the group. */
export const told = (findings: readonly Finding[]): string[] =>
  findings.map(({ status, what, found }) => `${status} ${what}: ${found}`);

/** The findings about one thing, each as a text. */
export const about = (findings: readonly Finding[], thing: string): string[] =>
  told(findings.filter(({ what }) => what === thing));

/** Every failure and every warning has to say what to do. */
export const unhelpful = (findings: readonly Finding[]): Finding[] =>
  findings.filter(({ status, fix }) => (status === "failure" || status === "warning") === (fix === undefined));
