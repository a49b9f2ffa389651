/**
 * What no stack may say besides what its plan shows: read from the text that the plan was made of. Nothing is compared here,
 * so that what has crept in once is found as long as it is there.
 */
import { MUST_EXIT_ZERO, waitForHost } from "../model/provisioners";
import { inputUses } from "../model/inputs";
import { isPrecious } from "../release/guard";
import type { Configuration } from "./configuration";
import { managed, partOf } from "./parts";
import type { Finding, Policy, PolicyContext } from "./policy";

type Block = Readonly<Record<string, unknown>>;

/** Of a plan in JSON there is no text to look at, and its review cannot be applied. */
const withoutText = ({ configuration }: PolicyContext): string | undefined =>
  configuration ? undefined : "the text of the stack is not at hand";

/** All blocks whose key fits, each with its key. */
const blocksOf = ({ blocks }: Configuration, key: RegExp): (readonly [string, Block])[] =>
  [...blocks].flatMap(([name, bodies]) =>
    key.test(name) ? bodies.map((body): readonly [string, Block] => [name, (body ?? {}) as Block]) : [],
  );

const list = (value: unknown): readonly Block[] =>
  (Array.isArray(value) ? value : [value]).filter((one): one is Block => typeof one === "object" && one !== null);

/** "resource.docker_volume.data" → "docker_volume.data". */
const address = (key: string): string => key.replace(/^resource\./, "");

export const STACK_POLICIES: readonly Policy[] = [
  {
    name: "prevent-destroy",
    demands: "what holds data cannot be destroyed by mistake: prevent_destroy",
    reason: "Without it one line that is gone from a catalog takes the volume along.",
    pointless: (context) =>
      context.environment.protectData ? withoutText(context) : "not where data is not protected",
    findings: ({ plan, platform, environment, configuration }) => {
      const isHost = (type: string): boolean => type.startsWith("hcloud_");
      const isProtected = environment.host.kind === "hetzner" && environment.host.protected;
      return managed(plan)
        .filter((resource) => resource.change.after && isPrecious(resource))
        .filter(({ type }) => !isHost(type) || isProtected)
        .filter((resource) => partOf(resource, platform).kind !== "monitoring")
        .filter(({ type, name }) =>
          (configuration!.blocks.get(`resource.${type}.${name}`) ?? []).every(
            (body) => list((body as Block)["lifecycle"])[0]?.["prevent_destroy"] !== true,
          ),
        )
        .map(({ address: where }) => ({
          address: where,
          given: "has no prevent_destroy",
          fix: "leave it as the construct makes it; what comes back by itself is made as disposable",
        }));
    },
  },
  {
    name: "inputs-marked",
    demands: "every input that is secret is marked as sensitive",
    reason: "Terraform shows what is not marked, in each plan and each log.",
    pointless: withoutText,
    findings: ({ platform, environment, configuration }) =>
      inputUses(platform, environment)
        .filter(({ input }) => input.secret)
        .flatMap(({ input: { name } }) => blocksOf(configuration!, new RegExp(`^variable\\.${name}$`)))
        .filter(([, body]) => body["sensitive"] !== true)
        .map(([key]) => ({ address: key.replace("variable", "var"), given: "is not marked", fix: "sensitive: true" })),
  },
  {
    name: "own-providers",
    demands: "providers speak to this environment's engine and to the clouds themselves",
    reason: "Another engine gets every secret of every container, another address the token itself.",
    pointless: withoutText,
    findings: ({ configuration }) =>
      blocksOf(configuration!, /^provider\./).flatMap(([key, body]) => {
        const settings = SETTINGS[key.replace("provider.", "")];
        const foreign = Object.keys(body).filter((name) => !settings?.includes(name));
        const host = body["host"];
        return [
          ...foreign.map((name) => `has the setting ${name}`),
          ...(host === undefined || ENGINE.test(String(host)) ? [] : [`speaks to ${String(host)}`]),
        ].map((given): Finding => ({ address: key, given, fix: "leave it as the stack makes it" }));
      }),
  },
  {
    name: "known-hosts",
    demands: "whoever connects by SSH knows whom it speaks to",
    reason: "Who takes any host key gives everything to whoever stands in between.",
    pointless: withoutText,
    findings: ({ configuration }) =>
      [...configuration!.blocks].flatMap(([key, bodies]) =>
        bodies
          .filter((body) => ANY_KEY.test(JSON.stringify([(body as Block | null)?.["ssh_opts"], runs(body)])))
          .map(() => ({ address: address(key), given: "takes any host key", fix: "StrictHostKeyChecking=accept-new" })),
      ),
  },
  {
    name: "own-provisioners",
    demands: "nothing runs beside the containers but what Twinset's own constructs make",
    reason: "A provisioner runs on whichever computer applies, with everything that is in its environment.",
    pointless: withoutText,
    findings: ({ configuration }) =>
      blocksOf(configuration!, /^(resource|module)\./)
        .filter(([, body]) => runs(body).some((one) => !isOwn(one)))
        .map(([key]) => ({
          address: address(key),
          given: "has a provisioner or a connection that no construct of Twinset's makes",
          fix: "take it out; what has to run on the host is a job in a container",
        })),
  },
  {
    name: "one-stack",
    demands: "the stack is the one file that the catalog makes",
    reason: "What lies beside it is read by Terraform as well, and by no check of the catalog.",
    pointless: withoutText,
    findings: ({ configuration }) => [
      ...[...configuration!.others.keys()].map((path) => ({ address: path, given: "is read, too", fix: "remove it" })),
      ...blocksOf(configuration!, /^module\./).map(([key]) => ({
        address: key,
        given: "is a module",
        fix: "remove it",
      })),
    ],
  },
];

/** What the stack sets of each provider. Tokens are variables, and what else a provider could be told is none of it. */
const SETTINGS: Readonly<Record<string, readonly string[]>> = {
  docker: ["host", "ssh_opts", "registry_auth", "disable_docker_daemon_check"],
  hcloud: ["token"],
  cloudflare: ["api_token"],
  github: ["owner", "token"],
};

/** The server's own address, of the address that outlives it. */
const ENGINE = /^ssh:\/\/deploy@\$\{hcloud_primary_ip\.\w+\.ip_address\}$/;

const ANY_KEY = /StrictHostKeyChecking[= ]+(no|off)\b|UserKnownHostsFile[= ]+\/dev\/null|host_key_checking[= ]+false/i;

/** Everything of a block that runs, or says how it gets to where it runs. */
function runs(body: unknown): readonly (readonly [string, unknown])[] {
  const { provisioner, connection } = (body ?? {}) as Block;
  return [
    ...list(provisioner).flatMap((one) => Object.entries(one)),
    ...list(connection).map((one): readonly [string, unknown] => ["connection", one]),
  ];
}

function isOwn([kind, settings]: readonly [string, unknown]): boolean {
  if (kind !== "local-exec") return false;
  return list(settings).every(({ command, environment, ...more }) => {
    if (Object.keys(more).length > 0) return false;
    if (command === MUST_EXIT_ZERO) return environment === undefined;
    const names = Object.keys(list(environment)[0] ?? {});
    return command === waitForHost() && names.join() === "HOST";
  });
}
