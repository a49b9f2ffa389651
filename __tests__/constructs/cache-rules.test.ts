/** What is kept of which address, by page rules and by cache rules alike, as Cloudflare would decide it. */
import { describe, expect, test } from "@jest/globals";
import { CloudflareProvider } from "@cdktf/provider-cloudflare/lib/provider";
import { Testing } from "cdktf";
import fc from "fast-check";
import { CacheRules } from "../../constructs/cloudflare/cache-rules";
import { effectiveRule } from "../../model/cache-patterns";
import { ENVIRONMENTS } from "../../model/environment-name";
import { hostsOf, namesOf, servicesOf, type ZoneCaching } from "../../model/platform";
import { days } from "../../model/units";
import type { Body } from "../support/cases";
import { byCacheRules, byPageRules, type Kept } from "../support/cloudflare-cache";
import { MANACORE } from "../support/platforms";

const { platform } = MANACORE;
const caching = platform.zone.caching!;

/** What Cloudflare keeps of an address, by the rules as they are made. */
function keeper(of: ZoneCaching): (address: string) => Kept {
  const { resource } = JSON.parse(
    Testing.synthScope((scope) => {
      new CloudflareProvider(scope, "cloudflare");
      new CacheRules(scope, "cache", { zoneId: "0123456789abcdef0123456789abcdef", caching: of });
    }),
  ) as { resource: Readonly<Record<string, Record<string, Body>>> };
  if (of.rulesAs === "page-rules") {
    const rules = Object.values(resource["cloudflare_page_rule"]!);
    return (address) => byPageRules(rules, address);
  }
  const [ruleset] = Object.values(resource["cloudflare_ruleset"]!);
  return (address) => byCacheRules(ruleset!["rules"] as Body[], address);
}

const NOTHING: Kept = { edge: "nothing", browser: "answer" };
const AS_ANSWERED: Kept = { edge: "answer", browser: "answer" };

describe.each(["page-rules", "cache-rules"] as const)("as %s", (rulesAs) => {
  const kept = keeper({ ...caching, rulesAs });
  const named = (wanted: (service: ReturnType<typeof servicesOf>[number]) => boolean): string[] =>
    servicesOf(platform)
      .filter(wanted)
      .flatMap((service) =>
        ENVIRONMENTS.filter((name) => name !== "development").flatMap((name) =>
          namesOf(service, platform.environments[name]),
        ),
      );
  const landings = named(({ access }) => access.logins === false);
  const webs = named(({ access }) => access.logins !== false && !access.api);
  const apis = named(({ access }) => access.api);

  test("no page with a login is kept, neither at the edge nor in browsers", () => {
    expect(webs.length).toBeGreaterThan(20);
    for (const host of webs) {
      for (const path of [
        "/",
        "/account",
        "/api/health",
        "/images/",
        "/_app/immutable/x",
        "/imagesx/me.jpg",
        "/me.pdf",
      ]) {
        expect([host, path, kept(`${host}${path}`)]).toEqual([host, path, NOTHING]);
      }
    }
  });
  test("of them, images and files that are named after their content are, as long as the answer says", () => {
    for (const host of webs) {
      expect(kept(`${host}/_app/immutable/entry/app.B2x.js`)).toEqual(AS_ANSWERED);
      expect(kept(`${host}/images/logo.png`)).toEqual(AS_ANSWERED);
    }
  });
  test("no page is kept that a visitor was led to by an address with a kept path behind its question mark", () => {
    for (const host of webs) {
      expect(kept(`${host}/account?x=${host}/_app/immutable/x.js`)).toEqual(NOTHING);
      expect(kept(`${host}/me.jpg?.manacore.app/images/x.png`)).toEqual(NOTHING);
    }
  });
  test("of APIs, nothing", () => {
    for (const host of apis) {
      for (const path of ["/", "/images/me.png", "/_app/immutable/x.js"])
        expect(kept(`${host}${path}`)).toEqual(NOTHING);
    }
  });
  test("landings are: 28 days at the edge and a week in browsers", () => {
    expect(landings.length).toBeGreaterThan(20);
    for (const host of landings) {
      expect(kept(`${host}/`)).toEqual({ edge: days(28).seconds, browser: days(7).seconds });
      expect(kept(`${host}/images/x.png`)).toEqual(AS_ANSWERED);
    }
  });
  test("a page that a rule leaves out has nothing of the rules beneath it, whatever their order", () => {
    const [host] = hostsOf(
      servicesOf(platform).find(({ access }) => access.logins === false)!,
      platform.environments.production,
    );
    const all = { id: "all", pattern: "*manacore.app/*", cache: "everything" } as const;
    const own = { id: "own", pattern: `${host}/account*`, cache: "bypass" } as const;
    const both = { ...caching, rulesAs, rules: [own, all] };
    expect(keeper(both)(`${host}/account/1`)).toEqual(NOTHING);
    expect(keeper({ ...both, rules: [all, own] })(`${host}/account/1`).edge).toBe(days(28).seconds);
  });
});

test("whatever the list, the first rule that fits decides alone, in either form", () => {
  const pattern = fc
    .tuple(
      fc.constantFrom("*example.org", "a.example.org", "*a*.example.org", "*.example.org"),
      fc.constantFrom("/*", "/images/*", "/a*", "/a/*.js", "/a"),
    )
    .map(([host, path]) => `${host}${path}`);
  const rules = fc
    .uniqueArray(
      fc.record({ pattern, cache: fc.constantFrom("everything" as const, "assets" as const, "bypass" as const) }),
      {
        minLength: 1,
        maxLength: 6,
        selector: (rule) => rule.pattern,
      },
    )
    .map((list) => list.map((rule, index) => ({ ...rule, id: `rule-${index}` })));
  const address = fc
    .tuple(
      fc.constantFrom("example.org", "a.example.org", "b.example.org", "ba.example.org"),
      fc.constantFrom("/", "/images/x.png", "/images/", "/a", "/a/b.js", "/b"),
    )
    .map(([host, path]) => `${host}${path}`);
  fc.assert(
    fc.property(rules, address, (list, asked) => {
      const by = (rulesAs: ZoneCaching["rulesAs"]): Kept => keeper({ ...caching, rulesAs, rules: list })(asked);
      const page = by("page-rules");
      expect(by("cache-rules")).toEqual(page);
      const decides = effectiveRule(list, asked);
      if (decides?.cache === "everything") expect(page.edge).toBe(days(28).seconds);
      if (decides?.cache === "bypass") expect(page).toEqual(NOTHING);
    }),
    { numRuns: 60 },
  );
});
