/** Smoke tests: the set without traffic is asked through the real edge, by its real names, with the smoke headers. */
import { setTimeout as sleep } from "node:timers/promises";
import { hostsOf } from "../model/platform";
import type { Colour } from "../model/release";
import { KEY_HEADER, SET_HEADER } from "../model/routing";
import type { Service } from "../model/service";
import { askEdge, type EdgeAddress, type EdgeAnswer, type EdgeRequest } from "../clients/edge";
import { productOf, type Site } from "./site";

export interface SmokeResult {
  /** "chat-backend: https://api-chat.manacore.app/api/health". */
  readonly request: string;
  readonly ok: boolean;
  /** "200 in 12 ms", or what is wrong. */
  readonly said: string;
}

/** A request that found no connection is tried so often, a second apart; an answer counts as it is. */
const ATTEMPTS = 3;

/** Asks every service of a product; none may answer from another set. */
export async function smoke(site: Site, product: string, colour: Colour): Promise<SmokeResult[]> {
  const edge = await site.edge();
  const key = site.credentials.smokeKey;
  const results: SmokeResult[] = [];
  for (const service of productOf(site, product).services) {
    const host = hostsOf(service, site.environment)[0];
    if (host === undefined) continue;
    for (const path of smokePaths(service)) {
      const request = `${service.name}: ${edge.tls ? "https" : "http"}://${host}${path}`;
      if (key === undefined) {
        results.push({ request, ok: false, said: "not asked: TF_VAR_smoke_key is not set" });
        continue;
      }
      const headers = { [SET_HEADER]: colour, [KEY_HEADER]: key };
      results.push({ request, ...(await judged(edge, { host, path, headers }, colour)) });
    }
  }
  if (results.length > 0) return results;
  return [{ request: product, ok: true, said: "has no host name in this environment: nobody asks it from outside" }];
}

export const smokePaths = ({ smoke: paths, health }: Service): readonly string[] =>
  paths ?? [health.kind === "http" ? health.path : "/"];

async function judged(edge: EdgeAddress, request: EdgeRequest, colour: Colour): Promise<{ ok: boolean; said: string }> {
  const begin = performance.now();
  try {
    const { status, headers } = await persistently(edge, request);
    const from = headers[SET_HEADER.toLowerCase()];
    if (from !== colour) {
      const whom = from === undefined ? "the set with the traffic, not" : `${String(from)}, not`;
      return { ok: false, said: `answered by ${whom} ${colour}: is TF_VAR_smoke_key the deployed one?` };
    }
    return { ok: status < 400, said: `${status} in ${Math.round(performance.now() - begin)} ms` };
  } catch (reason) {
    return { ok: false, said: `no answer: ${(reason as Error).message}` };
  }
}

async function persistently(edge: EdgeAddress, request: EdgeRequest): Promise<EdgeAnswer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await askEdge(edge, request);
    } catch (reason) {
      if (attempt === ATTEMPTS) throw reason;
      await sleep(1000);
    }
  }
}
