/** The environment's server in its project, and where it is reached. */
import type { Project, Server } from "../clients/hetzner/hetzner";
import { type Context, isAbsent } from "./context";

/** The environment's server, if there is one. */
export const serverOf = ({ prefix }: Pick<Context, "prefix">, { servers }: Project): Server | undefined =>
  servers.find(({ name }) => name === prefix);

/** The server's address: the primary IP's, which outlives servers. @returns undefined: there is none */
export async function hostAddress(context: Context): Promise<string | undefined> {
  const project = await context.project();
  if (isAbsent(project)) return undefined;
  const ip = project.primaryIps.find(({ name }) => name === `${context.prefix}-ipv4`);
  return serverOf(context, project) && ip?.ip;
}
