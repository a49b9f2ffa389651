/** Is each image of the release file in the registry, and may we pull it? */
import { list } from "../model/problem";
import { imageRepository } from "../model/platform";
import { runningColours, tagOf } from "../model/release";
import { type RegistryCredentials, resolveDigest, type Resolved } from "../clients/registry/images";
import type { Context } from "./context";
import { inTurns } from "./in-turns";
import { count, type Finding, Findings, some } from "./finding";

const findings = new Findings("images");

interface Wanted {
  /** "ghcr.io/wuesteon/chat-backend". */
  readonly name: string;
  readonly tag: string;
  readonly digest: string | undefined;
}

/** A registry counts, and a home's line is narrow: so many at a time. */
const AT_A_TIME = 12;

export async function images(context: Context): Promise<Finding[]> {
  const { platform } = context;
  const { registryUsername, registryToken } = platform.inputs;
  const username = context.input(registryUsername);
  const password = context.input(registryToken);
  if (username === undefined || password === undefined) {
    const missing = [registryUsername, registryToken].filter((input) => context.input(input) === undefined);
    return [findings.skipped("in the registry", `needs ${list(missing.map(({ name }) => `TF_VAR_${name}`))}`)];
  }
  const wanted = wantedImages(context);
  if (wanted.length === 0) return [findings.skipped("in the registry", "the release file names none yet")];
  const credentials = { username, password };
  const [first, ...others] = wanted as [Wanted, ...Wanted[]];
  // One attempt tells whether the registry answers at all.
  const firstLook = await look(context, first, credentials);
  if (!("digest" in firstLook) && firstLook.problem === "unreachable") {
    return [
      findings.failure(
        "in the registry",
        `${platform.registry.host} gave no answer about ${count(wanted.length, "image")} (${firstLook.said})`,
        `look at this computer's network; curl -I https://${platform.registry.host}/v2/ shows whether it answers`,
      ),
    ];
  }
  const looks = [firstLook, ...(await inTurns(others, AT_A_TIME, (image) => look(context, image, credentials)))];
  return [...problems(context, wanted, looks), ...moved(wanted, looks), ...summary(wanted, looks)];
}

/** Each image once, whichever services and sets run it. */
function wantedImages({ platform, options }: Context): Wanted[] {
  const found = new Map<string, Wanted>();
  for (const product of platform.products) {
    const entry = options.release[product.name];
    for (const set of entry ? runningColours(entry).map((colour) => entry[colour]!) : []) {
      for (const service of product.services) {
        const image: Wanted = {
          name: imageRepository(platform, service),
          tag: tagOf(set, service.name),
          digest: set.digests?.[service.name],
        };
        found.set(`${image.name}:${image.tag}@${image.digest}`, image);
      }
    }
  }
  return [...found.values()];
}

interface Found {
  readonly digest: string;
  /** The tag's, where that is another one by now, or none. */
  readonly tagIs?: string | undefined;
}
type Look = Found | Exclude<Resolved, { readonly digest: string }>;

/** What Docker pulls: the digest where there is one, whatever the tag is by now. */
async function look({ platform }: Context, image: Wanted, credentials: RegistryCredentials): Promise<Look> {
  const { host } = platform.registry;
  const repository = image.name.slice(host.length + 1);
  const ask = (tag: string): Promise<Resolved> =>
    resolveDigest({ host, repository, tag }, credentials, { timeoutSeconds: 5 });
  const tagged = await ask(image.tag);
  if (image.digest === undefined) return tagged;
  if ("digest" in tagged && tagged.digest === image.digest) return tagged;
  const pinned = await ask(image.digest);
  if (!("digest" in pinned)) return pinned;
  return { digest: pinned.digest, tagIs: "digest" in tagged ? tagged.digest : "gone" };
}

const nameOf = ({ name, tag, digest }: Wanted): string => `${name}:${tag}${digest ? `@${digest.slice(0, 19)}…` : ""}`;

function problems(context: Context, wanted: readonly Wanted[], looks: readonly Look[]): Finding[] {
  const { registryUsername, registryToken } = context.platform.inputs;
  const login = `TF_VAR_${registryUsername.name} and TF_VAR_${registryToken.name}`;
  const { host } = context.platform.registry;
  const fixes = {
    absent: "push them, or name versions that were pushed in the release file",
    refused: `give ${login} a login with read:packages for these packages; ${host} answers so, too, where there is none`,
    unreachable: "run this again",
  } as const;
  const words = { absent: "not there", refused: "not shown to this login", unreachable: "no answer about" } as const;
  return (Object.keys(fixes) as (keyof typeof fixes)[]).flatMap((kind) => {
    const hit = wanted.filter((_, i) => {
      const looked = looks[i]!;
      return !("digest" in looked) && looked.problem === kind;
    });
    if (hit.length === 0) return [];
    return [
      findings.failure(
        "in the registry",
        `${words[kind]}: ${count(hit.length, "image")}, ${some(hit.map(nameOf))}`,
        fixes[kind],
      ),
    ];
  });
}

function moved(wanted: readonly Wanted[], looks: readonly Look[]): Finding[] {
  const hit = wanted.filter((_, i) => "digest" in looks[i]! && (looks[i] as Found).tagIs !== undefined);
  if (hit.length === 0) return [];
  return [
    findings.warning(
      "tags",
      `another image has the tag of ${count(hit.length, "pinned image")} by now, or none has: ${some(hit.map(nameOf))}`,
      "find out who moved it; the pinned image is what is deployed",
    ),
  ];
}

function summary(wanted: readonly Wanted[], looks: readonly Look[]): Finding[] {
  const there = looks.filter((looked) => "digest" in looked).length;
  if (there === 0) return [];
  const pinned = wanted.filter(({ digest }) => digest !== undefined).length;
  return [
    findings.ok(
      "in the registry",
      `${there} of ${count(wanted.length, "image")}${pinned > 0 ? `, ${pinned} by digest` : ""}`,
    ),
  ];
}
