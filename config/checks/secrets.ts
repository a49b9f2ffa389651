import type { Platform } from "../../model/platform";
import { error, type Problem } from "../../model/problem";
import type { Value } from "../../model/values";
import { variablesOf } from "./catalog";

/** Environment variables whose name says that their value is a secret. Public ones are for browsers by convention. */
const SECRET_NAME =
  /(^|_)(SECRET|PASSWORD|PASSWD|TOKEN|PRIVATE|CREDENTIALS?|DSN)(_|$)|(API|SECRET|ACCESS|PRIVATE|ENCRYPTION|SIGNING)_KEY|DATABASE_URL$/;
const PUBLIC_NAME = /^(PUBLIC|NEXT_PUBLIC|VITE)_/;
/** Values that are secrets whatever their name: private keys, live keys, connection strings with a password. */
const SECRET_VALUE = /-----BEGIN [A-Z ]*PRIVATE KEY|^(sk|rk)_(live|test)_|^gh[pousr]_|:\/\/[^/\s:@]*:[^/\s@]+@/;

/** The catalog is in Git, where many read it and nothing is forgotten: no secret may stand in it. */
export function checkSecrets(platform: Platform): Problem[] {
  return variablesOf(platform)
    .filter(
      ({ key, value }) =>
        plainTexts(value).some((text) => SECRET_VALUE.test(text)) ||
        (SECRET_NAME.test(key) && !PUBLIC_NAME.test(key) && plainTexts(value).some((text) => text !== "")),
    )
    .map(({ path, key }) =>
      error(
        path,
        "plain text",
        "a secret that is given at deploy time",
        `write secret("${key.toLowerCase()}", { … }), and change the value: it is known now`,
      ),
    );
}

/** Texts that stand whole in the catalog; what is around the inputs of a template is no secret, the joined text may be. */
function plainTexts(value: Value): string[] {
  if (typeof value === "string") return [value];
  if (value.kind === "per-environment") return Object.values(value.values).flatMap(plainTexts);
  if (value.kind === "url-encoded") return plainTexts(value.value);
  return value.kind === "template" && value.values.length === 0 ? [value.parts.join("")] : [];
}
