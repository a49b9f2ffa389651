import { type Context, isAbsent } from "./context";
import { serverOf } from "./hetzner-api";

/** The server's address: the primary IP's, which outlives servers. @returns undefined: there is none */
export async function hostAddress(context: Context): Promise<string | undefined> {
  const project = await context.project();
  if (isAbsent(project)) return undefined;
  const ip = project.primaryIps.find(({ name }) => name === `${context.prefix}-ipv4`);
  return serverOf(context, project) && ip?.ip;
}
