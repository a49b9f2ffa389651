import { describe, expect, test } from "@jest/globals";
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { demandsOf, inWords, madeUp, weakness } from "../../model/made-up";
import { dummyText } from "../../model/pipeline";
import { secret } from "../../model/values";

const password = madeUp("password", { description: "A password" });
const strong = demandsOf(password, true);

describe("what people make up", () => {
  test("is long and not one character again and again, where others can reach what it guards", () => {
    expect(inWords(strong)).toBe("at least 20 characters, 8 of them different");
    expect(weakness("abcdefgh12345678901", strong)).toBe("too short");
    expect(weakness("passwordpasswordpassword", strong)).toBe("too simple");
    expect(weakness("abcdefgh123456789012", strong)).toBeUndefined();
  });
  test("may be anything on one's own computer, and what others give out anywhere", () => {
    expect(weakness("x", demandsOf(password, false))).toBeUndefined();
    expect(weakness("x", demandsOf(secret("token", { description: "A token", where: "there" }), true))).toBeUndefined();
  });
  test("has more characters where it needs more", () => {
    expect(demandsOf(madeUp("key", { description: "A key", minLength: 32 }), true).minLength).toBe(32);
  });
  test("what its description says to run is strong enough", () => {
    expect(password.where).toContain("openssl rand -hex 24");
    for (let i = 0; i < 100; i++) expect(weakness(randomBytes(24).toString("hex"), strong)).toBeUndefined();
  });
  test("dummies are of the same form", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z_]{0,30}$/), (name) => {
        return weakness(dummyText(madeUp(name, { description: "A password" })), strong) === undefined;
      }),
    );
  });
});

test("a value is weak in one way or in none, and more of it is never weaker", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (value, more) => {
      if (weakness(value, strong) === undefined) expect(weakness(value + more, strong)).toBeUndefined();
    }),
  );
});
