import { expect, test } from "@jest/globals";
import { utils } from "ssh2";
import { keyPair } from "../../rehearsal/key-pair";

test("every key pair can be read, though not every one that ssh2 makes can", () => {
  for (let pair = 0; pair < 1000; pair++) expect(utils.parseKey(keyPair().private)).not.toBeInstanceOf(Error);
});
