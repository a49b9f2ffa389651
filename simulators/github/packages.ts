/** Container images in the owner's registry: their versions and tags. The images themselves are not here. */
import { createHash } from "node:crypto";
import { missing, noContent, ok, refusal } from "./answers";
import { accountJson } from "./accounts";
import { page } from "./pages";
import type { Call, Router } from "./router";
import { dated, now, type Package, type PackageVersion, sameName, type World } from "./world";

/** Adds a version; a tag that an older one has moves over, as it does when an image is pushed. */
export function publish(world: World, name: string, tags: readonly string[], digest?: string): PackageVersion {
  const image: Package = world.packages.get(name) ?? { id: world.nextId(), ...dated(), name, versions: [] };
  world.packages.set(name, image);
  for (const version of image.versions) version.tags = version.tags.filter((tag) => !tags.includes(tag));
  const id = world.nextId();
  const content = digest ?? `sha256:${createHash("sha256").update(`${name}/${id}`).digest("hex")}`;
  const known = image.versions.find((version) => version.name === content && version.deletedAt === null);
  if (known) {
    known.tags = [...known.tags, ...tags];
    known.updatedAt = now();
    return known;
  }
  const version: PackageVersion = { id, ...dated(), name: content, tags, deletedAt: null };
  image.versions.unshift(version);
  return version;
}

const active = (image: Package): readonly PackageVersion[] =>
  image.versions.filter(({ deletedAt }) => deletedAt === null);

export function packageRoutes({ on, world }: Router): void {
  const { login, type } = world.owner;
  const base = (api: string): string => `${api}/${type === "User" ? "users" : "orgs"}/${login}/packages/container`;
  const packageJson = (image: Package, api: string) => ({
    id: image.id,
    name: image.name,
    package_type: "container",
    owner: accountJson(world.owner, api),
    version_count: active(image).length,
    visibility: "private",
    url: `${base(api)}/${encodeURIComponent(image.name)}`,
    html_url: `https://github.com/orgs/${login}/packages/container/package/${encodeURIComponent(image.name)}`,
    created_at: image.createdAt,
    updated_at: image.updatedAt,
  });
  const versionJson = (image: Package, version: PackageVersion, api: string) => ({
    id: version.id,
    name: version.name,
    url: `${base(api)}/${encodeURIComponent(image.name)}/versions/${version.id}`,
    package_html_url: `https://github.com/orgs/${login}/packages/container/package/${encodeURIComponent(image.name)}`,
    created_at: version.createdAt,
    updated_at: version.updatedAt,
    ...(version.deletedAt !== null && { deleted_at: version.deletedAt }),
    metadata: { package_type: "container", container: { tags: version.tags } },
  });
  const paths = type === "User" ? ["/users/:owner/packages", "/user/packages"] : ["/orgs/:owner/packages"];
  const isHere = ({ params }: Call): void => {
    if (params.owner !== undefined && !sameName(params.owner, login)) throw missing();
  };
  const imageOf = (call: Call): Package => {
    isHere(call);
    const image = world.packages.get(call.params.package!);
    if (call.params.type !== "container" || !image) throw refusal(404, "Package not found.");
    return image;
  };
  const versionOf = (call: Call, deleted: boolean): { image: Package; version: PackageVersion } => {
    const image = imageOf(call);
    const version = image.versions.find(({ id, deletedAt }) => {
      return String(id) === call.params.version && (deletedAt !== null) === deleted;
    });
    if (!version) throw missing();
    return { image, version };
  };

  for (const path of paths) {
    on("GET", path, (call) => {
      isHere(call);
      if (call.query.package_type === undefined) throw refusal(400, "Missing required parameter: package_type");
      const images = call.query.package_type === "container" ? [...world.packages.values()] : [];
      return page(call, images, (items) => items.map((image) => packageJson(image, call.api)));
    });
    on("GET", `${path}/:type/:package`, (call) => ok(packageJson(imageOf(call), call.api)));
    on("DELETE", `${path}/:type/:package`, (call) => {
      world.packages.delete(imageOf(call).name);
      return noContent;
    });
    on("GET", `${path}/:type/:package/versions`, (call) => {
      const image = imageOf(call);
      const found = image.versions.filter(({ deletedAt }) => (deletedAt !== null) === (call.query.state === "deleted"));
      return page(call, found, (items) => items.map((version) => versionJson(image, version, call.api)));
    });
    on("GET", `${path}/:type/:package/versions/:version`, (call) => {
      const { image, version } = versionOf(call, false);
      return ok(versionJson(image, version, call.api));
    });
    on("DELETE", `${path}/:type/:package/versions/:version`, (call) => {
      const { image, version } = versionOf(call, false);
      const isLast = active(image).length === 1;
      const reason = "You cannot delete the last version of a package. You must delete the package instead.";
      if (isLast) throw refusal(400, reason);
      version.deletedAt = now();
      return noContent;
    });
    on("POST", `${path}/:type/:package/versions/:version/restore`, (call) => {
      versionOf(call, true).version.deletedAt = null;
      return noContent;
    });
  }
}
