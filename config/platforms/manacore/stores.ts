import type { Store } from "../../../model/service";
import { postgres } from "../../stores/postgres";
import { redis } from "../../stores/redis";

/**
 * "Shared Infrastructure (2 services)". The port matrix gives PostgreSQL no port in production, as the products' data is
 * at Supabase there; the authentication service's own database still is in it.
 *
 * docker-compose.dev.yml calls PostgreSQL's administrator "manacore"; that is the authentication service's role here, and
 * no product's role should be an administrator. The resource table's 256 MB for Redis' container cannot hold the 512 MB
 * of data that docker-compose.prod.yml gives it.
 *
 * In development ten products have their database in PostgreSQL, and twice ten connections each, as two sets may run.
 */
export const STORES: readonly Store[] = [postgres({ maxConnections: 400 }), redis()];
