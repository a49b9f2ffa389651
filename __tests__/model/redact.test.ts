import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { manacore } from "../../config/platforms/manacore";
import { inputUses } from "../../model/inputs";
import { knownSecrets, redactor, valuesIn } from "../../model/redact";

/** The ways in which a secret gets into texts. */
const json = (text: string): string => JSON.stringify(text).slice(1, -1);
const ascii = (text: string): string =>
  json(text).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
/** Go's encoding/json. */
const html = (text: string): string => json(text).replace(/[<>&]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
const WAYS: Readonly<Record<string, (secret: string) => string>> = {
  plain: (text) => text,
  json,
  ascii,
  html,
  "json in json": (text) => json(json(text)),
  "json in json in json": (text) => json(json(json(text))),
  "in an address": encodeURIComponent,
  "in an address, lower case": (text) => encodeURIComponent(text).replace(/%../g, (code) => code.toLowerCase()),
  "as a form": (text) => new URLSearchParams([["", text]]).toString().slice(1),
  "a whole address": encodeURI,
  "twice in an address": (text) => encodeURIComponent(encodeURIComponent(text)),
  "json in an address": (text) => encodeURIComponent(json(text)),
  "an address in json": (text) => json(encodeURIComponent(text)),
  "in one line": (text) => text.trim().replace(/\s+/g, " "),
};

const character = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
  fc.constantFrom(..."\"\\/'%+&<>=?#:@ \n\t*.${}()[]|^-u0aäß€😀"),
);
const texts = (minLength: number): fc.Arbitrary<string> =>
  fc.array(character, { minLength, maxLength: 24 }).map((characters) => characters.join(""));
/** What the environment can hold and what is no mere space. */
const secret = texts(4).filter((text) => text.trim().length >= 4 && !text.includes("\0"));

describe("a secret of four characters or more", () => {
  test("does not survive, however it is written, whatever is around it", () => {
    const pieces = (secrets: string[]): fc.Arbitrary<string[]> =>
      fc.array(
        fc.oneof(
          texts(0),
          fc
            .tuple(fc.constantFrom(...secrets), fc.constantFrom(...Object.values(WAYS)))
            .map(([value, way]) => way(value)),
        ),
        { maxLength: 8 },
      );
    fc.assert(
      fc.property(
        fc
          .array(secret, { minLength: 1, maxLength: 3 })
          .chain((secrets) => fc.tuple(fc.constant(secrets), pieces(secrets))),
        ([secrets, parts]) => {
          const out = redactor(secrets)(parts.join(""));
          for (const value of secrets) {
            for (const [name, way] of Object.entries(WAYS)) {
              const written = way(value);
              // A secret that is mostly spaces may be little once it is folded.
              if (written.length >= 4 && out.includes(written)) throw new Error(`${name}: ${JSON.stringify(value)}`);
            }
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("does not survive beside another one, over another one, or beside its own mask", () => {
    expect(redactor(["1234abcd", "abcdefgh"])("x1234abcdefghx")).toBe("x***x");
    expect(redactor(["abcd", "abcdefgh"])("abcdefgh")).toBe("***");
    expect(redactor(["****", "a***"])("aabcd **** a***")).toBe("aabcd *** ***");
    expect(redactor(["abab"])("ababab")).toBe("***");
  });

  test("is the only thing that goes", () => {
    fc.assert(
      fc.property(fc.lorem(), (text) => {
        expect(redactor(["Passw0rd!", "", "abc", "   "])(text)).toBe(text);
      }),
    );
    expect(redactor(["p@ss/word"])("postgres://chat:p%40ss%2Fword@db:5432/chat")).toBe(
      "postgres://chat:***@db:5432/chat",
    );
  });

  test("is looked for quickly, whatever it is made of", () => {
    const begin = performance.now();
    const redact = redactor(Array.from({ length: 60 }, (_, i) => `${'\\"<ä/ %'.repeat(4)}${i}`));
    redact(`${"\\".repeat(50_000)}${"a ".repeat(10_000)}`);
    expect(performance.now() - begin).toBeLessThan(10_000);
  });
});

describe("the known secrets", () => {
  const { production } = manacore.environments;

  test("are the values of all secret inputs, and of the state's credentials", () => {
    const inputs = inputUses(manacore, production).map(({ input }) => input);
    const env = Object.fromEntries(inputs.map(({ name }) => [`TF_VAR_${name}`, `value of ${name}`]));
    const known = knownSecrets(manacore, production, {
      ...env,
      AWS_SECRET_ACCESS_KEY: "of the store",
      PATH: "/bin:/usr",
    });
    for (const { name, secret: isSecret } of inputs) {
      expect([name, known.includes(`value of ${name}`)]).toEqual([name, isSecret]);
    }
    expect(known).toContain("of the store");
    expect(known).not.toContain("/bin:/usr");
  });

  const { name } = inputUses(manacore, production).find(({ input }) => input.secret && !input.type)!.input;

  test("are also the password in an address, escaped or not, and a list's values", () => {
    const env = { [`TF_VAR_${name}`]: "postgres://chat:p%40ssword@db:5432/chat" };
    const redact = redactor(knownSecrets(manacore, production, env));
    expect(redact("user chat, password p@ssword or p%40ssword")).toBe("user chat, password *** or ***");
    const inputs = { ...manacore.inputs, smokeKey: { ...manacore.inputs.smokeKey, type: "list(string)" as const } };
    const list = { [`TF_VAR_${inputs.smokeKey.name}`]: '["first key", "second \\"key\\""]' };
    expect(redactor(knownSecrets({ ...manacore, inputs }, production, list))('a second "key" it is')).toBe(
      "a *** it is",
    );
  });

  test("are also a key's lines, as logs come line by line", () => {
    const key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\nBAQEFAASCBKcwggSjAgEAAo\n-----END KEY-----";
    const redact = redactor(knownSecrets(manacore, production, { [`TF_VAR_${name}`]: key }));
    expect(redact("cannot read MIIEvQIBADANBgkqhkiG9w0")).toBe("cannot read ***");
  });
});

describe("what is in a job's environment", () => {
  const key =
    "-----BEGIN OPENSSH PRIVATE KEY-----\nQUFBQUFBQUFBQUFBQUFBQUFB\nQkJCQkJCQkJCQg==\n-----END OPENSSH PRIVATE KEY-----";
  const SECRETS = {
    SSH_PRIVATE_KEY: key,
    ACTIONS_RUNTIME_TOKEN: "runtime-41-Token",
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: "request-42-Token",
    GITHUB_TOKEN: "ghs_0123456789abcdef",
    REGISTRY_TOKEN: "registry-43-Token",
    AWS_SSE_CUSTOMER_KEY: "sse-44-Customer",
    NODE_AUTH_TOKEN: "npm-45-Token",
  };
  const PLACES = {
    PWD: "/home/runner/work",
    OLDPWD: "/home/runner/other",
    SSH_ASKPASS: "/usr/bin/askpass-program",
    CREDENTIALS_FILE: "/etc/credentials.json",
    USE_TOKEN: "true",
    PASSWORD_STORE: "keychain",
    HOSTNAME: "runner-0815",
  };

  test.each([
    ["with a catalog", (env: NodeJS.ProcessEnv) => knownSecrets(manacore, manacore.environments.production, env)],
    ["without one", (env: NodeJS.ProcessEnv) => valuesIn(env)],
  ])("is secret by its name, %s, and places are none", (_, known) => {
    const hide = redactor(known({ ...SECRETS, ...PLACES }));
    for (const value of Object.values(SECRETS)) expect(hide(`a ${value} b`)).toBe("a *** b");
    expect(hide("a line QUFBQUFBQUFBQUFBQUFBQUFB of it")).toBe("a line *** of it");
    for (const value of Object.values(PLACES)) expect(hide(`a ${value} b`)).toBe(`a ${value} b`);
  });
});
