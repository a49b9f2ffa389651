/** The part of Hetzner Cloud's API that is asked here (docs.hetzner.cloud). It reads, and proves the right to write. */
import { z } from "zod";
import type { Context } from "./context";
import type { Reply } from "../clients/http";

const labels = z.record(z.string(), z.string());

const serverSchema = z.object({
  id: z.number(),
  name: z.string(),
  status: z.string(),
  labels,
  public_net: z.object({
    firewalls: z.array(z.object({ id: z.number(), status: z.string() })),
  }),
});

const firewallSchema = z.object({
  id: z.number(),
  name: z.string(),
  labels,
  rules: z.array(
    z.object({
      direction: z.string(),
      protocol: z.string(),
      port: z.string().nullish(),
      source_ips: z.array(z.string()).default([]),
    }),
  ),
});

const primaryIpSchema = z.object({ name: z.string(), ip: z.string(), assignee_id: z.number().nullish() });

export type Server = z.infer<typeof serverSchema>;
export type Firewall = z.infer<typeof firewallSchema>;

/** What the token's project has. */
export interface Project {
  readonly servers: readonly Server[];
  readonly firewalls: readonly Firewall[];
  readonly primaryIps: readonly z.infer<typeof primaryIpSchema>[];
}

/** The environment's server, if there is one. */
export const serverOf = ({ prefix }: Pick<Context, "prefix">, { servers }: Project): Server | undefined =>
  servers.find(({ name }) => name === prefix);

/** The API answered with an error; the message is its status and its code: "401 unauthorized". */
export class HetznerRefusal extends Error {}

const ENDPOINT = "https://api.hetzner.cloud/v1";
/** "maximum value is 50" (docs.hetzner.cloud, "Pagination"). */
const PAGE = 50;

const errorSchema = z.object({ error: z.object({ code: z.string() }) });

export class HetznerApi {
  private readonly endpoint: string;

  constructor(
    private readonly context: Context,
    private readonly token: string,
  ) {
    this.endpoint = context.env["HCLOUD_ENDPOINT"] ?? ENDPOINT;
  }

  /** @throws NoAnswer, HetznerRefusal */
  async project(): Promise<Project> {
    const [servers, firewalls, primaryIps] = await Promise.all([
      this.all("servers", serverSchema),
      this.all("firewalls", firewallSchema),
      this.all("primary_ips", primaryIpSchema),
    ]);
    return { servers, firewalls, primaryIps };
  }

  /**
   * A token may GET only, or everything: the API knows no other rights. An order for an SSH key without its fields can
   * never be filled, and a token that may only read is refused for its method.
   * @returns the code of the refusal: "invalid_input" for who may write, "token_readonly" for who may not
   * @throws NoAnswer
   */
  async refusalOfAnEmptyOrder(): Promise<string> {
    return codeOf(await this.ask("/ssh_keys", { method: "POST", body: {} }));
  }

  private async all<Schema extends z.ZodType>(kind: string, schema: Schema): Promise<z.output<Schema>[]> {
    const answer = z.object({
      [kind]: z.array(schema),
      meta: z.object({ pagination: z.object({ next_page: z.number().nullish() }) }).optional(),
    });
    const items: z.output<Schema>[] = [];
    for (let page: number | null | undefined = 1; page;) {
      const reply = await this.ask(`/${kind}?page=${page}&per_page=${PAGE}`);
      if (reply.status !== 200) throw new HetznerRefusal(`${reply.status} ${codeOf(reply)}`.trim());
      const parsed = answer.safeParse(reply.json);
      if (!parsed.success) throw new HetznerRefusal(`something that is no list of ${kind}`);
      items.push(...(parsed.data[kind] as z.output<Schema>[]));
      page = (parsed.data["meta"] as { pagination: { next_page?: number | null } } | undefined)?.pagination.next_page;
    }
    return items;
  }

  private ask(path: string, question: { method?: string; body?: unknown } = {}): Promise<Reply> {
    return this.context.ask(`${this.endpoint}${path}`, {
      ...question,
      headers: { authorization: `Bearer ${this.token}` },
    });
  }
}

function codeOf(reply: Reply): string {
  const parsed = errorSchema.safeParse(reply.json);
  return parsed.success ? parsed.data.error.code : "";
}
