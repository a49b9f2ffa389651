import { describe, expect, test } from "@jest/globals";
import { configurationOf } from "../../review/configuration";
import { factChanges, type Facts, factsOf, summarized } from "../../review/facts";
import { type Folder, DOCKER_STACK, DOCKER_VARIANTS, STACK, VARIANTS } from "../support/pairs";

const textOf = (content: unknown): string => (typeof content === "string" ? content : JSON.stringify(content));
const facts = (folder: Folder): Facts =>
  factsOf(
    configurationOf({
      files: new Map(
        Object.entries(folder)
          .filter(([path, content]) => content !== undefined && /\.tf(\.json)?$/.test(path))
          .map(([path, content]) => [path.replace(/^part\//, "module part/"), textOf(content)]),
      ),
      providers: {},
    }),
    String,
  );

const BEFORE = facts({ "cdk.tf.json": STACK });
const DOCKER_BEFORE = facts({ "cdk.tf.json": DOCKER_STACK });

const changesOf = (kind: string): ReturnType<typeof factChanges> => {
  const folder = VARIANTS[kind] ?? DOCKER_VARIANTS[kind]!;
  return factChanges(kind.startsWith("docker") ? DOCKER_BEFORE : BEFORE, facts(folder));
};

/** What a plan shows: attributes of resources, and the resources themselves. */
const IN_THE_PLAN =
  // A secret's value is in no text; that it is another one is in the fingerprint.
  /^(value|variable: a secret's value|count|for_each|removed: destroyed|moved: to another name|data|beside: values|beside: HCL with a resource|terraform: another place)|^docker: (must_run|memory|user|read_only|no command)|itself$/;

describe("each kind of difference that no plan shows", () => {
  test.each([...Object.keys(VARIANTS), ...Object.keys(DOCKER_VARIANTS)].filter((kind) => !IN_THE_PLAN.test(kind)))(
    "%s is said",
    (kind) => {
      const changes = changesOf(kind);
      expect(changes.length).toBeGreaterThan(0);
      for (const { text } of changes) expect(text).not.toMatch(/undefined|\[object/);
    },
  );

  test("is said with what it means, and how bad it is", () => {
    const said = (kind: string): string[] => changesOf(kind).map(({ mood, text }) => `${mood}: ${text}`);
    expect(said("lifecycle: prevent_destroy gone")).toEqual([
      "danger: prevent_destroy of terraform_data.kept is gone: Terraform may destroy it",
    ]);
    expect(said("provisioner: command")).toEqual([
      "danger: a provisioner of terraform_data.new, which runs outside of every container (1 local-exec command), is another one: echo one → echo two",
    ]);
    expect(said("docker: another engine")).toEqual([
      "danger: the docker provider now speaks to tcp://127.0.0.1:10, before to tcp://127.0.0.1:9",
    ]);
    expect(said("variable: marked")).toEqual(["care: the variable quiet is a secret now"]);
    expect(said("lifecycle: ignore_changes all")).toEqual([
      "care: ignore_changes of terraform_data.kept is another one: triggers_replace → all",
    ]);
    expect(said("beside: an override of the lifecycle")[0]).toMatch(
      /^danger: the file x_override\.tf\.json beside the stack comes/,
    );
  });

  test("nothing is said of one and the same stack in other files", () => {
    const { resource, ...rest } = STACK;
    expect(factChanges(BEFORE, facts({ "b.tf.json": { resource }, "a.tf.json": rest }))).toEqual([]);
  });

  test("and has another summary, where there is nothing to compare it with", () => {
    const summary = JSON.stringify(summarized(BEFORE));
    for (const kind of Object.keys(VARIANTS).filter((each) => !IN_THE_PLAN.test(each))) {
      expect([kind, JSON.stringify(summarized(facts(VARIANTS[kind]!)))]).not.toEqual([kind, summary]);
    }
  });
});
