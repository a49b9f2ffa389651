/** The header in which a server says how it wants to be told who asks (RFC 9110, 11.6.1). */

/** One way to be let in. */
export interface Challenge {
  /** In small letters: "bearer", "basic". */
  readonly scheme: string;
  /** By their names in small letters: realm, service, scope. */
  readonly params: Readonly<Record<string, string>>;
}

const WORD = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const TOKEN68 = "[0-9A-Za-z._~+/-]+=*";
/** A parameter, or a scheme with what some have in place of parameters ("Negotiate YII="). Commas part both. */
const PART = new RegExp(
  `[\\s,]*(?:(${WORD})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(${WORD}))|(${WORD})(?=[\\s,]|$)(?:[ \\t]+${TOKEN68}(?=\\s*(?:,|$)))?)`,
  "sy",
);

/** All challenges of a header, or of several that were joined by commas. Reads up to the first thing that is no challenge. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { readonly scheme: string; readonly params: Map<string, string> }[] = [];
  PART.lastIndex = 0;
  for (let part = PART.exec(header); part; part = PART.exec(header)) {
    const [, name, quoted, plain, scheme] = part;
    if (scheme !== undefined) challenges.push({ scheme: scheme.toLowerCase(), params: new Map() });
    else challenges.at(-1)?.params.set(name!.toLowerCase(), plain ?? quoted!.replace(/\\(.)/gs, "$1"));
  }
  return challenges.map(({ scheme, params }) => ({ scheme, params: Object.fromEntries(params) }));
}
