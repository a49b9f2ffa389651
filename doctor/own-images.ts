/** Are the images of stores, edge and monitoring there, and is a digest on file for each? */
import type { RegistryCredentials } from "../clients/registry/digest";
import { resolveNamed } from "../clients/registry/named";
import { ownImages as imagesOf, withDigest } from "../model/images";
import type { Context } from "./context";
import { count, type Finding, Findings, some } from "./finding";
import { inTurns } from "./in-turns";

const findings = new Findings("images");
const WHAT = "of stores and edge";
const COMMAND = "npm run images -- --update, and have config/images/digests.json reviewed";
const AT_A_TIME = 4;

export async function ownImages(context: Context): Promise<Finding[]> {
  const { platform, environment } = context;
  const digests = platform.digests ?? {};
  const names = [...new Set(imagesOf(platform).map(({ name }) => name))];
  const looks = await inTurns(names, AT_A_TIME, async (name) => ({
    name: withDigest(name, digests),
    resolved: await resolveNamed(withDigest(name, digests), (host) => loginOf(context, host), { timeoutSeconds: 5 }),
  }));
  const hit = (problem: string): string[] =>
    looks
      .filter(({ resolved }) => "problem" in resolved && resolved.problem === problem)
      .map(({ name }) => short(name));
  const [absent, refused, silent] = [hit("absent"), hit("refused"), hit("unreachable")];
  const loose = names.filter((name) => digests[name] === undefined);
  const isServer = environment.host.kind !== "local" || environment.pinnedVersions;
  const there = looks.length - absent.length - refused.length - silent.length;
  return [
    ...(absent.length > 0
      ? [findings.failure(WHAT, `not there: ${some(absent)}`, "name an image in the catalog that its registry has")]
      : []),
    ...(refused.length > 0
      ? [findings.failure(WHAT, `not shown: ${some(refused)}`, "name an image that anybody may pull, or this login")]
      : []),
    // The server may reach what this computer does not.
    ...(silent.length > 0
      ? [
          findings.warning(
            WHAT,
            `no answer about ${some(silent)}`,
            "look at this computer's network, and run this again",
          ),
        ]
      : []),
    ...(isServer && loose.length > 0
      ? [findings.warning("digests", `none on file, so by their tags alone: ${some(loose)}`, COMMAND)]
      : []),
    ...(there > 0
      ? [findings.ok(WHAT, `${there} of ${count(looks.length, "image")}, ${looks.length - loose.length} by digest`)]
      : []),
  ];
}

const short = (name: string): string => name.replace(/(@sha256:[0-9a-f]{12})[0-9a-f]+$/, "$1…");

function loginOf(context: Context, host: string): RegistryCredentials | undefined {
  const { platform } = context;
  if (host !== platform.registry.host) return undefined;
  const username = context.input(platform.inputs.registryUsername);
  const password = context.input(platform.inputs.registryToken);
  return username !== undefined && password !== undefined ? { username, password } : undefined;
}
