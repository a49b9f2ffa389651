import colours from "picocolors";
import { baseNeed, currentNeed, type Need, peakNeed, serverTypeOf, setNeed, setSize } from "../../model/capacity";
import { type HetznerPrices, monthlyCost, totals } from "../../model/cost";
import { closeEnvironment, deployed, pipelineValues, planEnvironment, watchEnvironment } from "../../model/pipeline";
import type { Environment } from "../../model/environment";
import { monitoringOf } from "../../model/monitoring";
import { hostsOf, type Platform, replicasOf, type ServerType } from "../../model/platform";
import { list } from "../../model/problem";
import { otherColour, type ProductRelease, type Release, runningColours } from "../../model/release";
import type { Product } from "../../model/service";
import { plainTable } from "../shared/table";

export interface OverviewProps {
  readonly platform: Platform;
  readonly environment: Environment;
  readonly release: Release;
  /** Where the synthesized JSON lies, as a person types it. */
  readonly jsonPath: string;
  readonly resources: number;
  readonly prices?: HetznerPrices | undefined;
}

/** What one stack is, for a person: host, products, what they need against what there is, cost, and the JSON's place. */
export function overview(props: OverviewProps): string {
  const { platform, environment, release } = props;
  const type = serverTypeOf(platform, environment);
  return [
    `${colours.bold(environment.name)}  ${environment.purpose}`,
    line("host", describeHost(environment, type)),
    productTable(platform, environment, release),
    ...needLines(platform, environment, release, type),
    line("cost", describeCost(props)),
    line("Terraform", `${props.jsonPath} (${props.resources} resources)`),
    "",
  ].join("\n");
}

/** The delivery stack in a few lines. */
export function deliveryOverview(platform: Platform, jsonPath: string): string {
  const environments = deployed(platform).map((environment) => {
    const { secrets, settings } = pipelineValues(platform, environment);
    const gate = platform.delivery!.gates[environment.name]!;
    const reviewed = gate.reviewed ? `after a review${gate.selfReview ? "" : " by somebody else"}` : "without a review";
    const { name } = environment;
    return `${name} ${reviewed}, ${planEnvironment(name)}, ${watchEnvironment(name)}, ${closeEnvironment(name)}: ${secrets.length} secrets, ${settings.length} variables`;
  });
  const { branch, checks, owners } = platform.delivery!.rules;
  return [
    `${colours.bold("delivery")}  GitHub's environments, secrets and rules`,
    ...environments.map((text) => line("environment", text)),
    line(
      "rules",
      `${branch} changes by approved pull requests that pass ${list([...checks])}; code has owners: ${list([...owners])}`,
    ),
    line("Terraform", jsonPath),
    "",
  ].join("\n");
}

/** Columns of the label before a line. */
const LABEL = 12;

const line = (name: string, text: string): string => `  ${colours.dim(name.padEnd(LABEL))}${text}`;

function describeHost({ host }: Environment, type: ServerType | undefined): string {
  if (host.kind === "local") return "the Docker engine of this computer";
  const size = type ? ` (${type.cpu} vCPU, ${type.memory}, ${type.disk} disk)` : "";
  const more = [
    `volume ${host.volume}`,
    ...(host.backups ? ["backups"] : []),
    ...(host.protected ? ["protected"] : []),
    ...(host.maintenance ? [colours.yellow("maintenance: may be replaced")] : []),
  ];
  return `${host.serverType} in ${host.location}${size}, ${more.join(", ")}`;
}

function productTable(platform: Platform, environment: Environment, release: Release): string {
  const suffix = environment.dns.kind === "none" ? ".localhost" : `.${platform.zone.name}`;
  const rows: string[][] = [];
  for (const product of platform.products) {
    const state = release[product.name];
    const need = setNeed(product, environment);
    rows.push([
      product.name,
      state ? describeSet(state, "live") : colours.dim("not released"),
      state ? describeSet(state, "idle") : "",
      product.services.map((s) => times(s.role, replicasOf(environment, s))).join(", "),
      need.memory.toString(),
      format(need.cpu),
      hostNames(product, environment, suffix),
    ]);
  }
  const base = baseNeed(platform, environment);
  rows.push([
    colours.dim("shared"),
    "",
    "",
    sharedContainers(platform).join(", "),
    base.memory.toString(),
    format(base.cpu),
    environment.otaHost ? withoutSuffix(environment.otaHost, suffix) : "",
  ]);
  return plainTable(
    ["product", "live", "idle", "containers in a set", "memory", "CPU", `host names (${suffix})`],
    rows,
    ["left", "left", "left", "left", "right", "right", "left"],
  );
}

/** What is there once, whatever is released. */
const sharedContainers = (platform: Platform): string[] => [
  ...platform.stores.map((store) => store.name),
  `edge (${platform.edge.kind})`,
  "its keeper",
  ...(monitoringOf(platform) ? ["prometheus"] : []),
];

function describeSet(state: ProductRelease, which: "live" | "idle"): string {
  const colour = which === "live" ? state.live : otherColour(state.live);
  const set = state[colour];
  if (!set) return colours.dim("-");
  const paint = colour === "blue" ? colours.blue : colours.green;
  const share = which === "idle" && state.canary > 0 ? ` ${state.canary} %` : "";
  return `${paint(colour)} ${set.version}${share}`;
}

const times = (name: string, count: number): string => (count > 1 ? `${name} ×${count}` : name);
const format = (n: number): string => String(Math.round(n * 100) / 100);

const withoutSuffix = (host: string, suffix: string): string =>
  host.endsWith(suffix) ? host.slice(0, -suffix.length) : `${host} itself`;

function hostNames(product: Product, environment: Environment, suffix: string): string {
  const names = product.services.flatMap((service) => {
    const [first] = hostsOf(service, environment);
    if (!first) return [];
    const name = withoutSuffix(first, suffix);
    const webhooks = service.access.webhooks?.[environment.name] ?? [];
    return [
      environment.developmentPorts ? `${name} :${service.developmentPort}` : name,
      ...webhooks.map((host) => withoutSuffix(host, suffix)),
    ];
  });
  const bundles =
    product.mobile && environment.otaHost ? [withoutSuffix(environment.otaHost, suffix) + product.mobile.path] : [];
  return [...names, ...bundles].join("  ");
}

function needLines(
  platform: Platform,
  environment: Environment,
  release: Release,
  type: ServerType | undefined,
): string[] {
  const now = currentNeed(platform, environment, release);
  const peak = peakNeed(platform, environment);
  const containers = platform.products.reduce((sum, product) => {
    const state = release[product.name];
    return state ? sum + setSize(product, environment) * runningColours(state).length : sum;
  }, sharedContainers(platform).length);
  const share = (part: number, whole: number): string => ` (${Math.round((part / whole) * 100)} %)`;
  const memory = (need: Need): string =>
    `${need.memory}${type ? share(need.memory.mebibytes, type.memory.mebibytes) : ""}`;
  const cpu = (need: Need): string => `${format(need.cpu)}${type ? share(need.cpu, type.cpu) : ""}`;
  return [
    line("containers", `${containers} now`),
    line(
      "memory",
      `${memory(now)} now, ${memory(peak)} with both sets of every product${type ? `, of ${type.memory}` : ""}`,
    ),
    line("CPU", `${cpu(now)} now, ${cpu(peak)} with both sets${type ? `, of ${type.cpu} vCPU` : ""}`),
  ];
}

function describeCost({ platform, environment, prices }: OverviewProps): string {
  const lines = monthlyCost(platform, environment, prices);
  const priced = lines.filter((l) => l.price);
  if (lines.length === 0) return "none";
  const sums = Object.entries(totals(lines)).map(([currency, sum]) => `${sum.toFixed(2)} ${currency}`);
  const items = priced.map((l) => `${l.item} ${l.price!.amount.toFixed(2)}`);
  const sources = [...new Set(priced.map((l) => `${l.price!.source}, ${l.price!.date}`))];
  const unpriced = lines.filter((l) => !l.price).map((l) => l.item);
  return [
    sums.length > 0 ? `${sums.join(" + ")} a month: ${items.join(", ")}` : "unknown",
    ...(unpriced.length > 0
      ? [`not in the documents' prices: ${unpriced.join(", ")} (set HCLOUD_TOKEN for Hetzner's own)`]
      : []),
    ...sources.map((source) => `prices: ${source}`),
  ].join(`\n${" ".repeat(LABEL + 2)}`);
}
