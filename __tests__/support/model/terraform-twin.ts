/**
 * Terraform for one product, in memory: a state, plans that compare it with what is wanted, and applies that go resource
 * by resource: what is new first, the switch when all of it is healthy, and what goes at the end. Its state is written now
 * and then and at the end, as a bucket's is; who dies in between leaves a state that is older than the world.
 */
import { createHash } from "node:crypto";
import { containerName, environmentPrefix } from "../../../model/names";
import { type Environment } from "../../../model/environment";
import { imageRepository, type Platform } from "../../../model/platform";
import { COLOURS, formatWeights, type ProductRelease, type SetRelease } from "../../../model/release";
import type { Product } from "../../../model/service";
import { canaryRules } from "../../../model/canary";
import type { ResourceChange } from "../../../terraform/plan";
import type { ApplyOptions } from "../../../terraform/working-directory";
import type { StateResource } from "../../../terraform/state";

export type Body = Readonly<Record<string, unknown>>;

export interface Resource {
  readonly address: string;
  readonly type: string;
  readonly name: string;
  readonly body: Body;
  readonly text: string;
  readonly id: string;
  readonly tainted?: boolean;
  /** Its replacement stands already, and it still has to go. */
  readonly deposed?: boolean;
}

export interface TerraformState {
  readonly serial: number;
  readonly resources: readonly Resource[];
}

export interface Wanted {
  readonly address: string;
  readonly type: string;
  readonly name: string;
  readonly body: Body;
  readonly text: string;
}

export interface PlannedChange extends ResourceChange {
  readonly wanted?: Wanted | undefined;
}

export interface SavedPlan {
  readonly serial: number;
  readonly changes: readonly PlannedChange[];
}

export interface Of {
  readonly platform: Platform;
  readonly environment: Environment;
  readonly product: Product;
}

export const isSwitch = ({ name }: { readonly name: string }): boolean => name.endsWith("_switch_job");
const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 8);

/** Ends the names of a set's containers: another one for everything that they are made of. */
export const settingsOf = (set: SetRelease): string => hashOf(JSON.stringify(set));

const known = new Map<string, readonly Wanted[]>();

/** Everything that a product's entry stands for. */
export function wantedOf(of: Of, entry: ProductRelease | undefined): readonly Wanted[] {
  const key = JSON.stringify(entry ?? null);
  let found = known.get(key);
  if (!found) known.set(key, (found = entry ? made(of, entry) : []));
  return found;
}

function made({ platform, environment, product }: Of, entry: ProductRelease): readonly Wanted[] {
  const prefix = environmentPrefix(platform.name, environment.name);
  const labelled = (labels: Readonly<Record<string, string | undefined>>) =>
    Object.entries(labels).flatMap(([name, value]) =>
      value === undefined ? [] : [{ label: `${platform.labelPrefix}.${name}`, value }],
    );
  const resource = (type: string, name: string, body: Body): Wanted => ({
    ...{ address: `${type}.${name}`, type, name, body, text: JSON.stringify(body) },
  });
  const servers: Partial<Record<"blue" | "green", string[]>> = {};
  const sets = COLOURS.flatMap((colour) => {
    const set = entry[colour];
    if (!set) return [];
    const settings = settingsOf(set);
    servers[colour] = product.services.map(
      (service) => `${containerName(prefix, service.name, colour, 0)}-${settings}`,
    );
    return product.services.flatMap((service) => {
      const digest = set.digests?.[service.name];
      const repository = imageRepository(platform, service);
      return [
        resource("docker_image", `${product.name}_${colour}_${service.role}-image`, {
          name: digest ? `${repository}@${digest}` : `${repository}:${set.version}`,
        }),
        resource("docker_container", `${product.name}_${colour}_${service.role}-0`, {
          name: `${containerName(prefix, service.name, colour, 0)}-${settings}`,
          labels: labelled({
            ...{ project: product.name, set: colour, service: service.role, replica: "0", version: set.version },
          }),
        }),
      ];
    });
  });
  const file = (weights: object): string =>
    `${JSON.stringify({ weights, servers, revision: "X-Twinset-Revision: @REVISION@" })}\n`;
  const running = COLOURS.filter((colour) => entry[colour] !== null);
  const contents = {
    ...Object.fromEntries(running.map((colour) => [colour, file({ [colour]: 100 })])),
    ...(running.length > 1 ? { both: file({ blue: "@BLUE@", green: "@GREEN@" }) } : {}),
  };
  const split = formatWeights(entry);
  const job = resource("docker_container", `${product.name}_switch_job`, {
    must_run: false,
    contents,
    lease: canaryRules(product.canary).lease.seconds,
    versions: COLOURS.map((colour) => entry[colour]?.version ?? "-"),
    labels: labelled({
      ...{ project: product.name, service: "switch", "release.live": entry.live, "release.weights": split },
    }),
  });
  return [...sets, job];
}

/** @param gone names of containers that a refresh does not find */
export function planned(
  state: TerraformState,
  wanted: readonly Wanted[],
  { targets, replace = [] }: Pick<ApplyOptions, "targets" | "replace">,
  isGone: (resource: Resource) => boolean,
): SavedPlan {
  const changes: PlannedChange[] = [];
  const current = new Map(state.resources.filter(({ deposed }) => !deposed).map((each) => [each.address, each]));
  // What a target is built on comes along: the switch is built on every container.
  const targeted = (address: string, isWanted: boolean): boolean =>
    targets === undefined || targets.includes(address) || isWanted;
  for (const want of wanted) {
    const is = current.get(want.address);
    current.delete(want.address);
    const isThere = is !== undefined && !isGone(is);
    if (
      (isThere && !is.tainted && is.text === want.text && !replace.includes(want.address)) ||
      !targeted(want.address, true)
    )
      continue;
    const { address, type, name } = want;
    // Containers of a set come before their predecessors go; nothing is built on a switch, so its goes first.
    const actions = !isThere ? ["create"] : isSwitch(want) ? ["delete", "create"] : ["create", "delete"];
    changes.push({
      ...{ address, mode: "managed", type, name, wanted: want },
      change: { actions, before: isThere ? is.body : null, after: want.body },
    });
  }
  const removed = (each: Resource): PlannedChange => ({
    ...{ address: each.address, mode: "managed", type: each.type, name: each.name },
    ...(each.deposed ? { deposed: each.id } : {}),
    change: { actions: ["delete"], before: each.body, after: null },
  });
  if (targets === undefined) for (const each of current.values()) changes.push(removed(each));
  for (const each of state.resources) {
    if (each.deposed && targeted(each.address, targets?.includes(each.address) ?? true)) changes.push(removed(each));
  }
  return { serial: state.serial, changes };
}

/** As `terraform show` has it. */
export const shown = ({ resources }: TerraformState): readonly StateResource[] =>
  resources.map(({ address, type, name, body, id, tainted, deposed }) => ({
    ...{ address, type, name, values: { ...body, id } },
    ...(tainted ? { tainted } : {}),
    ...(deposed ? { deposed_key: id } : {}),
  }));
