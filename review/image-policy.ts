/**
 * Which images of a plan may be other ones tomorrow. One without a tag, or with `latest`, breaks the policy everywhere. Another
 * tag that moves, or of which nobody can tell, breaks it where the environment's versions are pinned, and is said where they
 * are not. One that says a whole version or a commit is said and breaks nothing: whoever may push can move it, but nobody does
 * so by habit, and a rollback to a set from before there were digests must not be refused.
 */
import { holdOf } from "../model/images";
import { type ImageName, parseImage } from "../model/image-version";
import type { ResourceChange } from "../terraform/plan";
import { hasMark } from "./attributes";
import { managed, partOf } from "./parts";
import type { Finding, Policy, PolicyContext } from "./policy";

export const NOTHING_MOVES = "nothing-moves";

export const IMAGE_POLICY: Policy = {
  name: NOTHING_MOVES,
  demands: "every image that a container is given has a digest",
  reason: "A tag leads to whatever was pushed last: what runs changes without a plan, and there is no way back to it.",
  pointless: ({ environment }) =>
    environment.host.kind === "local" && !environment.pinnedVersions ? "this computer only" : undefined,
  findings: (context) =>
    managed(context.plan)
      .filter(({ change }) => change.after)
      .flatMap((resource) => [...ofName(resource, context), ...ofDigest(resource, context)]),
};

/** Where an image's name stands: a container has its image by an id, unless somebody wrote a name. */
const ATTRIBUTES: Readonly<Record<string, string>> = { docker_image: "name", docker_container: "image" };

function ofName(resource: ResourceChange, context: PolicyContext): Finding[] {
  const attribute = ATTRIBUTES[resource.type];
  if (attribute === undefined) return [];
  const name = resource.change.after![attribute];
  const finding = (given: string): Finding => ({ address: resource.address, given, fix: fixFor(resource, context) });
  if (resource.type === "docker_container") {
    // An id is what Docker calls an image by itself; one that is not known yet comes from a docker_image.
    if (typeof name !== "string" || /^sha256:|^[0-9a-f]{64}$/.test(name)) return [];
  } else if (typeof name !== "string") {
    return [finding(isUnknown(resource, attribute) ? "a name that only the apply will tell" : "no name")];
  }
  switch (holdOf(name)) {
    case "digest":
      return [];
    case "version":
      return [{ ...finding(`${name}, by its tag alone`), level: "said" }];
    case "nothing": {
      const tag = parseImage(name)?.tag;
      if (tag === undefined) return [finding(`${name}, without a tag`)];
      const found = finding(`${name}, whose tag moves or is no whole version`);
      return [tag === "latest" || context.environment.pinnedVersions ? found : { ...found, level: "said" }];
    }
  }
}

/** A digest that stays when the tag becomes another one is what the old tag led to: the new version does not run. */
function ofDigest(resource: ResourceChange, context: PolicyContext): Finding[] {
  if (resource.type !== "docker_image") return [];
  const [from, to] = [imageIn(resource.change.before), imageIn(resource.change.after)];
  if (!from || !to || from.digest === undefined || from.digest !== to.digest || from.tag === to.tag) return [];
  return [
    {
      address: resource.address,
      given: `${to.repository}:${to.tag ?? ""} by its name, and by its digest still what ${from.tag ?? "it"} was`,
      fix: `if it is not the same image: ${fixFor(resource, context)}`,
      level: "said",
    },
  ];
}

function imageIn(values: Readonly<Record<string, unknown>> | null | undefined): ImageName | undefined {
  const name = values?.["name"];
  return typeof name === "string" ? parseImage(name) : undefined;
}

function fixFor(resource: ResourceChange, { platform, environment }: PolicyContext): string {
  const part = partOf(resource, platform);
  const arguments_ = "product" in part ? `--release ${environment.name} --update` : "--update";
  return `have its digest recorded: npx twinset images ${arguments_}`;
}

function isUnknown({ change }: ResourceChange, name: string): boolean {
  const unknown = change.after_unknown as Readonly<Record<string, unknown>> | boolean | undefined;
  return typeof unknown === "object" ? hasMark(unknown[name]) : unknown === true;
}
