/** Users, the organization and its teams. They are given at the start and never change. */
import { missing, ok, refusal } from "./answers";
import { page } from "./pages";
import type { Router } from "./router";
import { type Account, nodeId, sameName, type Team, type World } from "./world";

export function accountJson(account: Account, api: string): Readonly<Record<string, unknown>> {
  const { id, login, type } = account;
  return {
    login,
    id,
    node_id: nodeId({ User: "U", Organization: "O", Bot: "BOT" }[type], id),
    avatar_url: `https://avatars.githubusercontent.com/u/${id}?v=4`,
    gravatar_id: "",
    url: `${api}/users/${login}`,
    html_url: `https://github.com/${login}`,
    repos_url: `${api}/users/${login}/repos`,
    type,
    user_view_type: "public",
    site_admin: false,
  };
}

function fullAccountJson(account: Account, api: string): Readonly<Record<string, unknown>> {
  return {
    ...accountJson(account, api),
    name: account.login,
    company: null,
    blog: "",
    location: null,
    email: null,
    bio: null,
    public_repos: 0,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: "2024-01-01T00:00:00Z",
    updated_at: "2024-01-01T00:00:00Z",
  };
}

function organizationJson(world: World, api: string): Readonly<Record<string, unknown>> {
  const { id, login } = world.owner;
  return {
    login,
    id,
    node_id: nodeId("O", id),
    url: `${api}/orgs/${login}`,
    repos_url: `${api}/orgs/${login}/repos`,
    html_url: `https://github.com/${login}`,
    description: null,
    name: login,
    type: "Organization",
    public_repos: world.repositories.size,
    plan: { name: "team", space: 976562499, private_repos: 999999, filled_seats: world.users.length, seats: 100 },
    created_at: "2024-01-01T00:00:00Z",
    updated_at: "2024-01-01T00:00:00Z",
  };
}

export function teamJson(world: World, team: Team, api: string): Readonly<Record<string, unknown>> {
  const organization = world.owner.login;
  return {
    id: team.id,
    node_id: nodeId("T", team.id),
    name: team.name,
    slug: team.slug,
    description: null,
    privacy: "closed",
    notification_setting: "notifications_enabled",
    permission: "pull",
    url: `${api}/organizations/${world.owner.id}/team/${team.id}`,
    html_url: `https://github.com/orgs/${organization}/teams/${team.slug}`,
    members_url: `${api}/organizations/${world.owner.id}/team/${team.id}/members{/member}`,
    repositories_url: `${api}/organizations/${world.owner.id}/team/${team.id}/repos`,
    parent: null,
  };
}

export function accountRoutes({ on, world }: Router): void {
  const everybody = [world.owner, ...world.users.filter((user) => user.id !== world.owner.id)];
  const organization = (name: string): Account => {
    if (world.owner.type !== "Organization" || !sameName(name, world.owner.login)) throw missing();
    return world.owner;
  };
  const find = <T>(items: readonly T[], fits: (item: T) => boolean): T => {
    const found = items.find(fits);
    if (!found) throw missing();
    return found;
  };

  on("GET", "/user", ({ api }) => {
    // A job's token is an installation's, and no person stands behind it.
    if (world.viewer.type === "Bot") throw refusal(403, "Resource not accessible by integration");
    return ok(fullAccountJson(world.viewer, api));
  });
  on("GET", "/users/:login", ({ api, params }) =>
    ok(
      fullAccountJson(
        find(everybody, ({ login }) => sameName(login, params.login!)),
        api,
      ),
    ),
  );
  // What the provider's data source for a user asks for as well.
  for (const kind of ["gpg_keys", "keys"]) on("GET", `/users/:login/${kind}`, (call) => page(call, []));
  on("GET", "/user/:id", ({ api, params }) =>
    ok(
      fullAccountJson(
        find(everybody, ({ id }) => String(id) === params.id),
        api,
      ),
    ),
  );

  on("GET", "/orgs/:org", ({ api, params }) => {
    organization(params.org!);
    return ok(organizationJson(world, api));
  });
  on("GET", "/orgs/:org/teams", (call) => {
    organization(call.params.org!);
    return page(call, world.teams, (teams) => teams.map((team) => teamJson(world, team, call.api)));
  });

  const byNumber = (id: string): boolean => String(world.owner.id) === id;
  const places: readonly { readonly path: string; readonly isHere: (owner: string) => boolean }[] = [
    { path: "/orgs/:owner/teams/:team", isHere: (owner) => sameName(organization(owner).login, owner) },
    { path: "/organizations/:owner/team/:team", isHere: byNumber },
  ];
  for (const { path, isHere } of places) {
    const teamOf = ({ owner, team }: Readonly<Record<string, string>>): Team => {
      if (!isHere(owner!)) throw missing();
      return find(world.teams, ({ id, slug }) => (isHere === byNumber ? String(id) : slug) === team);
    };
    on("GET", path, ({ api, params }) => {
      const team = teamOf(params);
      const counts = { members_count: world.users.length, repos_count: world.repositories.size };
      return ok({ ...teamJson(world, team, api), ...counts, organization: organizationJson(world, api) });
    });
    on("GET", `${path}/members`, (call) => {
      teamOf(call.params);
      return page(call, world.users, (users) => users.map((user) => accountJson(user, call.api)));
    });
  }
}
