import { utils } from "ssh2";

/** An Ed25519 key pair in OpenSSH's form. Now and then ssh2 (1.17.0) makes a private key that it cannot read itself. */
export function keyPair(): ReturnType<typeof utils.generateKeyPairSync> {
  for (;;) {
    const pair = utils.generateKeyPairSync("ed25519");
    if (!(utils.parseKey(pair.private) instanceof Error)) return pair;
  }
}
