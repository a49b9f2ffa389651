/**
 * The same synth as the cdktf template would run it: whole providers imported, and ts-node, which checks all types
 * first. `node -r ts-node/register -r tsconfig-paths/register bench/template-way.ts`
 */
import * as cloudflare from "@cdktf/provider-cloudflare";
import * as docker from "@cdktf/provider-docker";
import * as hcloud from "@cdktf/provider-hcloud";
import { synthesize } from "../main";

// An import of which nothing is used would be left out.
const used = [cloudflare.dnsRecord.DnsRecord, docker.container.Container, hcloud.server.Server];
if (used.some((construct) => typeof construct !== "function")) throw new Error("the bindings are not what they were");
synthesize(process.env);
