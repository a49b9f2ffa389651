import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { inRange, isCidr, listIn, malformedInputs, mapIn, publicKeyIn } from "../../doctor/values";
import { ENV, ops, SMALL } from "../support/patient";

describe("a list in Terraform's language", () => {
  test("comes back as it was written, whatever is in it", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.constantFrom("", " ", "\n"), (list, space) => {
        const text = `${space}[${list.map((word) => `${space}${JSON.stringify(word)}${space}`).join(",")}]${space}`;
        expect(listIn(text)).toEqual(list);
      }),
    );
  });

  test.each(["", "a", '"a"', '["a"', '["a" "b"]', "[a]", '{"a"="b"}', "[1]"])("%j is none", (text) => {
    expect(listIn(text)).toBeUndefined();
  });

  test("may end in a comma, as Terraform's may", () => expect(listIn('["a", "b",]')).toEqual(["a", "b"]));
});

describe("a map in Terraform's language", () => {
  test("comes back as it was written, with = and with :", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), fc.constantFrom("=", ":", " = "), (map, sign) => {
        const entries = Object.entries(map).map(
          ([key, value]) => `${JSON.stringify(key)}${sign}${JSON.stringify(value)}`,
        );
        expect(mapIn(`{ ${entries.join(", ")} }`)).toEqual(new Map(Object.entries(map)));
      }),
    );
  });

  test("takes names without quotes, and lines in place of commas", () => {
    expect(mapIn('{\n  ops = "a"\n  ci: "b"\n}')).toEqual(
      new Map([
        ["ops", "a"],
        ["ci", "b"],
      ]),
    );
  });

  test.each(["", "{", '{"a"}', '["a"]', "{a=b}", '{"a"="b" "c"="d"}'])("%j is none", (text) => {
    expect(mapIn(text)).toBeUndefined();
  });
});

test("nothing that could stand in an input takes long to be read", () => {
  const start = performance.now();
  for (const text of [
    `[${'"a",'.repeat(20_000)}`,
    `{${'"a"="b",'.repeat(20_000)}`,
    '"'.repeat(50_000),
    " ".repeat(50_000),
  ]) {
    listIn(text);
    mapIn(text);
  }
  expect(performance.now() - start).toBeLessThan(8000);
});

describe("a range of addresses", () => {
  test.each([
    ["203.0.113.7", "203.0.113.7/32", true],
    ["203.0.113.8", "203.0.113.7/32", false],
    ["203.0.113.200", "203.0.113.0/24", true],
    ["2001:db8::1", "2001:db8::/32", true],
    ["2001:db9::1", "2001:db8::/32", false],
    ["203.0.113.7", "2001:db8::/32", false],
    ["no address", "203.0.113.7/32", false],
    ["203.0.113.7", "203.0.113.7", false],
  ])("%s in %s: %s", (address, cidr, expected) => expect(inRange(address, cidr)).toBe(expected));

  test("has as many bits as its kind has", () => {
    expect(isCidr("203.0.113.7/33")).toBe(false);
    expect(isCidr("2001:db8::/128")).toBe(true);
    expect(isCidr("2001:db8::/129")).toBe(false);
  });
});

test("a public key is the same with another comment, and a private one is none", () => {
  expect(publicKeyIn(`${ops.public} somebody`)).toBe(publicKeyIn(`${ops.public}\n`));
  expect(publicKeyIn(ops.public)).toMatch(/^ssh-ed25519 \S+$/);
  expect(publicKeyIn(ops.private)).toBeUndefined();
});

describe("an input that is not of its form", () => {
  const wrong = (name: string, value: string): unknown => malformedInputs(SMALL.platform, { [name]: value });

  test("none of a whole environment's", () => expect(malformedInputs(SMALL.platform, ENV)).toEqual([]));
  test("one that is not set is no matter of form", () => expect(malformedInputs(SMALL.platform, {})).toEqual([]));

  test.each([
    ["TF_VAR_hcloud_token", "short"],
    ["TF_VAR_cloudflare_api_token", "c".repeat(37)],
    ["TF_VAR_edge_dns_token", "Bearer ".padEnd(45, "e")],
    ["TF_VAR_cloudflare_zone_id", "manacore.app"],
    ["TF_VAR_cloudflare_account_id", "F".repeat(32)],
    ["TF_VAR_ssh_allowed_cidrs", "203.0.113.7/32"],
    ["TF_VAR_ssh_allowed_cidrs", "[]"],
    ["TF_VAR_ssh_allowed_cidrs", '["0.0.0.0/0"]'],
    ["TF_VAR_ssh_allowed_cidrs", '["203.0.113.7"]'],
    ["TF_VAR_ssh_public_keys", ops.public],
    ["TF_VAR_ssh_public_keys", "{}"],
    ["TF_VAR_ssh_public_keys", '{"ops"="~/.ssh/id_ed25519.pub"}'],
    ["TF_VAR_smoke_key", "has spaces"],
  ])("%s=%s is named with what is right, and never shown", (name, value) => {
    expect(wrong(name, value)).toEqual([{ name, expected: expect.any(String) }]);
    expect(JSON.stringify(wrong(name, value))).not.toContain(JSON.stringify(value));
  });
});
