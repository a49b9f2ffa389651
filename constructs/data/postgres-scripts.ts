/** What runs inside PostgreSQL's containers. Values come by the environment, so that no password is in a process list. */

/**
 * The image sets the administrator's password only when it makes an empty database. So that a changed password becomes
 * true, it is set on each start, over the socket, which only this container has.
 */
export const startScript = (settings: Readonly<Record<string, number>>): string => `(
  until pg_isready -q -h /var/run/postgresql -U "$POSTGRES_USER"; do sleep 1; done
  printf '%s\\n' '\\getenv role POSTGRES_USER' '\\getenv password POSTGRES_PASSWORD' \\
    "SELECT format('ALTER ROLE %I PASSWORD %L', :'role', :'password') \\\\gexec" |
    psql -q -h /var/run/postgresql -U "$POSTGRES_USER" -d postgres >/dev/null
) &
exec docker-entrypoint.sh postgres${Object.entries(settings)
  .map(([name, value]) => ` -c ${name}=${value}`)
  .join("")}`;

/** Of a role and its database; names and texts are quoted by the server itself. */
const ROLE_AND_DATABASE = `
\\getenv database DATABASE
\\getenv password ROLE_PASSWORD
\\getenv connections ROLE_CONNECTIONS
\\getenv statement STATEMENT_TIMEOUT
\\getenv idle IDLE_IN_TRANSACTION_TIMEOUT
SELECT pg_advisory_lock(hashtext('twinset: databases')) \\g /dev/null
SELECT format('CREATE ROLE %I', :'database') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'database') \\gexec
\\set VERBOSITY terse
SELECT format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS'
  ' CONNECTION LIMIT %s PASSWORD %L', :'database', :'connections', :'password') \\gexec
\\set VERBOSITY default
SELECT format('ALTER ROLE %I SET statement_timeout = %L', :'database', :'statement') \\gexec
SELECT format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', :'database', :'idle') \\gexec
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0', :'database', :'database')
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \\gexec
SELECT format('ALTER DATABASE %I OWNER TO %I', :'database', :'database') \\gexec
SELECT format('ALTER DATABASE %I ALLOW_CONNECTIONS true CONNECTION LIMIT -1', :'database') \\gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', :'database') \\gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', datname) FROM pg_database
 WHERE has_database_privilege('public', oid, 'CONNECT') OR has_database_privilege('public', oid, 'TEMPORARY') \\gexec
`;

/**
 * Inside the database, whose owner may have put functions of the system's names there: the administrator looks in
 * pg_catalog only, and leaves it for the one statement that makes an extension.
 */
const INSIDE = `
\\getenv database DATABASE
\\getenv extensions EXTENSIONS
SELECT unnest(ARRAY[
  'REVOKE CREATE ON SCHEMA public FROM PUBLIC',
  format('GRANT USAGE, CREATE ON SCHEMA public TO %I', :'database')
]) WHERE EXISTS (SELECT FROM pg_namespace WHERE nspname = 'public') \\gexec
SELECT unnest(ARRAY[
  'SET search_path = public',
  format('CREATE EXTENSION IF NOT EXISTS %I', extension),
  'SET search_path = pg_catalog'
]) FROM unnest(string_to_array(:'extensions', ' ')) WITH ORDINALITY AS stated (extension, place) ORDER BY place \\gexec
`;

/** Over what the database's owner may have set for it, and so that no statement with a password is written to a log. */
const SESSION = [
  "search_path=pg_catalog",
  "default_transaction_read_only=off",
  "statement_timeout=0",
  "lock_timeout=60s",
  "client_min_messages=warning",
  "log_min_error_statement=panic",
  "log_statement=none",
  "log_min_duration_statement=-1",
]
  .map((setting) => `-c ${setting}`)
  .join(" ");

/**
 * Makes a role, its database and its extensions, and brings those that an older Twinset made to the same end.
 *
 * From template0, as nobody can be connected to it: who was connected to template1 kept CREATE DATABASE from all others.
 * One after the other, as two that change the same database's rights at once fail.
 */
export const DATABASE_SCRIPT = `
if [ "$DATABASE" = "$PGUSER" ]; then
  echo "the database $DATABASE has the administrator's name; name it otherwise in the catalog" >&2
  exit 1
fi
export PGOPTIONS="${SESSION}"
psql -X -q -v ON_ERROR_STOP=1 <<'SQL'${ROLE_AND_DATABASE}SQL
PGDATABASE="$DATABASE" psql -X -q -v ON_ERROR_STOP=1 <<'SQL'${INSIDE}SQL
echo "database $DATABASE is there"`.trimStart();
