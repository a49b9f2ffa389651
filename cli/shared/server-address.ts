/**
 * Where an environment's server is. The state says so; where that cannot be asked, or not in time, whatever this computer
 * heard of it last does, and after that Hetzner itself.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { writeWhole } from "../../clients/files";
import { Hetzner } from "../../clients/hetzner/hetzner";
import type { Environment } from "../../model/environment";
import { environmentPrefix } from "../../model/names";
import { error, ProblemsError } from "../../model/problem";
import type { StateResource } from "../../terraform/state";
import { accessOf } from "./access";
import { ROOT } from "./root";

export interface ServerOf {
  readonly platform: string;
  readonly environment: Environment;
  readonly env: NodeJS.ProcessEnv;
}

/** @throws ProblemsError before the environment was deployed */
export function addressInState(state: readonly StateResource[], of: ServerOf): string {
  const address = state.find((each) => each.address === "hcloud_primary_ip.host_ipv4")?.values["ip_address"];
  const server = state.some((each) => each.address === "hcloud_server.host_server");
  if (!server || typeof address !== "string") throw new ProblemsError([notThere(of.environment)]);
  remember(of, address);
  return address;
}

/** Without the state. @throws ProblemsError where neither this computer nor Hetzner knows it */
export async function addressWithoutState(of: ServerOf): Promise<string> {
  const known = remembered(of);
  if (known !== undefined) return known;
  const name = environmentPrefix(of.platform, of.environment.name);
  const { hetzner } = accessOf(of.env);
  const { servers, primaryIps } = hetzner ? await new Hetzner(hetzner).project() : { servers: [], primaryIps: [] };
  const server = servers.find((each) => each.name === name);
  const ip = server && primaryIps.find((each) => each.assignee_id === server.id && !each.ip.includes(":"));
  if (!ip) throw new ProblemsError([notThere(of.environment)]);
  remember(of, ip.ip);
  return ip.ip;
}

const remembering = z.object({ address: z.string().min(1), store: z.string() });

const place = ({ platform, environment, env }: ServerOf): string =>
  join(env["CDKTF_OUTDIR"] ?? ROOT, `terraform.${environmentPrefix(platform, environment.name)}.server.json`);

/** Of another store's environment nothing is known: a rehearsal is another world. */
const storeOf = ({ env }: ServerOf): string => env["AWS_ENDPOINT_URL_S3"] ?? "";

/** What this computer has heard of it last. */
export function remembered(of: ServerOf): string | undefined {
  try {
    const { address, store } = remembering.parse(JSON.parse(readFileSync(place(of), "utf8")));
    return store === storeOf(of) ? address : undefined;
  } catch {
    // Not there, or not ours: either way nothing is known.
    return undefined;
  }
}

/** Only to be quicker the next time: a folder that cannot be written stops nobody. */
function remember(of: ServerOf, address: string): void {
  if (remembered(of) === address) return;
  try {
    writeWhole(place(of), JSON.stringify({ address, store: storeOf(of) }));
  } catch {
    // It is asked for again then.
  }
}

const notThere = ({ name }: Environment) =>
  error(
    `environments/${name}/host`,
    "no server yet",
    "an environment that was deployed once",
    `npx cdktf deploy ${name}`,
  );
