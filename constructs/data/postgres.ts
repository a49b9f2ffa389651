import { Construct } from "constructs";
import { ADMINISTRATOR_CONNECTIONS, maxConnections, roleTimeouts } from "../../model/database";
import { parseImage, postgresPlaces, postgresVersion } from "../../model/image-version";
import { Health } from "../../model/health";
import { seconds } from "../../model/units";
import { Job } from "../docker/job";
import type { Engine } from "../docker/engine";
import type { Networks } from "../docker/networks";
import type { PostgresStore, ProductDatabase } from "../../model/service";
import { DATABASE_SCRIPT, startScript } from "./postgres-scripts";
import { type PasswordProps, StoreContainer, type StoreProps } from "./store-container";

/** The user that the Alpine image runs PostgreSQL as. */
const POSTGRES_USER = "70:70";

export interface PostgresProps extends StoreProps, PasswordProps {
  readonly store: PostgresStore;
}

export interface DatabaseProps {
  readonly database: ProductDatabase;
  /** The role's password; a Terraform token. */
  readonly password: string;
  /** How many the role may hold at once. */
  readonly connections: number;
}

/** PostgreSQL in a container of its own, reachable on the data network as the store's name. */
export class Postgres extends Construct {
  private readonly container: StoreContainer;
  private readonly engine: Engine;
  private readonly networks: Networks;
  private readonly props: PostgresProps;
  private readonly admin: string;

  constructor(scope: Construct, id: string, props: PostgresProps) {
    super(scope, id);
    const { store } = props;
    this.engine = props.engine;
    this.networks = props.networks;
    this.props = props;
    this.admin = store.user ?? "postgres";
    this.container = new StoreContainer(this, "resource", {
      ...props,
      env: { POSTGRES_USER: this.admin, POSTGRES_DB: this.admin, POSTGRES_PASSWORD: props.password },
      entrypoint: ["sh"],
      command: ["-ec", startScript(serverSettings(store))],
      dataPath: volumePath(store.image),
      // docker-compose.dev.yml: pg_isready every 10 s, timeout 5 s, 5 retries. Over TCP: while the image first sets a
      // database up it answers on its socket only, and must not count as ready.
      health: Health.command(["CMD-SHELL", `pg_isready -h 127.0.0.1 -U ${this.admin}`], {
        every: seconds(10),
        timeout: seconds(5),
        retries: 5,
        startPeriod: seconds(60),
      }),
      sandbox: {
        user: POSTGRES_USER,
        tmpfs: { "/tmp": "rw,noexec,nosuid,size=100m", "/var/run/postgresql": "rw,noexec,nosuid,size=16m" },
      },
      // A query, not pg_isready: who waits wants to log in, also right after the password was changed.
      probe: `PGPASSWORD="$POSTGRES_PASSWORD" PGCONNECT_TIMEOUT=2 psql -h ${store.name} -p ${store.port} -U ${this.admin} -c "" >/dev/null 2>&1`,
    });
  }

  get ready(): Job {
    return this.container.ready;
  }

  /**
   * Makes a database and the role that owns it, and sets the role's password, bounds and extensions: as often as one
   * likes, with the same end. Returns the job; what needs the database depends on it.
   */
  database(id: string, props: DatabaseProps): Job {
    const { store } = this.props;
    const { statement, idleInTransaction } = roleTimeouts(props.database);
    return new Job(this, id, {
      engine: this.engine,
      networks: this.networks,
      name: `${id}-database`,
      image: this.container.image,
      command: ["sh", "-ec", DATABASE_SCRIPT],
      env: {
        PGHOST: store.name,
        PGPORT: String(store.port),
        PGUSER: this.admin,
        PGDATABASE: this.admin,
        PGPASSWORD: this.props.password,
        DATABASE: props.database.name,
        ROLE_PASSWORD: props.password,
        ROLE_CONNECTIONS: String(props.connections),
        STATEMENT_TIMEOUT: `${statement.seconds}s`,
        IDLE_IN_TRANSACTION_TIMEOUT: `${idleInTransaction.seconds}s`,
        EXTENSIONS: (props.database.extensions ?? []).join(" "),
      },
      joins: store.networks,
      user: POSTGRES_USER,
      labels: { project: id, service: "database" },
      dependsOn: [this.ready],
    });
  }
}

/** Where the volume has to be for the image's version; one that a tag does not say counts as before 18. */
function volumePath(image: string): string {
  const name = parseImage(image);
  return postgresPlaces(Number((name && postgresVersion(name)?.major) ?? 0)).volume;
}

/** What the server is started with, by name. */
export const serverSettings = (store: PostgresStore): Readonly<Record<string, number>> => ({
  max_connections: maxConnections(store),
  superuser_reserved_connections: ADMINISTRATOR_CONNECTIONS,
});
