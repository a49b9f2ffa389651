/** Development: the Docker engine of this computer, and the ports that the environment wants on it. */
import { servicesOf } from "../model/platform";
import { Docker } from "../clients/docker";
import { knock } from "../clients/tcp";
import type { Context } from "./context";
import { count, type Finding, Findings, some } from "./finding";

const findings = new Findings("engine");

export async function engine(context: Context): Promise<Finding[]> {
  if (context.environment.host.kind !== "local") return [];
  const docker = new Docker(context.env);
  const said = await answerOf(docker, "version", "--format", "{{.Server.Version}}");
  if ("silent" in said) {
    return [
      findings.failure(
        "Docker",
        said.silent,
        "start Docker, and let your user use it (docker info must work); DOCKER_HOST says where another one is",
      ),
      findings.skipped("ports", "nobody says whose they are"),
    ];
  }
  return [findings.ok("Docker", said.text), await ports(context, docker)];
}

async function answerOf(docker: Docker, ...args: readonly string[]): Promise<{ text: string } | { silent: string }> {
  try {
    const { code, stdout, stderr, timedOut } = await docker.attempt(args, 8);
    if (code === 0) return { text: stdout.trim() };
    return { silent: timedOut ? "does not answer" : (stderr.trim().split("\n").at(-1) ?? "does not answer") };
  } catch (reason) {
    if ((reason as NodeJS.ErrnoException).code !== "ENOENT") throw reason;
    return { silent: "the program docker was not found" };
  }
}

async function ports(context: Context, docker: Docker): Promise<Finding> {
  const what = "ports";
  const wanted = [...wantedPorts(context)].sort((a, b) => a - b);
  const [busy, shown] = await Promise.all([
    Promise.all(wanted.map(async (port) => ((await isBusy(port)) ? [port] : []))).then((found) => found.flat()),
    // "127.0.0.1:3001->3001/tcp, [::]:80->80/tcp"
    answerOf(docker, "ps", "--filter", `name=^/?${context.prefix}-`, "--format", "{{.Ports}}"),
  ]);
  const own = new Set("text" in shown ? [...shown.text.matchAll(/:(\d+)->/g)].map(([, port]) => Number(port)) : []);
  const foreign = busy.filter((port) => !own.has(port));
  if (foreign.length === 0) {
    const used = busy.length > 0 ? `, ${busy.length} of them used by this environment itself` : "";
    return findings.ok(what, `${count(wanted.length, "port")} to be had on 127.0.0.1${used}`);
  }
  return findings.failure(
    what,
    `somebody else has ${some(foreign.map(String), 6)} on 127.0.0.1`,
    "see who (lsof -nP -iTCP -sTCP:LISTEN, docker ps), and end it; two platforms do not run on one computer at once",
  );
}

/** The edge's, each service's, each store's (docs/environments.md, "Development"). */
function wantedPorts({ platform, environment }: Context): Set<number> {
  const stores = platform.stores.flatMap(({ developmentPort, insidePorts }) => [
    ...(developmentPort === undefined ? [] : [developmentPort]),
    ...(insidePorts ?? []),
  ]);
  const services = servicesOf(platform).map(({ developmentPort }) => developmentPort);
  return new Set([80, ...(environment.developmentPorts ? services : []), ...stores]);
}

/** Who takes a connection has the port, and so has who says nothing. */
const isBusy = async (port: number): Promise<boolean> => (await knock("127.0.0.1", port, 1)).answer !== "refused";
