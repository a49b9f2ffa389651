/** docs/platforms.md says of every service and store what the catalog says of it, and of nothing else. */
import { describe, expect, test } from "@jest/globals";
import { PLATFORMS } from "../../config/platforms";
import { currentNeed, peakNeed } from "../../model/capacity";
import { ENVIRONMENTS, type EnvironmentName } from "../../model/environment-name";
import { imageRepository, namesOf, type Platform, servicesOf, sized } from "../../model/platform";
import type { Resources, Service, Store } from "../../model/service";
import { page, quoted, type Row, section, tables } from "./pages";

const PAGE = page("docs/platforms.md");

/** Rows of the tables that begin with such a column and have such another one. */
const rowsWith = (text: string, first: string, other: string): Row[] =>
  tables(text)
    .filter(([row]) => row && Object.keys(row)[0] === first && other in row)
    .flat();

/** The cell of a column that only some of the tables have. */
const plain = (cell: string | undefined): string | undefined => cell?.replaceAll("`", "");

/** "2, 4 GiB (staging 1, 2 GiB)": production's, and what differs in the others. */
function limitsOf(platform: Platform, of: { readonly name: string; readonly resources: Resources }): string {
  const limits = (environment: EnvironmentName): string => {
    const { cpu, memory } = sized(platform.environments[environment], of).resources.limits;
    return `${cpu}, ${memory.toString()}`;
  };
  const production = limits("production");
  const others = ENVIRONMENTS.filter((name) => limits(name) !== production).map((name) => `${name} ${limits(name)}`);
  return production + (others.length > 0 ? ` (${others.join("; ")})` : "");
}

/** Host names as the tables have them: without the zone. */
const shortNames = (platform: Platform, service: Service, environment: EnvironmentName): string[] =>
  namesOf(service, platform.environments[environment]).map((host) =>
    host === platform.zone.name ? "(bare)" : host.replace(`.${platform.zone.name}`, ""),
  );

const portsOf = (first: number | undefined, store: Store): string =>
  [...new Set([first, ...(store.insidePorts ?? [])])].join(", ");

/** Where the row says that it is made, there is such a name. */
function expectMadeIn(platform: Platform, cell: string): void {
  const names = quoted(cell);
  const file = names.find((name) => name.endsWith(".ts")) ?? "products.ts";
  const source = page(`config/platforms/${platform.name}/${file}`);
  const others = names.filter((name) => name !== file);
  expect(others).not.toEqual([]);
  for (const name of others) {
    const found = new RegExp(`\\b${name.replace("()", "\\(")}`).test(source);
    expect({ name, found }).toEqual({ name, found: true });
  }
}

describe.each(Object.values(PLATFORMS).map((platform) => [platform.name, platform] as const))(
  "%s",
  (name, platform) => {
    const [title] = platform.title.split(":");
    const text = section(PAGE, title!);
    const services = rowsWith(text, "service", "port");
    const shared = rowsWith(text, "shared", "port");
    const row = (rows: readonly Row[], column: string, key: string): Row => {
      const found = rows.filter((each) => each[column] === key);
      expect({ key, rows: found.length }).toEqual({ key, rows: 1 });
      return found[0]!;
    };

    test("is in the list of platforms, with its numbers", () => {
      const [list] = tables(PAGE);
      expect(
        row(
          list!.map((each) => ({ ...each, name: quoted(each["platform"]!)[0]! })),
          "name",
          name,
        ),
      ).toMatchObject({
        products: String(platform.products.length),
        services: String(servicesOf(platform).length),
        stores: String(platform.stores.length),
        zone: `\`${platform.zone.name}\``,
        production: (platform.environments.production.host as { serverType: string }).serverType,
        certificates: `${(platform.environments.production.tls as { challenge: string }).challenge.toUpperCase()} challenge`,
      });
    });

    test.each(servicesOf(platform).map((service) => [service.name, service] as const))("%s", (key, service) => {
      const found = row(services, "service", key);
      expect({ ...found, image: plain(found["image"]) }).toMatchObject({
        port: String(service.port),
        development: String(service.developmentPort),
        host: shortNames(platform, service, "production").join(", "),
        limits: limitsOf(platform, service),
        ...("image" in found ? { image: imageRepository(platform, service) } : {}),
      });
      expectMadeIn(platform, found["made in"]!);
    });

    test.each(platform.stores.map((store) => [store.name, store] as const))("%s", (key, store) => {
      const found = row(shared, "shared", key);
      expect(found).toMatchObject({
        image: `\`${store.image}\``,
        port: portsOf(store.port, store),
        development: portsOf(store.developmentPort, store),
        host: [`\`${store.name}\``, ...(store.insidePorts ?? []).map((port) => `server's \`127.0.0.1:${port}\``)].join(
          ", ",
        ),
        limits: limitsOf(platform, store),
      });
      expectMadeIn(platform, found["made in"]!);
    });

    test("the edge", () => {
      const found = row(shared, "shared", "edge");
      const { cpu, memory } = platform.edge.resources.limits;
      expect(found).toMatchObject({
        image: `\`${platform.edge.image}\``,
        port: "80, 443",
        development: "80",
        limits: `${cpu}, ${memory.toString()}`,
      });
      expectMadeIn(platform, found["made in"]!);
    });

    test("no row is about something that is not there", () => {
      expect(services.map((each) => each["service"]).sort()).toEqual(
        servicesOf(platform)
          .map((service) => service.name)
          .sort(),
      );
      expect(shared.map((each) => each["shared"]).sort()).toEqual(
        [...platform.stores.map((store) => store.name), "edge"].sort(),
      );
    });

    test("host names in each environment", () => {
      // Manacore has 33 services of four kinds: one of each stands for the others.
      const examples: Readonly<Record<string, string>> = {
        backend: "chat-backend",
        "sign-in": "mana-core-auth",
        web: "chat-web",
        landing: "chat-landing",
      };
      const kinds = rowsWith(text, "kind", "production").filter((each) => each["kind"] !== "bundles");
      const rows: Row[] = [
        ...rowsWith(text, "service", "production"),
        ...kinds.map((each) => ({ ...each, service: examples[each["kind"]!]! })),
      ];
      const expected =
        name === "manacore" ? Object.values(examples) : servicesOf(platform).map((service) => service.name);
      expect(rows.map((each) => each["service"]).sort()).toEqual([...expected].sort());
      for (const each of rows) {
        const service = servicesOf(platform).find((s) => s.name === each["service"])!;
        for (const environment of ENVIRONMENTS) {
          expect(quoted(each[environment]!)).toEqual(shortNames(platform, service, environment));
        }
      }
    });

    test("what one set and two sets of everything may use", () => {
      const everything = Object.fromEntries(
        platform.products.map((product) => [
          product.name,
          { live: "blue" as const, canary: 0, blue: { version: "v1" }, green: null },
        ]),
      );
      const { production } = platform.environments;
      const one = currentNeed(platform, production, everything).memory.toString();
      const two = peakNeed(platform, production).memory.toString();
      expect(text.replaceAll("\n", " ")).toContain(
        `One set of everything, with stores and edge, may use ${one}; two sets of everything ${two}.`,
      );
    });
  },
);

test("no section is about a platform that is not there", () => {
  const [list] = tables(PAGE);
  expect(list!.flatMap((each) => quoted(each["platform"]!))).toEqual(Object.keys(PLATFORMS));
  const headings = PAGE.match(/^## .*$/gm)!.map((heading) => heading.slice(3));
  expect(headings).toEqual(Object.values(PLATFORMS).map((platform) => platform.title.split(":")[0]));
});
