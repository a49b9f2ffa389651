import { describe, expect, jest, test } from "@jest/globals";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { SIMULATED, simulate, simulateCommand } from "../../../cli/rehearsal/simulate";
import { ProblemsError } from "../../../model/problem";

describe("one simulator, by hand", () => {
  test.each(SIMULATED)("%s answers at the address that it says, and says what a client has to be told", async (api) => {
    const { simulator, lines } = await simulate(api, {});
    try {
      expect(lines[0]).toContain(`${api} answers at http://127.0.0.1:`);
      expect(lines.slice(1).every((line) => /^export [A-Za-z_0-9]+=\S+$/.test(line))).toBe(true);
      expect(lines.join("\n")).toContain(`http://127.0.0.1:${simulator.port}`);
      expect((await fetch(simulator.baseUrl)).status).toBeGreaterThanOrEqual(400);
    } finally {
      await simulator.stop();
    }
  });

  test("names are taken over", async () => {
    const { simulator, lines } = await simulate("github", { name: "acme/site" });
    await simulator.stop();
    expect(lines).toContain("export GITHUB_OWNER=acme");
  });

  test.each(SIMULATED)("%s at a port that somebody has, or at none, ends with 2 and a sentence", async (api) => {
    const said: string[] = [];
    const spy = jest.spyOn(console, "error").mockImplementation((text: string) => void said.push(text));
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    try {
      expect(await simulateCommand(api, { port })).toBe(2);
      expect(await simulateCommand(api, { port: Number("x") })).toBe(2);
    } finally {
      spy.mockRestore();
      other.close();
    }
    expect(said[0]).toContain(`error: the simulator at 127.0.0.1:${port}\n  given     another program listens there`);
    expect(said[1]).toContain("given     NaN");
  });

  test("an API that nobody simulates is refused with those that there are", async () => {
    await expect(simulate("aws", {})).rejects.toThrow(ProblemsError);
    await expect(simulate("aws", {})).rejects.toThrow(/hetzner, cloudflare, github, object-store and registry/);
  });
});
