/** Which image had a store's data, and which one is to get it: followed through a plan. */
import { afterAll, describe, expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Waiver } from "../../config/waivers";
import { PROVIDER_VERSIONS } from "../../constructs/provider-versions";
import { markdown } from "../../review/markdown";
import { parsePlan } from "../../review/plan-file";
import { checkPolicies, type PolicyResult } from "../../review/policies";
import { storeObstacles } from "../../review/stores";
import type { Plan, ResourceChange } from "../../terraform/plan";
import { childEnvironment } from "../../terraform/program";
import { goldenPlan, reviewOf } from "../support/golden-plans";
import { container, MANACORE, plan, PRODUCTION, resource, reviewed, type Values } from "../support/plan";
import { missingForReal, TERRAFORM } from "../support/real-terraform";

const STORE = "docker_container.postgres";
const IMAGE = "docker_image.postgres_image";
const VOLUME = resource("docker_volume.postgres_data", "stays", { name: "p-postgres" });
const DATA = "/var/lib/postgresql/data";

const store = (image: string | undefined, path = DATA, more: Values = {}): Values =>
  container({
    name: "p-postgres",
    ...(image === undefined ? {} : { image }),
    volumes: [{ volume_name: "p-postgres", container_path: path, host_path: "" }],
    ...more,
  });
/** As Terraform has it: the old image by its id, the new one only by what the stack refers to. */
function upgrade(from: string, to: string, others: readonly ResourceChange[] = [VOLUME], path = DATA): Plan {
  const all = [
    resource(STORE, "is replaced, old first", store("sha256:aa"), store(undefined, path)),
    resource(IMAGE, "is replaced, old first", { name: from, image_id: "sha256:aa" }, { name: to }),
    ...others,
  ];
  return referring(plan(all));
}
function referring(of: Plan, to = "${docker_image.postgres_image.image_id}"): Plan {
  const resources = of.configuration!.root_module!.resources!.map((each) =>
    each.address === STORE ? { ...each, expressions: { ...each.expressions, image: { constant_value: to } } } : each,
  );
  return { ...of, configuration: { root_module: { resources } } };
}
const found = (of: Plan): string[] => storeObstacles(of, MANACORE).map(({ store: name, what }) => `${name}: ${what}`);

describe("PostgreSQL from 16 to 18", () => {
  const of = upgrade("postgres:16-alpine", "postgres:18-alpine");
  const review = reviewed(of);
  const text = markdown(review, { redact: (each) => each });
  test("is a broken policy with the way out, under Data and in the verdict, and is not blessed", () => {
    expect(text).toMatch(/^### 🛑/);
    expect(text).toContain("broken: `readable-data`");
    expect(text).toContain("pg\\_dumpall");
    expect(text.split("**Data**")[1]).toContain("PostgreSQL 18 does not start on data of PostgreSQL 16");
    expect(review.verdict).toContain("PostgreSQL 18 does not start on data of PostgreSQL 16");
    expect(text).not.toMatch(/its volume stays|--reviewed/);
  });
  test("with the volume in the old place says that, too", () => {
    expect(found(of)[1]).toContain("keeps its data in /var/lib/postgresql/18/docker");
    expect(found(upgrade("postgres:16-alpine", "postgres:18-alpine", [VOLUME], "/var/lib/postgresql"))).toHaveLength(1);
  });
  test("is waived by its address like any other", () => {
    const waiver = {
      ...({ policy: "readable-data", environment: "production", address: STORE } as const),
      ...{ reason: "the data was brought over by hand", until: "2999-12-31" },
    };
    const check = (waivers: readonly Waiver[]): PolicyResult => {
      const context = { plan: of, platform: MANACORE, environment: PRODUCTION };
      return checkPolicies(context, { waivers, now: new Date() }).find(
        ({ policy }) => policy.name === "readable-data",
      )!;
    };
    expect(check([]).broken).toHaveLength(2);
    expect(check([waiver])).toMatchObject({ broken: [], waived: [{ address: STORE }, { address: STORE }] });
  });
});

describe("the image is found", () => {
  test("by the stack's text, by its id, by its digest and by its name", () => {
    const to = (image: string | undefined, of: Values = {}): string[] =>
      found(
        referring(
          plan([
            resource(STORE, "is replaced, old first", store("sha256:aa"), store(image)),
            resource(IMAGE, "changes", { name: "postgres:16", image_id: "sha256:aa" }, { name: "postgres:17", ...of }),
            VOLUME,
          ]),
        ),
      );
    const wrong = [expect.stringContaining("PostgreSQL 17 does not start on data of PostgreSQL 16")];
    expect(to(undefined)).toEqual(wrong);
    expect(to("sha256:bb", { image_id: "sha256:bb" })).toEqual(wrong);
    expect(to("postgres@sha256:cc", { repo_digest: "postgres@sha256:cc" })).toEqual(wrong);
    expect(to("postgres:17")).toEqual(wrong);
    expect(to("sha256:unknown")).toEqual([expect.stringContaining("nothing says which image it is to get")]);
  });
  test("of a container that was lost, and of one with another address before", () => {
    const image = resource(IMAGE, "changes", { name: "postgres:16", image_id: "sha256:aa" }, { name: "postgres:17" });
    const comes = resource(STORE, "comes", store(undefined));
    const lost = { resource_drift: [resource(STORE, "goes", store("sha256:aa"))] };
    expect(found(referring(plan([comes, image, VOLUME], lost)))).toHaveLength(1);
    const other = resource("docker_container.old", "goes", store("sha256:aa"));
    expect(found(referring(plan([comes, other, image, VOLUME])))).toHaveLength(1);
    expect(found(referring(plan([comes, image, VOLUME])))).toEqual([]);
  });
});

describe("nothing is said", () => {
  test("of the same image with other settings, though its tag says nothing", () => {
    const same = resource(
      STORE,
      "is replaced, old first",
      store("sha256:aa"),
      store("sha256:aa", DATA, { memory: 1024 }),
    );
    expect(found(plan([same, VOLUME, resource(IMAGE, "stays", { name: "postgres", image_id: "sha256:aa" })]))).toEqual(
      [],
    );
  });
  test.each(["comes", "is replaced, old first"] as const)("of a volume that %s: it is empty", (what) => {
    const volume = resource("docker_volume.postgres_data", what, { name: "p-postgres" });
    expect(found(upgrade("postgres:16-alpine", "postgres:17-alpine", [volume]))).toEqual([]);
  });
  test("of any plan of a rehearsal", () => {
    for (const name of ["first-deploy", "release", "drift", "destroy"]) {
      expect(storeObstacles(goldenPlan(name), MANACORE)).toEqual([]);
    }
  });
});

test("in a plan that the real Terraform made: 16 becomes 18", () => {
  const text = JSON.stringify(goldenPlan("release"));
  const of = JSON.parse(text) as Plan;
  for (const { address, change } of of.resource_changes) {
    if (address !== STORE && address !== IMAGE) continue;
    Object.assign(change, { actions: ["delete", "create"], after: { ...change.after } });
    if (address === IMAGE) Object.assign(change.after!, { name: "postgres:18-alpine", image_id: undefined });
    else Object.assign(change.after!, { image: undefined });
  }
  expect(reviewOf(of).verdict).toContain("PostgreSQL 18 does not start on data of PostgreSQL 16");
});

const missing = missingForReal("docker");
if (missing) process.stderr.write(`An upgrade was not planned by the real Docker provider: ${missing}.\n`);

(missing ? describe.skip : describe)("in plans of the real Terraform and Docker provider, which ask no engine", () => {
  const folders: string[] = [];
  afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));
  /** The plan of a store from one image to another, of a state that has the old one. */
  function planned(from: string, to: string, path: string): Plan {
    const folder = mkdtempSync(join(tmpdir(), "twinset-stores-"));
    folders.push(folder);
    const source = "registry.terraform.io/kreuzwerker/docker";
    const volumes = [{ volume_name: "p-store", container_path: path }];
    const stack = {
      terraform: { required_providers: { docker: PROVIDER_VERSIONS.docker } },
      resource: {
        docker_volume: { store_data: { name: "p-store" } },
        docker_image: { store_image: { name: to } },
        docker_container: {
          store: {
            ...{ name: "p-store", image: "${docker_image.store_image.image_id}" },
            volumes: [{ ...volumes[0], volume_name: "${docker_volume.store_data.name}" }],
          },
        },
      },
    };
    const has = (type: string, name: string, version: number, attributes: object): object => ({
      ...{ mode: "managed", type, name, provider: `provider["${source}"]` },
      instances: [{ schema_version: version, attributes }],
    });
    const state = {
      ...{ version: 4, terraform_version: "1.11.0", serial: 1, lineage: "a", outputs: {} },
      resources: [
        has("docker_volume", "store_data", 1, { id: "p-store", name: "p-store", driver: "local" }),
        has("docker_image", "store_image", 0, { id: `sha256:aa${from}`, name: from, image_id: "sha256:aa" }),
        has("docker_container", "store", 2, { id: "cc", name: "p-store", image: "sha256:aa", volumes }),
      ],
    };
    writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify(stack));
    writeFileSync(join(folder, "terraform.tfstate"), JSON.stringify(state));
    const run = (...args: string[]): string => {
      const env = childEnvironment(process.env);
      const { status, stdout, stderr } = spawnSync(TERRAFORM.binary, args, { cwd: folder, env, encoding: "utf8" });
      if (status !== 0) throw new Error(stderr);
      return stdout;
    };
    run("init", "-input=false");
    run("plan", "-input=false", "-refresh=false", "-out=p");
    return parsePlan(run("show", "-json", "p"), "terraform show");
  }
  test.each([
    ["postgres:16-alpine", "postgres:18-alpine", DATA, 2],
    ["postgres:16-alpine", "postgres:16.9-alpine", DATA, 0],
    ["redis:7.4-alpine", "redis:7.2-alpine", "/data", 1],
    [
      "docker.elastic.co/elasticsearch/elasticsearch:8.11.0",
      "docker.elastic.co/elasticsearch/elasticsearch:9.1.0",
      "/d",
      1,
    ],
    ["quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z", "quay.io/minio/minio:latest", "/data", 1],
  ])("%s, then %s", (from, to, path, count) => {
    const of = planned(from, to, path);
    expect(found(of)).toHaveLength(count);
    const broken = reviewed(of).policies.find(({ policy }) => policy.name === "readable-data")!.broken;
    expect(broken.map(({ address }) => address)).toEqual(Array(count).fill("docker_container.store"));
  });
});

describe("PostgreSQL's place", () => {
  const at = (version: string, path: string, env: readonly string[] = []): string[] =>
    found(plan([resource(STORE, "comes", store(`postgres:${version}`, path, { env }))]));
  test.each([
    ["16", DATA],
    ["18", "/var/lib/postgresql"],
    ["18", "/var/lib/postgresql/18/docker"],
  ])("%s at %s is right", (version, path) => expect(at(version, path)).toEqual([]));
  test.each([
    ["18", DATA],
    ["19", DATA],
    ["16", "/var/lib/postgresql"],
    ["16", "/data"],
  ])("%s at %s is wrong, with no data yet, too", (version, path) => expect(at(version, path)).toHaveLength(1));
  test("says nothing of what is marked as sensitive", () => {
    const env = ["PGDATA=/hidden/place"];
    const of = resource(STORE, "comes", store("postgres:18"), store("postgres:18", DATA, { env }), {
      change: { before: null, after_sensitive: { env: [true] } },
    });
    expect(found(plan([of])).join()).toMatch(/the place that PGDATA says/);
    expect(found(plan([of])).join()).not.toContain("hidden");
    const image = resource(
      IMAGE,
      "changes",
      { name: "postgres:16", image_id: "sha256:aa" },
      { name: "postgres:secret" },
      {
        change: { after_sensitive: { name: true } },
      },
    );
    const changed = resource(STORE, "is replaced, old first", store("sha256:aa"), store(undefined));
    const said = found(referring(plan([changed, image, VOLUME])));
    expect(said).toEqual([expect.stringContaining("nothing says which image it is to get")]);
  });
  test("PGDATA says another one", () => {
    expect(at("18", DATA, [`PGDATA=${DATA}`])).toEqual([]);
    expect(at("16", "/data", ["PGDATA=/data/pg"])).toEqual([]);
    expect(at("16", DATA, ["PGDATA=/data/pg"])).toHaveLength(1);
  });
});
