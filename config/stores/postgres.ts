import type { PostgresStore } from "../../model/service";
import { gibibytes } from "../../model/units";
import { DEVELOPMENT_PASSWORD, madeUp } from "../../model/made-up";

/** PostgreSQL 16, on `data`, with 1 core and 2 GiB ("Resource Requirements", manacore-deployment-architecture.md). */
export const postgres = (given: Partial<Omit<PostgresStore, "kind">> = {}): PostgresStore => ({
  kind: "postgres",
  name: "postgres",
  image: "postgres:16-alpine",
  port: 5432,
  developmentPort: 5432,
  user: "postgres",
  resources: { limits: { cpu: 1, memory: gibibytes(2) } },
  networks: ["data"],
  password: madeUp("postgres_password", {
    description: "Password of PostgreSQL's administrator role",
    developmentDefault: DEVELOPMENT_PASSWORD,
  }),
  ...given,
});
