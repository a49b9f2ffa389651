/** What a product may do in the store that all share, by the real PostgreSQL. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { connectionsForProducts } from "../../../model/database";
import { postgres } from "../../../config/stores/postgres";
import { missingForRealPostgres, type Ran, RealPostgres } from "../../support/real-postgres";

const missing = missingForRealPostgres();
if (missing) process.stderr.write(`No database was made in the real PostgreSQL: ${missing}.\n`);

const ok = (ran: Ran): string => {
  if (ran.status !== 0) throw new Error(ran.out);
  return ran.out;
};
/** What an older Twinset's job did. */
const OLD_JOB = (name: string): string[] => [
  `CREATE ROLE "${name}"`,
  `ALTER ROLE "${name}" LOGIN PASSWORD 'old'`,
  `CREATE DATABASE "${name}" OWNER "${name}"`,
  `REVOKE ALL ON DATABASE "${name}" FROM PUBLIC`,
];

(missing ? describe.skip : describe)("a product in the real PostgreSQL", () => {
  let server: RealPostgres;
  const make = (name: string, env: Readonly<Record<string, string>> = {}): Ran =>
    server.job({ DATABASE: name, ROLE_PASSWORD: "secret", ...env });
  const as = (user: string, statement: string, database = user): Ran =>
    server.sql(statement, { user, password: "secret", database });
  beforeAll(async () => {
    server = await RealPostgres.start();
  }, 60_000);
  afterAll(() => server?.stop());

  test("held by one product's connection, template1 does not keep another's database from being made", async () => {
    for (const statement of OLD_JOB("holder")) ok(server.sql(statement));
    await server.hold({ user: "holder", password: "old", database: "template1" });
    expect(ok(server.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = 'template1'"))).toBe("1");
    expect(server.sql("CREATE DATABASE refused").out).toContain("is being accessed by other users");
    ok(make("beside_holder"));
    expect(ok(as("beside_holder", "SELECT current_database()"))).toBe("beside_holder");
    expect(server.sql("SELECT 1", { user: "holder", password: "old", database: "template1" }).out).toContain("FATAL");
    ok(server.sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'template1'"));
  });
  test("it reaches its own database, and none of the server's, of others or made by hand", () => {
    ok(server.sql("CREATE DATABASE by_hand"));
    ok(make("chat"));
    ok(make("quote"));
    expect(ok(as("chat", "SELECT 1"))).toBe("1");
    for (const database of ["template1", "template0", "postgres", "quote", "by_hand"]) {
      expect(as("chat", "SELECT 1", database)).toMatchObject({ status: 2, out: expect.stringMatching(/FATAL/) });
    }
  });
  test.each([
    ["CREATE DATABASE mine", "permission denied to create database"],
    ["CREATE ROLE mine", "permission denied to create role"],
    ["ALTER ROLE chat_rights SUPERUSER", "must be superuser"],
    ["ALTER ROLE chat_rights CONNECTION LIMIT -1", "permission denied"],
    ["SELECT rolpassword FROM pg_authid", "permission denied"],
    ["SET ROLE postgres", "permission denied to set role"],
    ["SELECT pg_read_file('/etc/passwd')", "permission denied"],
    ["COPY (SELECT 1) TO PROGRAM 'true'", "must be superuser"],
  ])("it may not: %s", (statement, answer) => {
    ok(make("chat_rights"));
    expect(as("chat_rights", statement)).toMatchObject({ status: 1, out: expect.stringContaining(answer) });
  });
  test("it does not see what others are running", () => {
    ok(make("curious"));
    const others = "SELECT count(*) FROM pg_stat_activity WHERE usename <> current_user AND query NOT LIKE '<insuff%'";
    expect(ok(as("curious", others))).toBe("0");
  });
  test("it holds as many connections as it was given, and the next one is refused with words", async () => {
    ok(make("bounded", { ROLE_CONNECTIONS: "2" }));
    const login = { user: "bounded", password: "secret", database: "bounded" };
    await server.hold(login);
    await server.hold(login);
    expect(as("bounded", "SELECT 1").out).toContain('too many connections for role "bounded"');
    ok(make("bounded", { ROLE_CONNECTIONS: "3" }));
    ok(as("bounded", "SELECT 1"));
  });
  test("all that the check lets products hold leaves the administrator and the jobs their connections", async () => {
    const all = connectionsForProducts(postgres());
    const free =
      all - Number(ok(server.sql("SELECT count(*) FROM pg_stat_activity WHERE usename NOT IN ('postgres')")));
    ok(make("greedy", { ROLE_CONNECTIONS: String(all) }));
    const login = { user: "greedy", password: "secret", database: "greedy" };
    const sessions = await Promise.all(Array.from({ length: free }, () => server.hold(login)));
    expect(as("greedy", "SELECT 1").out).toMatch(/reserved for|too many/);
    ok(make("after_greedy"));
    sessions.forEach((session) => session.kill("SIGKILL"));
  }, 60_000);
  test("its sessions begin with the time-outs of the catalog", () => {
    ok(make("timed", { STATEMENT_TIMEOUT: "1s", IDLE_IN_TRANSACTION_TIMEOUT: "7s" }));
    expect(ok(as("timed", "SHOW idle_in_transaction_session_timeout"))).toBe("7s");
    expect(as("timed", "SELECT pg_sleep(5)").out).toContain("statement timeout");
    ok(make("timed"));
    expect(ok(as("timed", "SHOW statement_timeout"))).toBe("0");
  });

  test("another password is in force after the job, and the old one is not", () => {
    ok(make("rotated"));
    ok(make("rotated", { ROLE_PASSWORD: "other" }));
    expect(as("rotated", "SELECT 1").out).toContain("password authentication failed");
    ok(server.sql("SELECT 1", { user: "rotated", password: "other", database: "rotated" }));
  });
  test.each([`say "hi"`, "o'clock", "back\\slash", "Größe", "a b", "$(id)", "select", "x=y"])(
    "any name and any password: %s",
    (name) => {
      const password = `${name}'"\\$(id);--`;
      ok(server.job({ DATABASE: name, ROLE_PASSWORD: password, EXTENSIONS: "citext" }));
      ok(server.job({ DATABASE: name, ROLE_PASSWORD: password, EXTENSIONS: "citext" }));
      const found = server.sql(`SELECT datname FROM pg_database WHERE datname = '${name.replaceAll("'", "''")}'`);
      expect(ok(found)).toBe(name);
      ok(
        server.sql("CREATE TABLE t ()", {
          user: name,
          password,
          database: name,
        }),
      );
    },
  );
  test("a database with the administrator's name is refused, and the administrator stays one", () => {
    expect(make("postgres")).toMatchObject({ status: 1, out: expect.stringContaining("the administrator's name") });
    expect(ok(server.sql("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"))).toBe("t");
  });
  test("no password is in the server's log, also of a job that fails", () => {
    ok(server.sql("ALTER SYSTEM SET log_statement = 'all'"));
    ok(server.sql("SELECT pg_reload_conf()"));
    expect(make("unlucky", { ROLE_PASSWORD: "never-to-be-seen", ROLE_CONNECTIONS: "many" }).out).not.toContain(
      "never-",
    );
    ok(make("unlucky", { ROLE_PASSWORD: "never-to-be-seen" }));
    expect(server.log()).not.toContain("never-to-be-seen");
  });
  test("eight jobs at once end well: rights are changed one after the other", async () => {
    const jobs = await server.jobs(
      Array.from({ length: 8 }, (_, i) => ({ DATABASE: `at_once_${i}`, ROLE_PASSWORD: "x" })),
    );
    expect(jobs.filter(({ status }) => status !== 0)).toEqual([]);
  }, 60_000);

  describe("extensions", () => {
    const made = (database: string): string =>
      ok(
        server.sql("SELECT string_agg(extname, ' ' ORDER BY oid) FROM pg_extension WHERE extname <> 'plpgsql'", {
          database,
        }),
      );
    test("are made in the stated order, before the product's first login, and once", () => {
      const EXTENSIONS = "cube earthdistance uuid-ossp";
      ok(make("located", { EXTENSIONS }));
      ok(make("located", { EXTENSIONS: `${EXTENSIONS} pg_trgm` }));
      expect(made("located")).toBe(`${EXTENSIONS} pg_trgm`);
      expect(ok(as("located", "SELECT uuid_generate_v4() IS NOT NULL"))).toBe("t");
    });
    test("in another order the job says which one lacks what", () => {
      expect(make("unordered", { EXTENSIONS: "earthdistance cube" })).toMatchObject({
        status: 3,
        out: expect.stringContaining('required extension "cube" is not installed'),
      });
    });
    test("that the image does not have fails the job with its name", () => {
      expect(make("wishful", { EXTENSIONS: "no_such" })).toMatchObject({
        status: 3,
        out: expect.stringContaining("no_such"),
      });
    });
  });

  describe("an older Twinset's database", () => {
    test("keeps its rows, is its role's, and gets the bounds", async () => {
      for (const statement of OLD_JOB("older")) ok(server.sql(statement));
      const own = { user: "older", password: "old", database: "older" };
      ok(server.sql("CREATE TABLE kept AS SELECT 42 AS n", own));
      ok(server.sql("ALTER DATABASE older OWNER TO postgres"));
      ok(
        server.sql("GRANT CREATE ON SCHEMA public TO PUBLIC; ALTER SCHEMA public OWNER TO postgres", {
          database: "older",
        }),
      );
      ok(make("older", { EXTENSIONS: "citext" }));
      expect(ok(as("older", "SELECT n FROM kept"))).toBe("42");
      ok(as("older", "CREATE TABLE added (t citext)"));
      const facts =
        "SELECT rolconnlimit, pg_get_userbyid(datdba) FROM pg_roles, pg_database WHERE rolname = 'older' AND datname = 'older'";
      expect(ok(server.sql(facts))).toBe("5|older");
      expect(ok(server.sql("SELECT has_schema_privilege('public', 'public', 'CREATE')", { database: "older" }))).toBe(
        "f",
      );
    });
    test("without a schema public, as its owner dropped it, is none the worse", () => {
      ok(make("without"));
      ok(as("without", "DROP SCHEMA public"));
      ok(make("without"));
    });
    test("whose owner set traps for the administrator: nothing of theirs runs, nothing of theirs hinders", () => {
      ok(make("trap"));
      const traps = [
        "CREATE FUNCTION public.format(text, text) RETURNS text LANGUAGE sql AS $$ SELECT 'ALTER ROLE trap SUPERUSER' $$",
        "CREATE FUNCTION public.unnest(text[]) RETURNS SETOF text LANGUAGE sql AS $$ SELECT 'ALTER ROLE trap SUPERUSER' $$",
        "CREATE SCHEMA postgres",
        "ALTER DATABASE trap SET search_path = public, pg_catalog",
        "ALTER DATABASE trap SET default_transaction_read_only = on",
        "ALTER DATABASE trap SET statement_timeout = '1ms'",
        "ALTER DATABASE trap CONNECTION LIMIT 0",
      ];
      ok(as("trap", traps.join("; ")));
      ok(make("trap", { EXTENSIONS: "citext" }));
      expect(ok(server.sql("SELECT rolsuper FROM pg_roles WHERE rolname = 'trap'"))).toBe("f");
      const where =
        "SELECT nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'citext'";
      expect(ok(server.sql(where, { database: "trap" }))).toBe("public");
    });
    test("that takes no connections any more takes them again", () => {
      ok(make("closed"));
      ok(server.sql("ALTER DATABASE closed ALLOW_CONNECTIONS false"));
      ok(make("closed"));
      ok(as("closed", "SELECT 1"));
    });
  });
});
