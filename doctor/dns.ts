/** Do the environment's names lead where its edge is, and does the zone answer from Cloudflare? */
import { CLOUDFLARE_PROXIES } from "../config/cloudflare";
import { namesOf, servicesOf } from "../model/platform";
import { zoneOf } from "./cloudflare";
import { type Context, isAbsent } from "./context";
import { count, type Finding, Findings, some } from "./finding";
import { hostAddress } from "./server-address";
import { inTurns } from "./in-turns";
import { NoAnswer } from "../clients/http";
import { inRange } from "./values";

const findings = new Findings("DNS");

/** A name that visitors use. */
interface PublicName {
  readonly name: string;
  /** Does it lead to Cloudflare's proxies? */
  readonly proxied: boolean;
}

/** Every name that the environment has a record for: all services', released or not, and the mobile apps' bundles'. */
function publicNames({ platform, environment }: Context): PublicName[] {
  const names = servicesOf(platform).flatMap((service) =>
    namesOf(service, environment).map((name) => [name, service.access.proxied] as const),
  );
  const ota = environment.otaHost === undefined ? [] : [[environment.otaHost, true] as const];
  return [...new Map([...names, ...ota])].map(([name, proxied]) => ({ name, proxied }));
}

const AT_A_TIME = 20;

export async function dns(context: Context): Promise<Finding[]> {
  const { environment } = context;
  if (environment.dns.kind !== "cloudflare") return [];
  const [servers, names] = await Promise.all([nameServers(context), nameFindings(context)]);
  return [servers, ...names];
}

/** Records at Cloudflare are nobody's business while the domain is delegated elsewhere. */
async function nameServers(context: Context): Promise<Finding> {
  const what = "name servers";
  const zone = context.platform.zone.name;
  const known = await zoneOf(context).catch((reason: unknown) => {
    if (reason instanceof NoAnswer) return undefined;
    throw reason;
  });
  const own = known?.name === zone ? known.name_servers.map(canonical) : [];
  const isCloudflares = (name: string): boolean =>
    own.length > 0 ? own.includes(name) : name.endsWith(".ns.cloudflare.com");
  const enter = own.length > 0 ? own.join(" and ") : "those that the zone's overview page at Cloudflare shows";
  const fix = `enter ${enter} where the domain was bought`;
  const answer = await resolved(() => context.options.names.resolveNs(zone));
  if (answer.kind === "silent")
    return findings.warning(what, `DNS gave no answer about ${zone} (${answer.code})`, LOOK);
  if (answer.kind === "none") return findings.failure(what, `${zone} has none`, fix);
  const found = answer.values.map(canonical);
  return found.every(isCloudflares)
    ? findings.ok(what, `${zone} has Cloudflare's: ${some(found)}`)
    : findings.failure(what, `${zone} has ${some(found.filter((name) => !isCloudflares(name)))}`, fix);
}

const canonical = (name: string): string => name.toLowerCase().replace(/\.$/, "");

const LOOK = "look at this computer's resolver, and run this again";

type Answer =
  | { readonly kind: "found"; readonly values: readonly string[] }
  | { readonly kind: "none" }
  /** Nobody answered; it says nothing about the name. */
  | { readonly kind: "silent"; readonly code: string };

async function resolved(ask: () => Promise<string[]>): Promise<Answer> {
  try {
    const values = await ask();
    return values.length > 0 ? { kind: "found", values } : { kind: "none" };
  } catch (reason) {
    const code = (reason as NodeJS.ErrnoException).code ?? "";
    if (code === "ENOTFOUND" || code === "ENODATA") return { kind: "none" };
    return { kind: "silent", code: code || (reason as Error).message };
  }
}

interface Looked extends PublicName {
  readonly four: Answer;
  /** Of names that are not proxied: they have no IPv6 address of ours. */
  readonly six: Answer;
}

async function nameFindings(context: Context): Promise<Finding[]> {
  const what = "names";
  const all = publicNames(context);
  if (all.length === 0) return [findings.skipped(what, "the catalog has none for this environment")];
  const project = await context.project();
  if (isAbsent(project)) return [findings.skipped(what, `where they should lead: ${project.absent}`)];
  const address = await hostAddress(context);
  const { names } = context.options;
  const look = async (of: PublicName): Promise<Looked> => {
    const [four, six] = await Promise.all([
      resolved(() => names.resolve4(of.name)),
      of.proxied ? ({ kind: "none" } as const) : resolved(() => names.resolve6(of.name)),
    ]);
    return { ...of, four, six };
  };
  // One attempt tells whether anybody answers.
  const [first, ...others] = all as [PublicName, ...PublicName[]];
  const firstLook = await look(first);
  if (firstLook.four.kind === "silent") {
    return [
      findings.warning(what, `DNS gave no answer about ${count(all.length, "name")} (${firstLook.four.code})`, LOOK),
    ];
  }
  const looked = [firstLook, ...(await inTurns(others, AT_A_TIME, look))];
  return address === undefined ? beforeTheFirst(looked) : judged(context, looked, address);
}

/** A record that Terraform does not know of is refused to be made again. */
function beforeTheFirst(looked: readonly Looked[]): Finding[] {
  const what = "names";
  const taken = looked.filter(({ four }) => four.kind === "found").map(({ name }) => name);
  if (taken.length === 0) return [findings.skipped(what, "not deployed yet: the first deploy makes them")];
  return [
    findings.warning(
      what,
      `not deployed yet, but there already: ${some(taken)}`,
      "remove those records at Cloudflare (or import them) right before the first deploy, which makes its own",
    ),
  ];
}

function judged(context: Context, looked: readonly Looked[], address: string): Finding[] {
  const what = "names";
  const deploy = `npx cdktf diff ${context.environment.name} says what is to be made or changed`;
  const of = (test: (one: Looked) => boolean): string[] => looked.filter(test).map(({ name }) => name);
  const absent = of(({ four }) => four.kind === "none");
  const silent = of(({ four }) => four.kind === "silent");
  const isRight = ({ proxied, four }: Looked): boolean =>
    four.kind === "found" &&
    four.values.every((value) =>
      proxied ? CLOUDFLARE_PROXIES.some((range) => inRange(value, range)) : value === address,
    );
  const wrong = looked.filter((one) => one.four.kind === "found" && !isRight(one));
  const six = of((one) => one.six.kind === "found");
  const found: Finding[] = [];
  if (wrong.length > 0) {
    const shown = wrong.map(({ name, proxied, four }) => {
      const values = four.kind === "found" ? four.values.join(", ") : "";
      return `${name} to ${values}, not to ${proxied ? "Cloudflare's proxies" : address}`;
    });
    found.push(findings.failure(what, `lead elsewhere: ${some(shown, 2)}`, deploy));
  }
  if (six.length > 0) {
    found.push(
      findings.warning(
        what,
        `lead elsewhere by IPv6, which this project makes no records for: ${some(six)}`,
        "remove their AAAA records",
      ),
    );
  }
  if (absent.length > 0) {
    found.push(findings.warning(what, `${absent.length} of ${looked.length} are not there: ${some(absent)}`, deploy));
  }
  if (silent.length > 0) found.push(findings.warning(what, `no answer about ${some(silent)}`, LOOK));
  const right = looked.filter(isRight).length;
  if (right > 0) {
    const proxied = looked.filter((one) => one.proxied && isRight(one)).length;
    found.push(
      findings.ok(
        what,
        `${right} of ${looked.length} lead here: ${right - proxied} to ${address}, ${proxied} by way of Cloudflare`,
      ),
    );
  }
  return found;
}
