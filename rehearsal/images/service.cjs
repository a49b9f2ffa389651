/**
 * Stands in for a service whose image cannot be had: listens on the documented port, answers on the health path, says
 * which version it is, and behaves as its image was told to. Runs inside a container, so it is plain JavaScript.
 */
const { createServer } = require("node:http");

const spec = JSON.parse(Buffer.from(process.env.STAND_IN, "base64").toString("utf8"));
const { service, version, ports, healthPath, behaviour = {} } = spec;
const started = Date.now();
const elapsed = () => (Date.now() - started) / 1000;

if (process.argv[2] === "migrate") {
  console.log(`migrating for ${service} ${version}`);
  if (behaviour.failMigration) console.error('migration 0042 failed: column "tenant" already exists');
  process.exit(behaviour.failMigration ? 1 : 0);
}

let answered = 0;
const answerRequest = (request, response) => {
  const answer = (status, body) => {
    response.writeHead(status, { "content-type": "application/json", "x-stand-in-version": version });
    response.end(JSON.stringify({ service, version, ...body }));
  };
  const late = elapsed() < (behaviour.startAfterSeconds ?? 0);
  if (request.url.split("?")[0] === healthPath && (late || behaviour.failHealth)) {
    return answer(503, { status: late ? "starting" : "unhealthy" });
  }
  // Visitors only, who come by the edge: a version that is well by its health check and ill for visitors is what counts.
  if (!request.headers["x-forwarded-host"]) return answer(200, { status: "ok" });
  answered += 1;
  // Spread evenly, so that a share is one in any number of requests.
  const share = behaviour.errorShare ?? 0;
  const bad = Math.floor(answered * share) > Math.floor((answered - 1) * share);
  setTimeout(() => answer(bad ? 500 : 200, { status: bad ? "failing" : "ok" }), behaviour.delaySeconds * 1000 || 0);
};
const servers = ports.map((port) => {
  const server = createServer(answerRequest);
  // Longer than the edge keeps an idle connection, so that it is never the service that closes one first.
  server.keepAliveTimeout = 120_000;
  return server.listen(port, () => console.log(`${service} ${version} listens on port ${port}`));
});
if (behaviour.failHealth) {
  console.error("cannot reach the payment provider: certificate has expired");
}
if (behaviour.dieAfterSeconds !== undefined) {
  setTimeout(() => {
    console.error("out of file descriptors");
    process.exit(1);
  }, behaviour.dieAfterSeconds * 1000);
}
process.on("SIGTERM", () => {
  let open = servers.length;
  for (const server of servers) {
    server.close(() => {
      open -= 1;
      if (open === 0) process.exit(0);
    });
    server.closeIdleConnections();
  }
});
