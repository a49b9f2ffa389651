import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownKeys } from "../../../cli/shared/own-keys";
import { hidden, SecretsAtHand } from "../../../cli/shared/secrets-at-hand";

const KEY = [
  "-----BEGIN OPENSSH PRIVATE KEY-----",
  "b3BlbnNzaC1rZXktdjEAAAAA0000",
  "QUFBQkJCQ0NDRERERUVFRkZG1111",
  "-----END OPENSSH PRIVATE KEY-----\n",
].join("\n");

let home: string;
const before = process.env["HOME"];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "home-"));
  mkdirSync(join(home, ".ssh"));
  process.env["HOME"] = home;
});
afterEach(() => {
  process.env["HOME"] = before;
  rmSync(home, { recursive: true, force: true });
});

test("the key of the way in is known, line by line, and what is no key is not", () => {
  writeFileSync(join(home, ".ssh", "id_ed25519"), KEY);
  writeFileSync(join(home, ".ssh", "id_ed25519.pub"), "ssh-ed25519 PUBLICPUBLICPUBLIC ann@laptop");
  writeFileSync(join(home, ".ssh", "id_note"), "some words of somebody");
  writeFileSync(join(home, ".ssh", "config"), "Host somewhere");
  const said = `Load key: ${KEY} or QUFBQkJCQ0NDRERERUVFRkZG1111; some words of somebody PUBLICPUBLICPUBLIC`;
  for (const hide of [hidden, new SecretsAtHand(() => []).hide]) {
    const text = hide(said);
    expect(text).not.toMatch(/QUFBQkJC|b3BlbnNz/);
    expect(text).toContain("some words of somebody PUBLICPUBLICPUBLIC");
  }
});

test("a key that comes or changes while the program runs is known from then on", () => {
  const line = "R0dHSEhISUlJSkpKS0tLTExM2222";
  expect(ownKeys(process.env)).toEqual([]);
  writeFileSync(join(home, ".ssh", "id_rsa"), KEY);
  expect(hidden(line)).toBe(line);
  writeFileSync(join(home, ".ssh", "id_rsa"), KEY.replace("QUFBQkJCQ0NDRERERUVFRkZG1111", line));
  expect(hidden(line)).toBe("***");
});

test("no folder, a folder for a key and no HOME are no keys", () => {
  mkdirSync(join(home, ".ssh", "id_folder"));
  expect(ownKeys(process.env)).toEqual([]);
  rmSync(join(home, ".ssh"), { recursive: true });
  expect(ownKeys(process.env)).toEqual([]);
});
