import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { Publisher } from "../../rehearsal/images/publisher";
import { Docker } from "../../clients/docker";
import type { Finished } from "../../clients/program";

/** Writes down what it is asked to do. */
class FakeDocker extends Docker {
  readonly calls: string[] = [];
  /** Pushes that are under way, and the most that ever were. */
  under = 0;
  most = 0;

  constructor(private readonly answer: (reference: string) => Partial<Finished>) {
    super({});
  }

  override async attempt(args: readonly string[]): Promise<Finished> {
    this.calls.push(args.join(" "));
    this.most = Math.max(this.most, ++this.under);
    await new Promise((resolve) => setTimeout(resolve, 5));
    this.under--;
    return { code: 0, stdout: "", stderr: "", timedOut: false, ...this.answer(args.at(-1)!) };
  }
}

const digestOf = (reference: string): string => `sha256:${Buffer.from(reference).toString("hex").padStart(64, "0")}`;
const pushed = (reference: string): Partial<Finished> => ({ stdout: `v1: digest: ${digestOf(reference)} size: 527\n` });

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "twinset-test-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const publisherWith = (docker: Docker): Publisher =>
  new Publisher(docker, "127.0.0.1:5000", { username: "ci", password: "secret" }, directory);

describe("images for the registry", () => {
  test("are pushed with a login in a directory that only its owner may read", async () => {
    const docker = new FakeDocker(pushed);
    await publisherWith(docker).publish(["a:1"]);
    const config = join(directory, "docker");
    expect(docker.calls[0]).toBe(`--config ${config} push a:1`);
    const auth = Buffer.from("ci:secret").toString("base64");
    expect(JSON.parse(readFileSync(join(config, "config.json"), "utf8"))).toEqual({
      auths: { "127.0.0.1:5000": { auth } },
    });
    expect([config, join(config, "config.json")].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o600]);
  });

  test("are taken from the engine, so that whoever runs them has to pull", async () => {
    const docker = new FakeDocker(pushed);
    await publisherWith(docker).publish(["a:1"]);
    expect(docker.calls.slice(1)).toEqual(["image rm a:1"]);
  });

  test("come one first, for what all have in common, and then several at a time", async () => {
    const docker = new FakeDocker(pushed);
    await publisherWith(docker).publish(["a:1", ...Array.from({ length: 9 }, (_, i) => `b:${i}`)]);
    expect(docker.calls.slice(0, 2).map((call) => call.replace(/^.*push/, "push"))).toEqual([
      "push a:1",
      "image rm a:1",
    ]);
    expect(docker.calls).toHaveLength(20);
    expect(docker.most).toBe(4);
  });

  test("have digests, and are not pushed twice", async () => {
    const docker = new FakeDocker(pushed);
    const publisher = publisherWith(docker);
    await publisher.publish(["a:1"]);
    await publisher.publish(["a:1", "b:1"]);
    expect(docker.calls.filter((call) => call.includes("push"))).toHaveLength(2);
    expect([publisher.digestOf("b:1"), publisher.digestOf("c:1")]).toEqual([digestOf("b:1"), undefined]);
  });

  test("that cannot be pushed are named, with what Docker says", async () => {
    const refuses = (answer: Partial<Finished>): Promise<void> =>
      publisherWith(new FakeDocker(() => answer)).publish(["a:1"]);
    await expect(refuses({ code: 1, stderr: "denied: denied\n" })).rejects.toThrow("docker push a:1: denied: denied");
    await expect(refuses({ stdout: "Pushed" })).rejects.toThrow("docker push a:1: no digest");
  });
});
