/**
 * Checks synthesized Terraform JSON against the providers' own schemas, offline: what `terraform validate` would say,
 * without downloading a provider, and stricter where Terraform would quietly convert or ignore a value.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseTemplate, parseTraversal, type Reference } from "./terraform-expressions";

export interface TerraformJson {
  readonly [key: string]: unknown;
}

type Names<T> = Readonly<Record<string, T>>;
export type TerraformType =
  | string
  | readonly ["list" | "set" | "map", TerraformType]
  | readonly ["object", Names<TerraformType>, (readonly string[])?]
  | readonly ["tuple", readonly TerraformType[]];
type NestingMode = "single" | "group" | "list" | "set" | "map";

interface Attribute {
  readonly type?: TerraformType;
  readonly nested_type?: { readonly attributes: Names<Attribute>; readonly nesting_mode: NestingMode };
  readonly required?: boolean;
  readonly optional?: boolean;
  readonly computed?: boolean;
  readonly sensitive?: boolean;
}
interface Block {
  readonly attributes?: Names<Attribute>;
  readonly block_types?: Names<NestedBlock>;
}
interface NestedBlock {
  readonly nesting_mode: NestingMode;
  readonly min_items?: number;
  readonly max_items?: number;
  readonly block: Block;
}
interface ProviderSchema {
  readonly provider: { readonly block: Block };
  readonly resource_schemas?: Names<{ readonly block: Block }>;
  readonly data_source_schemas?: Names<{ readonly block: Block }>;
}
/** Keyed by what `required_providers` says: "kreuzwerker/docker@4.5.0". */
export type ProviderSchemas = ReadonlyMap<string, ProviderSchema>;

/** Reads every `<name>@<version>.json`; the version comes from the name, as Terraform's own output has none. */
export function loadProviderSchemas(directory: string): ProviderSchemas {
  const files = readdirSync(directory).filter((file) => /@.+\.json$/.test(file));
  return new Map(
    files.flatMap((file) => {
      const version = file.slice(file.indexOf("@") + 1, -".json".length);
      const json = JSON.parse(readFileSync(join(directory, file), "utf8")) as {
        provider_schemas: Names<ProviderSchema>;
      };
      return Object.entries(json.provider_schemas).map(([source, schema]) => {
        return [`${shortSource(source)}@${version}`, schema] as const;
      });
    }),
  );
}

const shortSource = (source: string): string => source.replace(/^registry\.terraform\.io\//, "").toLowerCase();

// ---- Terraform's own blocks, written as schemas so that one function checks them and the providers' alike ----------

const STRINGS: TerraformType = ["list", "string"];
const ANY_MAP: TerraformType = ["map", "dynamic"];

const mapValues = <T, U>(names: Names<T> | undefined, change: (value: T) => U): Names<U> =>
  Object.fromEntries(Object.entries(names ?? {}).map(([name, value]) => [name, change(value)]));
const all = (names: string, type: TerraformType): Names<TerraformType> =>
  Object.fromEntries(names.split(" ").map((name) => [name, type]));

type Types = Names<TerraformType>;
const block = (required: Types, optional: Types = {}, blocks: Names<NestedBlock> = {}): Block => ({
  attributes: {
    ...mapValues(required, (type) => ({ type, required: true })),
    ...mapValues(optional, (type) => ({ type, optional: true })),
  },
  block_types: blocks,
});
const many = (inner: Block): NestedBlock => ({ nesting_mode: "list", block: inner });
const one = (inner: Block): NestedBlock => ({ nesting_mode: "list", max_items: 1, block: inner });
const merge = (first: Block, second: Block = {}): Block => ({
  attributes: { ...first.attributes, ...second.attributes },
  block_types: { ...first.block_types, ...second.block_types },
});

const CONDITION = many(block({ condition: "bool", error_message: "string" }));
const CONDITIONS = { precondition: CONDITION, postcondition: CONDITION };
const CONNECTION = one(
  block(all("host", "string"), {
    ...all("type user password timeout script_path private_key certificate agent_identity host_key", "string"),
    ...all("target_platform cacert proxy_scheme proxy_host proxy_user_name proxy_user_password", "string"),
    ...all("bastion_host bastion_host_key bastion_user bastion_password bastion_private_key", "string"),
    ...all("bastion_certificate", "string"),
    ...all("port bastion_port proxy_port", "number"),
    ...all("agent https insecure use_ntlm", "bool"),
  }),
);
const provisioner = (required: Types, optional: Types): NestedBlock =>
  many(block(required, { ...optional, when: "string", on_failure: "string" }, { connection: CONNECTION }));
const PROVISIONERS: Names<NestedBlock> = {
  "local-exec": provisioner(
    { command: "string" },
    { working_dir: "string", interpreter: STRINGS, environment: ["map", "string"], quiet: "bool" },
  ),
  "remote-exec": provisioner({}, { inline: STRINGS, script: "string", scripts: STRINGS }),
  file: provisioner({ destination: "string" }, { source: "string", content: "string" }),
};
const LIFECYCLE = block(
  {},
  { ...all("create_before_destroy prevent_destroy", "bool"), ignore_changes: "dynamic", replace_triggered_by: STRINGS },
  CONDITIONS,
);
const META_ARGUMENTS: Types = { count: "number", for_each: "dynamic", provider: "string", depends_on: STRINGS };
/** What Terraform allows in a block on top of what the provider's schema says. */
const META: Names<Block> = {
  provider: block({}, { alias: "string" }),
  data: block({}, META_ARGUMENTS, { lifecycle: one(block({}, {}, CONDITIONS)) }),
  resource: block({}, META_ARGUMENTS, {
    lifecycle: one(LIFECYCLE),
    connection: CONNECTION,
    provisioner: many(block({}, {}, PROVISIONERS)),
  }),
};
const TERRAFORM_DATA: Block = {
  attributes: {
    ...block({}, all("input triggers_replace", "dynamic")).attributes,
    id: { type: "string", computed: true },
    output: { type: "dynamic", computed: true },
  },
};
const OUTPUT = block(
  { value: "dynamic" },
  { description: "string", sensitive: "bool", depends_on: STRINGS, ephemeral: "bool" },
  { precondition: CONDITION },
);
const REQUIRED_PROVIDERS: TerraformType = ["map", ["object", { source: "string", version: "string" }]];
const TERRAFORM = block({}, { required_version: "string", backend: ANY_MAP, required_providers: REQUIRED_PROVIDERS });
const FILE = block(
  {},
  {
    ...all("resource data", ["map", ANY_MAP]),
    ...all("provider variable output locals", ANY_MAP),
    terraform: "dynamic",
  },
);

/** A variable's type is an expression itself; beyond primitives and their collections its default goes unchecked. */
function variableBlock(body: unknown): Block {
  const type = isBody(body) && typeof body.type === "string" ? constraint(body.type) : "dynamic";
  const optional = { ...all("type description", "string"), ...all("sensitive nullable ephemeral", "bool") };
  return block({}, { ...optional, default: type }, { validation: CONDITION });
}

function constraint(text: string): TerraformType {
  const [, collection, inner] = /^(list|set|map)\((.*)\)$/.exec(text) ?? [];
  if (collection !== undefined) return [collection as "list" | "set" | "map", constraint(inner ?? "")];
  return ["string", "number", "bool"].includes(text) ? text : "dynamic";
}

// ---- Values ----------------------------------------------------------------------------------------------------------

type Body = Readonly<Record<string, unknown>>;

const isBody = (value: unknown): value is Body => typeof value === "object" && value !== null && !Array.isArray(value);
const isAbsent = (value: unknown): value is null | undefined => value === null || value === undefined;
const isExpression = (value: unknown): boolean =>
  typeof value === "string" && parseTemplate(value).kind === "expression";
const own = <T>(names: Names<T> | undefined, name: string): T | undefined =>
  names && Object.hasOwn(names, name) ? names[name] : undefined;
const unless = (fine: boolean, sentence: string): string[] => (fine ? [] : [sentence]);
/** "//" is how Terraform JSON spells a comment. */
const entries = (value: unknown): (readonly [string, unknown])[] =>
  isBody(value) ? Object.entries(value).filter(([key]) => key !== "//") : [];

function mustBe(at: string, value: unknown, what: string): string {
  const text = JSON.stringify(value) ?? String(value);
  return `${at}: is ${text.length > 80 ? `${text.slice(0, 77)}...` : text}, but must be ${what}`;
}

function checkValue(value: unknown, type: TerraformType, at: string): string[] {
  if (type === "dynamic" || isExpression(value)) return [];
  if (typeof type === "string") {
    return typeof value === (type === "bool" ? "boolean" : type) ? [] : [mustBe(at, value, `a ${type}`)];
  }
  switch (type[0]) {
    case "map":
      if (!isBody(value)) return [mustBe(at, value, "a map")];
      return Object.entries(value).flatMap(([key, item]) => {
        return isAbsent(item) ? [] : checkValue(item, type[1], `${at}[${JSON.stringify(key)}]`);
      });
    case "object": {
      const optional = type[2] ?? [];
      const attributes = Object.entries(type[1]).map(([name, inner]): [string, Attribute] => {
        return [name, { type: inner, required: !optional.includes(name) }];
      });
      return checkBody(value, { attributes: Object.fromEntries(attributes) }, at, "an object");
    }
    case "tuple":
      if (!Array.isArray(value) || value.length !== type[1].length) {
        return [mustBe(at, value, `a tuple of ${type[1].length}`)];
      }
      return type[1].flatMap((inner, index) => checkValue(value[index], inner, `${at}[${index}]`));
    default:
      if (!Array.isArray(value)) return [mustBe(at, value, `a ${type[0]}`)];
      return value.flatMap((item, index) => checkValue(item, type[1], `${at}[${index}]`));
  }
}

function checkAttribute(value: unknown, attribute: Attribute, at: string): string[] {
  const { type = "dynamic", nested_type: nested, computed = false, optional = false, required = false } = attribute;
  if (isAbsent(value)) return [];
  if (computed && !optional && !required) return [`${at}: is computed by the provider, so it cannot be set`];
  if (!nested) return checkValue(value, type, at);
  if (isExpression(value)) return [];
  const mode = nested.nesting_mode;
  if (mode === "map" ? !isBody(value) : (mode === "list" || mode === "set") !== Array.isArray(value)) {
    return [mustBe(at, value, mode === "single" ? "an object" : `a ${mode} of objects`)];
  }
  return bodiesOf(value, mode, at).flatMap(([place, body]) => {
    return isExpression(body) ? [] : checkBody(body, { attributes: nested.attributes }, place, "an object");
  });
}

/** The bodies behind one block name: Terraform JSON takes an object, an array of them, or labels (mode "map"). */
function bodiesOf(value: unknown, mode: NestingMode, at: string): (readonly [string, unknown])[] {
  if (isAbsent(value)) return [];
  if (mode === "map" && isBody(value)) {
    return entries(value).map(([label, body]) => [`${at}[${JSON.stringify(label)}]`, body]);
  }
  return Array.isArray(value) ? value.map((body, index) => [`${at}[${index}]`, body]) : [[at, value]];
}

function checkBody(body: unknown, schema: Block, at: string, what = "a block"): string[] {
  if (!isBody(body)) return [mustBe(at, body, what)];
  const path = (name: string): string => (at === "" ? name : `${at}.${name}`);
  const generated = own(schema.attributes, "dynamic") ? [] : dynamicBlocks(body, at);
  const members = entries(body).flatMap(([name, value]) => {
    const attribute = own(schema.attributes, name);
    const nested = own(schema.block_types, name);
    if (attribute) return checkAttribute(value, attribute, path(name));
    if (nested) {
      return bodiesOf(value, nested.nesting_mode, path(name)).flatMap(([place, inner]) => {
        return checkBody(inner, nested.block, place);
      });
    }
    return name === "dynamic" && generated.length > 0 ? [] : [`${path(name)}: is not in the schema`];
  });
  const missing = Object.entries(schema.attributes ?? {}).flatMap(([name, { required }]) => {
    return required && isAbsent(own(body, name)) ? [`${path(name)}: is required, but missing`] : [];
  });
  const counts = Object.entries(schema.block_types ?? {}).flatMap(([name, nested]) => {
    const single = nested.nesting_mode === "single" || nested.nesting_mode === "group";
    const { min_items: min = 0, max_items: max = single ? 1 : 0 } = nested;
    const count = bodiesOf(own(body, name), nested.nesting_mode, name).length;
    const atLeast = generated.some((dynamic) => dynamic.name === name) ? 0 : min;
    if (count < atLeast) return [`${path(name)}: occurs ${count} times, but must occur at least ${min} times`];
    return max > 0 && count > max ? [`${path(name)}: occurs ${count} times, but may occur at most ${max} times`] : [];
  });
  return [...members, ...generated.flatMap((dynamic) => checkDynamic(dynamic, schema)), ...missing, ...counts];
}

interface DynamicBlock {
  readonly name: string;
  readonly at: string;
  readonly spec: unknown;
}

function dynamicBlocks(body: Body, at: string): DynamicBlock[] {
  return bodiesOf(body.dynamic, "list", `${at}.dynamic`).flatMap(([place, named]) => {
    return entries(named).flatMap(([name, value]) => {
      return bodiesOf(value, "list", `${place}.${name}`).map(([where, spec]) => ({ name, at: where, spec }));
    });
  });
}

function checkDynamic({ name, at, spec }: DynamicBlock, schema: Block): string[] {
  const nested = own(schema.block_types, name);
  if (!nested) return [`${at}: is not a block of the schema`];
  const content: NestedBlock = { nesting_mode: "single", min_items: 1, block: nested.block };
  return checkBody(spec, block({ for_each: "dynamic" }, { iterator: "string", labels: STRINGS }, { content }), at);
}

// ---- The configuration as a graph of items ---------------------------------------------------------------------------

type Kind = "resource" | "data" | "provider" | "var" | "local" | "output";

interface Item {
  readonly kind: Kind;
  readonly address: string;
  readonly body: unknown;
  /** What the body must look like apart from meta arguments; undefined for locals and where a problem says why. */
  readonly schema?: Block | undefined;
  readonly problem?: string | undefined;
  /** The provider configuration that a resource or data source is managed through. */
  readonly provider?: string;
}
type Items = ReadonlyMap<string, Item>;
type Providers = ReadonlyMap<string, ProviderSchema | string>;

/** The schema behind each local provider name, or the sentence that says why there is none. */
function requiredProviders(json: TerraformJson, schemas: ProviderSchemas): Providers {
  const declared = bodiesOf(json.terraform, "list", "").flatMap(([, body]) => {
    return isBody(body) ? entries(body.required_providers) : [];
  });
  return new Map(
    declared.map(([name, body]) => {
      const { source, version } = isBody(body) ? body : {};
      const at = `terraform.required_providers.${name}`;
      const prefix = `${shortSource(String(source))}@`;
      const known = [...schemas.keys()].filter((key) => key.startsWith(prefix));
      if (known.length === 0) return [name, mustBe(`${at}.source`, source, "a provider with a schema file")];
      const versions = known.map((key) => JSON.stringify(key.slice(prefix.length))).join(" or ");
      return [name, schemas.get(`${prefix}${String(version)}`) ?? mustBe(`${at}.version`, version, versions)];
    }),
  );
}

function managedItem(kind: "resource" | "data", type: string, name: string, body: unknown, providers: Providers): Item {
  const address = kind === "data" ? `data.${type}.${name}` : `${type}.${name}`;
  const item = { kind, address, body };
  if (kind === "resource" && type === "terraform_data") return { ...item, schema: TERRAFORM_DATA };
  const given = isBody(body) && typeof body.provider === "string" ? parseTraversal(body.provider)?.path : undefined;
  const path = given ?? [type.replace(/_.*/s, "")];
  const provider = providers.get(path[0] ?? "");
  const managed = { ...item, provider: `provider.${path.join(".")}` };
  if (typeof provider === "string") return managed;
  if (!provider) return { ...managed, problem: `${address}: needs ${path[0]}, which is not in required_providers` };
  const schema = own(kind === "data" ? provider.data_source_schemas : provider.resource_schemas, type)?.block;
  return schema ? { ...managed, schema } : { ...managed, problem: `${address}: ${path[0]} has no ${kind} ${type}` };
}

function providerItem(name: string, body: unknown, providers: Providers): Item {
  const alias = isBody(body) && !isAbsent(body.alias) ? `.${String(body.alias)}` : "";
  const address = `provider.${name}${alias}`;
  const provider = providers.get(name);
  const problem = provider === undefined ? `${address}: is not in required_providers` : undefined;
  return {
    kind: "provider",
    address,
    body,
    problem,
    schema: typeof provider === "object" ? provider.provider.block : undefined,
  };
}

function itemsOf(json: TerraformJson, providers: Providers): Item[] {
  const managed = (kind: "resource" | "data"): Item[] =>
    entries(json[kind]).flatMap(([type, named]) => {
      return entries(named).map(([name, body]) => managedItem(kind, type, name, body, providers));
    });
  const simple = (section: string, kind: Kind, schema: (body: unknown) => Block | undefined): Item[] =>
    entries(json[section]).map(([name, body]) => ({ kind, address: `${kind}.${name}`, body, schema: schema(body) }));
  return [
    ...simple("variable", "var", variableBlock),
    ...simple("locals", "local", () => undefined),
    ...entries(json.provider).flatMap(([name, value]) => {
      return bodiesOf(value, "list", name).map(([, body]) => providerItem(name, body, providers));
    }),
    ...managed("data"),
    ...managed("resource"),
    ...simple("output", "output", () => OUTPUT),
  ];
}

// ---- References ------------------------------------------------------------------------------------------------------

/** What a string holds: a reference, or else the reason why it cannot be read. */
interface Finding {
  readonly at: string;
  readonly reference?: Reference;
  readonly problem?: string;
}

/** Finds every reference in a value; the content of a dynamic block may also name its iterator. */
function scan(value: unknown, at: string, scope: readonly string[] = []): Finding[] {
  if (typeof value === "string") {
    const { references, problem } = parseTemplate(value, scope);
    return problem === undefined ? references.map((reference) => ({ at, reference })) : [{ at, problem }];
  }
  if (Array.isArray(value)) return value.flatMap((item, index) => scan(item, `${at}[${index}]`, scope));
  if (!isBody(value)) return [];
  const generated = dynamicBlocks(value, at).filter(({ spec }) => isBody(spec) && "content" in spec);
  const dynamics = generated.flatMap(({ name, at: place, spec }) => {
    const { iterator, for_each: list, ...rest } = spec as Body;
    const inner = typeof iterator === "string" ? iterator : name;
    return [...scan(list, `${place}.for_each`, scope), ...scan(rest, place, [...scope, inner])];
  });
  const members = entries(value).filter(([name]) => name !== "dynamic" || generated.length === 0);
  return [
    ...members.flatMap(([name, item]) => [...scan(name, at, scope), ...scan(item, `${at}.${name}`, scope)]),
    ...dynamics,
  ];
}

/** Reads the arguments that hold bare addresses, such as depends_on. */
function scanAddresses(value: unknown, at: string): Finding[] {
  return (Array.isArray(value) ? value : []).map((entry: unknown, index) => {
    // Terraform 1.11 refuses an expression here ("${…}"), although cdktf writes one when it is given a resource.
    const reference = typeof entry === "string" && !entry.includes("${") ? parseTraversal(entry) : undefined;
    return reference ? { at: `${at}[${index}]`, reference } : { at: `${at}[${index}]`, problem: "is not an address" };
  });
}

const lifecyclesOf = ({ body, address }: Item): (readonly [string, Body])[] =>
  bodiesOf(isBody(body) ? body.lifecycle : undefined, "list", `${address}.lifecycle`).flatMap(([at, value]) => {
    return isBody(value) ? [[at, value] as const] : [];
  });

/** Only a variable's validations are evaluated, and `provider` is an address in a name space of its own. */
function findingsOf(item: Item): Finding[] {
  const { kind, address, body } = item;
  if (!isBody(body) || kind === "local" || kind === "provider") return scan(body, address);
  if (kind === "var") return scan(body.validation, `${address}.validation`);
  const { provider: _address, ...rest } = body;
  return [
    ...scan(rest, address),
    ...scanAddresses(body.depends_on, `${address}.depends_on`),
    ...lifecyclesOf(item).flatMap(([at, lifecycle]) => {
      return scanAddresses(lifecycle.replace_triggered_by, `${at}.replace_triggered_by`);
    }),
  ];
}

interface Target {
  readonly address?: string;
  readonly sensitive?: boolean | undefined;
  readonly problem?: string | undefined;
}

function resolve({ path, text }: Reference, items: Items): Target {
  const steps = path[0] === "resource" ? path.slice(1) : path;
  const length = steps[0] === "data" ? 3 : 2;
  const address = steps.slice(0, length).join(".");
  const item = items.get(address);
  if (steps[0] === "module") return { problem: `refers to ${text}, but modules are not expected` };
  if (steps.length < length) return { problem: `refers to ${text}, which is neither a resource nor a value` };
  if (!item || item.kind === "provider" || item.kind === "output") {
    return { problem: `refers to ${text}, but ${address} does not exist` };
  }
  if (item.kind === "local") return { address };
  if (item.kind === "var") return { address, sensitive: isBody(item.body) && item.body.sensitive === true };
  return { address, ...resolveMember(item, steps.slice(length), text) };
}

/** Follows a reference below its resource: first to the instance (if there are many), then into attributes. */
function resolveMember({ address, body, schema }: Item, steps: readonly string[], text: string): Target {
  const repeated = isBody(body) && !(isAbsent(body.count) && isAbsent(body.for_each));
  const indexed = isIndex(steps[0]);
  const [name, ...rest] = indexed ? steps.slice(1) : steps;
  if (steps.length > 0 && repeated && !indexed) return { problem: `refers to ${text}, but ${address} has instances` };
  if (!repeated && steps[0] === "[]") return { problem: `refers to ${text}, but ${address} has no instances` };
  if (name === undefined || !schema) return {};
  const member = memberOf(schema, name);
  if (!member) return { problem: `refers to ${text}, but ${address} has no attribute ${name}` };
  return { sensitive: own(schema.attributes, name)?.sensitive, problem: walk(member, rest, text) };
}

const isIndex = (step: string | undefined): boolean => step === "[]" || step === "[*]";
const nest = (mode: NestingMode, inner: TerraformType): TerraformType =>
  mode === "single" || mode === "group" ? inner : [mode, inner];
const attributeType = ({ type, nested_type: nested }: Attribute): TerraformType =>
  nested ? nest(nested.nesting_mode, ["object", mapValues(nested.attributes, attributeType)]) : (type ?? "dynamic");
const blockType = ({ nesting_mode: mode, block: { attributes, block_types: blocks } }: NestedBlock): TerraformType =>
  nest(mode, ["object", { ...mapValues(attributes, attributeType), ...mapValues(blocks, blockType) }]);

function memberOf(schema: Block, name: string): TerraformType | undefined {
  const [attribute, nested] = [own(schema.attributes, name), own(schema.block_types, name)];
  return attribute ? attributeType(attribute) : nested && blockType(nested);
}

/** Says what is wrong with the steps that follow an attribute of this type, if anything is. */
function walk(type: TerraformType, [step, ...rest]: readonly string[], text: string): string | undefined {
  if (step === undefined || type === "dynamic") return undefined;
  const wrong = `refers to ${text}, but there is no ${step} in a ${typeof type === "string" ? type : type[0]}`;
  if (typeof type === "string") return wrong;
  if (type[0] === "map") return walk(type[1], rest, text);
  if (type[0] === "tuple") return isIndex(step) ? undefined : wrong;
  if (type[0] !== "object") {
    return isIndex(step) && (type[0] === "list" || step === "[*]") ? walk(type[1], rest, text) : wrong;
  }
  const member = own(type[1], step);
  return isIndex(step) ? undefined : member === undefined ? wrong : walk(member, rest, text);
}

// ---- Checks ----------------------------------------------------------------------------------------------------------

/** What a schema cannot say about a resource's meta arguments. */
function checkMeta(item: Item, items: Items): string[] {
  const { kind, address, body, schema, provider } = item;
  if ((kind !== "resource" && kind !== "data") || !isBody(body)) return [];
  const { count, for_each: each } = body;
  const implied = provider?.split(".").length === 2 && ![...items.keys()].some((key) => key.startsWith(`${provider}.`));
  return [
    ...unless(parseTraversal(address)?.path.length === address.split(".").length, `${address}: is not a valid name`),
    ...unless(isAbsent(count) || isAbsent(each), `${address}: has both count and for_each`),
    ...unless(isAbsent(each) || isBody(each) || isExpression(each), mustBe(`${address}.for_each`, each, "a map")),
    ...unless(
      provider === undefined || items.has(provider) || implied,
      `${address}: uses ${provider}, which is not configured`,
    ),
    ...lifecyclesOf(item).flatMap(([at, lifecycle]) => (schema ? checkLifecycle(lifecycle, schema, at) : [])),
    ...bodiesOf(body.provisioner, "list", `${address}.provisioner`).flatMap(([at, named]) => {
      const bodies = entries(named).flatMap(([type, value]) => bodiesOf(value, "list", `${at}.${type}`));
      return bodies.flatMap(([place, inner]) => (isBody(inner) ? checkProvisioner(inner, place) : []));
    }),
  ];
}

function checkLifecycle(lifecycle: Body, schema: Block, at: string): string[] {
  const { ignore_changes: ignored, replace_triggered_by: triggers } = lifecycle;
  const rootOf = (entry: unknown): string => (typeof entry === "string" ? (parseTraversal(entry)?.path[0] ?? "") : "");
  const each = (list: unknown, place: string, isFine: (root: string) => boolean, what: string): string[] =>
    (Array.isArray(list) ? list : []).flatMap((entry: unknown, index) => {
      return unless(isFine(rootOf(entry)), mustBe(`${place}[${index}]`, entry, what));
    });
  const isMember = (root: string): boolean => memberOf(schema, root) !== undefined;
  const isResource = (root: string): boolean => !["var", "local", "data"].includes(root);
  const known = isAbsent(ignored) || Array.isArray(ignored) || ignored === "all";
  return [
    ...unless(known, mustBe(`${at}.ignore_changes`, ignored, 'a list of attributes or "all"')),
    ...each(ignored, `${at}.ignore_changes`, isMember, "an attribute of the resource"),
    ...each(triggers, `${at}.replace_triggered_by`, isResource, "a resource"),
  ];
}

/** When a resource is destroyed nothing else can be evaluated any more, so Terraform allows only `self` there. */
function checkProvisioner(body: Body, at: string): string[] {
  const { when = "create", on_failure: reaction = "fail" } = body;
  const others = when === "destroy" ? scan(body, at).flatMap(({ reference }) => reference?.text ?? []) : [];
  return [
    ...unless(when === "create" || when === "destroy", mustBe(`${at}.when`, when, '"create" or "destroy"')),
    ...unless(
      reaction === "continue" || reaction === "fail",
      mustBe(`${at}.on_failure`, reaction, '"continue" or "fail"'),
    ),
    ...others.map((text) => `${at}: refers to ${text}, but a destroy provisioner may refer only to self`),
  ];
}

/** The `terraform` block and variable defaults are read before anything can be evaluated. */
function checkConstants(json: TerraformJson): string[] {
  const variables = entries(json.variable).flatMap(([name, body]) => {
    return scan(isBody(body) ? body.default : null, `var.${name}.default`);
  });
  return [...scan(json.terraform, "terraform"), ...variables].map(({ at, reference, problem }) => {
    return `${at}: ${problem ?? `refers to ${reference?.text}, but must be constant`}`;
  });
}

/** Terraform refuses to print what is sensitive, unless the output says that it is. */
function needsSensitive({ kind, body }: Item): boolean {
  if (kind !== "output" || !isBody(body) || body.sensitive === true) return false;
  return !JSON.stringify(body.value ?? null).includes("nonsensitive(");
}

/** Finds one cycle by depth-first search and returns its path, with the first address repeated at the end. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const done = new Set<string>();
  const visitAll = (addresses: Iterable<string>, trail: readonly string[]): readonly string[] | undefined => {
    for (const address of addresses) {
      const start = trail.indexOf(address);
      if (start >= 0) return [...trail.slice(start), address];
      const cycle = done.has(address) ? undefined : visitAll(graph.get(address) ?? [], [...trail, address]);
      if (cycle) return cycle;
      done.add(address);
    }
    return undefined;
  };
  return visitAll(graph.keys(), []);
}

function checkGraph(edges: readonly (readonly [string, readonly string[]])[]): string[] {
  const used = new Set(edges.flatMap(([from, targets]) => targets.filter((target) => target !== from)));
  const cycle = findCycle(new Map(edges));
  return [
    ...edges.flatMap(([address]) => {
      return unless(
        !/^(var|local)\./.test(address) || used.has(address),
        `${address}: is declared but nothing uses it`,
      );
    }),
    ...(cycle ? [`${cycle[0]}: depends on itself: ${cycle.join(" -> ")}`] : []),
  ];
}

/** Every problem of a synthesized configuration as a sentence that starts with where it is; empty means none. */
export function checkTerraform(json: TerraformJson, schemas: ProviderSchemas): string[] {
  const providers = requiredProviders(json, schemas);
  const list = itemsOf(json, providers);
  const items: Items = new Map(list.map((item) => [item.address, item]));
  const found = list.map((item) => {
    const targets = findingsOf(item).map((finding) => {
      return { ...finding, ...(finding.reference && resolve(finding.reference, items)) };
    });
    return { item, targets };
  });
  const edges = found.map(({ item: { address, kind, provider }, targets }): [string, string[]] => {
    const references = targets.flatMap((target) => target.address ?? []);
    // A variable's validation names the variable itself; that is neither a cycle nor a use.
    const others = references.filter((target) => kind !== "var" || target !== address);
    return [address, provider === undefined ? others : [...others, provider]];
  });
  const problems = [
    ...checkBody(json, FILE, ""),
    ...bodiesOf(json.terraform, "list", "terraform").flatMap(([at, body]) => checkBody(body, TERRAFORM, at)),
    ...[...providers.values()].filter((provider) => typeof provider === "string"),
    ...checkConstants(json),
    ...found.flatMap(({ item, targets }) => [
      ...unless(items.get(item.address) === item, `${item.address}: is declared twice`),
      ...(item.problem === undefined ? [] : [item.problem]),
      ...(item.schema ? checkBody(item.body, merge(item.schema, META[item.kind]), item.address) : []),
      ...checkMeta(item, items),
      ...targets.flatMap(({ at, problem }) => (problem === undefined ? [] : [`${at}: ${problem}`])),
      ...targets.flatMap(({ at, reference, sensitive = false }) => {
        const exposed = sensitive && at.startsWith(`${item.address}.value`) && needsSensitive(item);
        return unless(!exposed, `${at}: refers to ${reference?.text}, which is sensitive, so the output must be too`);
      }),
    ]),
    ...checkGraph(edges),
  ];
  return [...new Set(problems)];
}
