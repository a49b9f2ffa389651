/** Lists in pages, with the links between them in the `Link` header. */
import type { Answer } from "../simulator";
import type { Call } from "./router";

export interface PageOptions {
  /** @default 30 */
  readonly perPage?: number;
  /** @default 100 */
  readonly most?: number;
}

function numberOf(text: string | undefined, fallback: number): number {
  const number = Number(text);
  return Number.isInteger(number) && number > 0 ? number : fallback;
}

/**
 * One page of a list.
 *
 * @param wrap makes the body out of the page's items; some lists are an object with a `total_count` @default the items
 */
export function page<T>(
  call: Call,
  items: readonly T[],
  wrap: (items: readonly T[]) => unknown = (found) => found,
  { perPage: usual = 30, most = 100 }: PageOptions = {},
): Answer {
  const perPage = Math.min(numberOf(call.query.per_page, usual), most);
  const current = numberOf(call.query.page, 1);
  const last = Math.max(1, Math.ceil(items.length / perPage));
  const to = (number: number, rel: string): string => {
    const query = new URLSearchParams(Object.entries(call.query));
    query.set("page", String(number));
    return `<${call.url}?${query}>; rel="${rel}"`;
  };
  const links = [
    ...(current > 1 ? [to(Math.min(current - 1, last), "prev")] : []),
    ...(current < last ? [to(current + 1, "next"), to(last, "last")] : []),
    ...(current > 1 ? [to(1, "first")] : []),
  ];
  return {
    status: 200,
    body: wrap(items.slice((current - 1) * perPage, current * perPage)),
    ...(links.length > 0 && { headers: { link: links.join(", ") } }),
  };
}
