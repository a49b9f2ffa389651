/** What the edge shows to whoever comes by TLS: is it trusted, for that name, and for how long? */
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { certificateAt } from "../clients/tls";
import { namesOf } from "../model/platform";
import { type Context, isAbsent } from "./context";
import { count, type Finding, Findings, some } from "./finding";
import { hostAddress } from "./server-address";
import { inTurns } from "./in-turns";

const findings = new Findings("certificates");

const HTTPS_PORT = 443;
const TIMEOUT_SECONDS = 5;
const AT_A_TIME = 12;
const DAY = 24 * 60 * 60 * 1000;
/** Let's Encrypt's last 90 days and are renewed with 30 left (Traefik's and certbot's default): 14 days say that it fails. */
const SOON_DAYS = 14;

interface Shown {
  readonly name: string;
  /** Nobody answered, and why. */
  readonly silent?: string;
  /** Why a browser would refuse it. */
  readonly untrusted?: string;
  readonly daysLeft: number;
}

/** Asks the edge itself, also for names in front of which Cloudflare shows a certificate of its own. */
export async function certificates(context: Context): Promise<Finding[]> {
  const { environment } = context;
  if (environment.tls.kind === "none" || environment.host.kind !== "hetzner") return [];
  const what = "edge";
  const project = await context.project();
  if (isAbsent(project)) return [findings.skipped(what, project.absent)];
  const address = await hostAddress(context);
  if (address === undefined) return [findings.skipped(what, "not deployed yet")];
  const at = environment.host.publishOn ?? address;
  const released = context.platform.products.filter(({ name }) => context.options.release[name]);
  const names = [
    ...new Set(released.flatMap(({ services }) => services.flatMap((service) => namesOf(service, environment)))),
  ];
  if (names.length === 0) return [findings.skipped(what, "the release file has no product yet")];
  const look = (name: string): Promise<Shown> => certificateFor(context, at, name);
  const [first, ...others] = names as [string, ...string[]];
  const firstLook = await look(first);
  if (firstLook.silent !== undefined) {
    return [
      findings.failure(
        what,
        `${at} shows no certificate (${firstLook.silent})`,
        `is the edge running? npx twinset status ${environment.name}`,
      ),
    ];
  }
  return judged([firstLook, ...(await inTurns(others, AT_A_TIME, look))]);
}

function judged(shown: readonly Shown[]): Finding[] {
  const what = "edge";
  const log = "the edge's log says why: docker logs on the server; docs/edge.md has certificates";
  const found: Finding[] = [];
  const bad = new Map<string, string[]>();
  for (const { name, untrusted, silent } of shown) {
    const why = silent === undefined ? untrusted : `no answer (${silent})`;
    if (why !== undefined) bad.set(why, [...(bad.get(why) ?? []), name]);
  }
  for (const [why, names] of bad) found.push(findings.failure(what, `${why}: ${some(names)}`, log));
  const good = shown.filter(({ untrusted, silent }) => untrusted === undefined && silent === undefined);
  const ending = good.filter(({ daysLeft }) => daysLeft < SOON_DAYS);
  const least = Math.floor(Math.min(...good.map(({ daysLeft }) => daysLeft)));
  if (ending.length > 0) {
    found.push(
      findings.warning(what, `${least} days left, and not renewed: ${some(ending.map(({ name }) => name))}`, log),
    );
  } else if (good.length > 0) {
    found.push(findings.ok(what, `good for ${count(good.length, "name")}, at least ${least} days left`));
  }
  return found;
}

async function certificateFor(context: Context, address: string, name: string): Promise<Shown> {
  const { ca, httpsPort } = context.options;
  const shown = await certificateAt({ host: address, port: httpsPort ?? HTTPS_PORT, name, ca }, TIMEOUT_SECONDS);
  if ("silent" in shown) return { name, silent: shown.silent, daysLeft: 0 };
  const untrusted = refusalOf(name, shown.certificate, shown.problem);
  const daysLeft = (Date.parse(shown.certificate.valid_to) - context.now()) / DAY;
  return { name, ...(untrusted === undefined ? {} : { untrusted }), daysLeft };
}

/** In words for the commonest; else OpenSSL's. */
function refusalOf(name: string, certificate: PeerCertificate, problem: string | undefined): string | undefined {
  if (checkServerIdentity(name, certificate)) return `for other names (${certificate.subject?.CN ?? "no name"})`;
  if (problem === undefined) return undefined;
  if (problem === "CERT_HAS_EXPIRED") return `ended ${certificate.valid_to}`;
  return problem === "DEPTH_ZERO_SELF_SIGNED_CERT"
    ? "signed by itself, not by Let's Encrypt"
    : `not trusted (${problem})`;
}
