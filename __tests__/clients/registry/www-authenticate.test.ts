import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseChallenges } from "../../../clients/registry/www-authenticate";

describe("the ways to be let in", () => {
  test("are read as GHCR, Docker Hub and a registry with passwords put them", () => {
    const ghcr = 'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:user/image:pull"';
    expect(parseChallenges(ghcr)).toEqual([
      {
        scheme: "bearer",
        params: { realm: "https://ghcr.io/token", service: "ghcr.io", scope: "repository:user/image:pull" },
      },
    ]);
    const several =
      'Bearer realm="https://auth.docker.io/token", scope="repository:a/b:pull,push", Basic realm=Registry';
    expect(parseChallenges(several)).toEqual([
      { scheme: "bearer", params: { realm: "https://auth.docker.io/token", scope: "repository:a/b:pull,push" } },
      { scheme: "basic", params: { realm: "Registry" } },
    ]);
  });

  test("may have no parameters, or something else in their place", () => {
    expect(parseChallenges("Negotiate, NTLM TlRMTVNTUAAC==, Basic realm=x")).toEqual([
      { scheme: "negotiate", params: {} },
      { scheme: "ntlm", params: {} },
      { scheme: "basic", params: { realm: "x" } },
    ]);
  });

  test("are read up to where nothing can be understood any more", () => {
    expect(parseChallenges("")).toEqual([]);
    expect(parseChallenges('realm="of nobody"')).toEqual([]);
    expect(parseChallenges('Basic realm="open')).toEqual([{ scheme: "basic", params: {} }]);
  });

  const word = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9a-z-]{1,12}$/);
  const params = fc.dictionary(word, fc.string({ unit: "binary", maxLength: 20 }), { minKeys: 1, maxKeys: 4 });
  const challenges = fc.array(fc.record({ scheme: word, params }), { maxLength: 4 });
  const quoted = (value: string): string => `"${value.replace(/["\\]/g, "\\$&")}"`;
  const written = (list: readonly { scheme: string; params: Record<string, string> }[], between: string): string =>
    list
      .map(({ scheme, params: values }) => {
        const all = Object.entries(values).map(([name, value]) => `${name.toUpperCase()} = ${quoted(value)}`);
        return `${scheme.toUpperCase()} ${all.join(between)}`;
      })
      .join(between);

  test("come back as they were written, whatever is in them", () => {
    fc.assert(
      fc.property(challenges, fc.constantFrom(",", ", ", " , ", ",,"), (list, between) => {
        expect(parseChallenges(written(list, between))).toEqual(
          list.map(({ scheme, params: values }) => ({ scheme, params: { ...values } })),
        );
      }),
    );
  });

  test("never end in an error, nor take long", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
        expect(Array.isArray(parseChallenges(text))).toBe(true);
      }),
    );
    const start = performance.now();
    for (const part of [" ", ",", 'a="', "a ", '\\"', "a=", "ab ab=="]) parseChallenges(part.repeat(5000));
    expect(performance.now() - start).toBeLessThan(4000);
  });
});
