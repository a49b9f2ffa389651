/** Lists: filters, sorting, pages. And what each kind of resource has in common: a list, one by its id, its actions. */
import { type Answer } from "../simulator";
import { type Action, actionJson } from "./actions";
import { gone, invalidInput, notFound } from "./errors";
import { type Labels, parseSelector } from "./labels";
import { type Call, ok, type Routes } from "./routes";
import { type Cloud, find } from "./state";
import { type Kind } from "./kind";

type Value = string | number | undefined;

export interface ListOptions<Item> {
  /** The key of the answer: "servers". */
  readonly key: string;
  readonly items: Iterable<Item>;
  readonly json: (item: Item) => unknown;
  /** Fields that a client may sort by. */
  readonly sort: Readonly<Record<string, (item: Item) => Value>>;
  /** Query parameters that select by one value each; given several times, any of them fits. */
  readonly filters?: Readonly<Record<string, (item: Item) => Value>>;
  /** Where "label_selector" is known. */
  readonly labels?: (item: Item) => Labels;
}

/** One page of a list as the query wants it. */
export function list<Item>(call: Call, options: ListOptions<Item>): Answer {
  let items = [...options.items];
  for (const [name, value] of Object.entries(options.filters ?? {})) {
    const wanted = call.query.getAll(name);
    if (wanted.length > 0) items = items.filter((item) => wanted.includes(String(value(item))));
  }
  const selector = call.query.get("label_selector");
  if (selector !== null && options.labels) {
    const { labels } = options;
    const selects = parseSelector(selector);
    items = items.filter((item) => selects(labels(item)));
  }
  return page(call, options.key, sorted(items, call.query.getAll("sort"), options.sort), options.json);
}

function sorted<Item>(items: Item[], by: readonly string[], fields: ListOptions<Item>["sort"]): Item[] {
  const orders = by.map((entry) => {
    const [field = "", direction = "asc"] = entry.split(":");
    const value = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (!value || !["asc", "desc"].includes(direction)) throw invalidInput({ sort: [`cannot be ${entry}`] });
    return { value, sign: direction === "asc" ? 1 : -1 };
  });
  return items.sort((a, b) => {
    for (const { value, sign } of orders) {
      const order = compare(value(a), value(b));
      if (order !== 0) return sign * order;
    }
    return 0;
  });
}

function compare(a: Value, b: Value): number {
  if (a === b) return 0;
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  return a < b ? -1 : 1;
}

function page<Item>(call: Call, key: string, items: readonly Item[], json: (item: Item) => unknown): Answer {
  const page = numberIn(call, "page", 1, Number.MAX_SAFE_INTEGER);
  const perPage = numberIn(call, "per_page", 25, 50);
  const last = Math.max(1, Math.ceil(items.length / perPage));
  const previous = page > 1 ? Math.min(page - 1, last) : null;
  const next = page < last ? page + 1 : null;
  const link = ([rel, number]: readonly [string, number | null]): string[] => {
    if (number === null) return [];
    const query = new URLSearchParams(call.query);
    query.set("page", String(number));
    query.set("per_page", String(perPage));
    return [`<${call.url}?${query}>; rel="${rel}"`];
  };
  return {
    status: 200,
    headers: {
      Link: (
        [
          ["prev", previous],
          ["next", next],
          ["last", last],
        ] as const
      )
        .flatMap(link)
        .join(", "),
    },
    body: {
      [key]: items.slice((page - 1) * perPage, page * perPage).map(json),
      meta: {
        pagination: {
          page,
          per_page: perPage,
          previous_page: previous,
          next_page: next,
          last_page: last,
          total_entries: items.length,
        },
      },
    },
  };
}

function numberIn(call: Call, name: string, fallback: number, max: number): number {
  const given = call.query.get(name);
  if (given === null || given === "") return fallback;
  const value = Number(given);
  if (!Number.isInteger(value) || value < 1) throw invalidInput({ [name]: ["must be a number from 1"] });
  if (value > max) throw invalidInput({ [name]: [`must be at most ${max}`] });
  return value;
}

const ACTION_SORT = {
  id: (action: Action) => action.id,
  command: (action: Action) => action.command,
  status: (action: Action) => action.status,
  started: (action: Action) => action.started.getTime(),
  finished: (action: Action) => action.finished?.getTime(),
};
const ACTION_FILTERS = { id: (action: Action) => action.id, status: (action: Action) => action.status };

const listActions = (call: Call, items: Iterable<Action>): Answer =>
  list(call, { key: "actions", items, json: actionJson, sort: ACTION_SORT, filters: ACTION_FILTERS });

export interface KindRoutes<Item> extends Omit<ListOptions<Item>, "key" | "items"> {
  readonly kind: Kind;
  readonly items: ReadonlyMap<number, Item>;
  /** Whether it has actions. @default true */
  readonly actions?: boolean;
  /** Whether its list is like all others. @default true */
  readonly list?: boolean;
}

/** The routes that read one kind of resource. */
export function readRoutes<Item>(routes: Routes, options: KindRoutes<Item>): void {
  const { kind, items, json } = options;
  const path = `/${kind}s`;
  if (options.list !== false) {
    routes.get(path, (call) => list(call, { ...options, key: `${kind}s`, items: items.values() }));
  }
  routes.get(`${path}/:id`, (call) => ok({ [kind]: json(find(items, kind, call.id)) }));
  if (options.actions === false) return;
  const { actions } = routes.cloud;
  const ofKind = (action: Action): boolean => action.resources.some((ref) => ref.type === kind);
  routes.get(`${path}/actions`, (call) => listActions(call, [...actions.all.values()].filter(ofKind)));
  routes.get(`${path}/actions/:id`, (call) => {
    const action = actions.all.get(call.id);
    if (!action || !ofKind(action)) throw notFound("action", call.params.id ?? "");
    return ok({ action: actionJson(action) });
  });
  // What a deleted resource has been through can still be read.
  const actionsOf = (call: Call): Action[] => {
    const found = actions.of({ type: kind, id: call.id });
    if (found.length === 0) find(items, kind, call.id);
    return found;
  };
  routes.get(`${path}/:id/actions`, (call) => listActions(call, actionsOf(call)));
  routes.get(`${path}/:id/actions/:action`, (call) => {
    const action = actionsOf(call).find((entry) => String(entry.id) === call.params.action);
    if (!action) throw notFound("action", call.params.action ?? "");
    return ok({ action: actionJson(action) });
  });
}

/** `/actions`, over all kinds. */
export function actionRoutes(routes: Routes): void {
  const { actions }: Cloud = routes.cloud;
  routes.get("/actions", (call) => {
    if (!call.query.has("id")) {
      throw gone(
        "listing all actions was removed: give ids, as in ?id=1&id=2",
        "2025-01-30-listing-arbitrary-actions-in-the-actions-list-endpoint-is-removed",
      );
    }
    return listActions(call, actions.all.values());
  });
  routes.get("/actions/:id", (call) => {
    const action = actions.all.get(call.id);
    if (!action) throw notFound("action", call.params.id ?? "");
    return ok({ action: actionJson(action) });
  });
}
