/** What ListObjectsV2 answers. */

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  /** With its quotes. */
  readonly etag: string;
  readonly modified: Date;
}

const MOST = 1000;

/**
 * One page of a bucket's keys, in the order of their bytes. A delimiter folds all keys that have it after the prefix into
 * one common prefix, which counts as one entry.
 *
 * @returns XML, or undefined for a continuation token that is none
 */
export function listing(bucket: string, objects: readonly ListedObject[], query: URLSearchParams): string | undefined {
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const token = query.get("continuation-token");
  const after = token === null ? (query.get("start-after") ?? "") : decode(token);
  if (after === undefined) return undefined;
  const most = Math.min(MOST, Number(query.get("max-keys") ?? MOST));

  const entries = new Map<string, ListedObject | undefined>();
  for (const object of objects) {
    if (!object.key.startsWith(prefix)) continue;
    const end = delimiter === "" ? -1 : object.key.indexOf(delimiter, prefix.length);
    if (end < 0) entries.set(object.key, object);
    else entries.set(object.key.slice(0, end + delimiter.length), undefined);
  }
  const rest = [...entries].sort(([a], [b]) => byBytes(a, b)).filter(([name]) => byBytes(name, after) > 0);
  const page = rest.slice(0, most);
  const truncated = page.length < rest.length && page.length > 0;

  const url = query.get("encoding-type") === "url";
  const text = (value: string): string =>
    url ? encodeURIComponent(value).replaceAll("%2F", "/") : value.replace(/[&<>\r]/g, (c) => `&#${c.charCodeAt(0)};`);
  const tag = (name: string, value: string | number | boolean): string => `<${name}>${value}</${name}>`;
  const parts = [
    tag("Name", bucket),
    tag("Prefix", text(prefix)),
    ...(delimiter === "" ? [] : [tag("Delimiter", text(delimiter))]),
    ...(url ? [tag("EncodingType", "url")] : []),
    tag("MaxKeys", most),
    tag("KeyCount", page.length),
    tag("IsTruncated", truncated),
    ...(token === null ? [] : [tag("ContinuationToken", token)]),
    ...(truncated ? [tag("NextContinuationToken", encode(page.at(-1)![0]))] : []),
    ...page.map(([name, object]) =>
      object
        ? tag(
            "Contents",
            tag("Key", text(name)) +
              tag("Size", object.size) +
              tag("LastModified", object.modified.toISOString()) +
              tag("ETag", object.etag.replaceAll('"', "&quot;")) +
              tag("StorageClass", "STANDARD"),
          )
        : tag("CommonPrefixes", tag("Prefix", text(name))),
    ),
  ];
  return `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts.join("")}</ListBucketResult>`;
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

const encode = (name: string): string => Buffer.from(`after:${name}`).toString("base64url");

function decode(token: string): string | undefined {
  const text = Buffer.from(token, "base64url").toString();
  return text.startsWith("after:") ? text.slice("after:".length) : undefined;
}
