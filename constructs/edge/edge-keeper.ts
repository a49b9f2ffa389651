import { Construct } from "constructs";
import { keeperName, KEEPER_RESOURCES, PROGRAM_VARIABLE } from "../../model/edge-keeper";
import { Health } from "../../model/health";
import { seconds } from "../../model/units";
import { attach } from "../docker/container-settings";
import type { Engine } from "../docker/engine";
import { longRunningContainer } from "../docker/long-running-container";
import type { Networks } from "../docker/networks";
import { literal } from "../terraform-expression";
import { type Edge, EDGE_USER } from "./edge";
import { edgeProgram } from "./edge-program";

export interface EdgeKeeperProps {
  readonly engine: Engine;
  readonly networks: Networks;
  readonly edge: Edge;
}

/** So long may one look at all canaries take, with the edge not serving what one of them goes back to. */
const OLDEST_SIGN_SECONDS = 120;

/**
 * The small part beside the edge. It ends a canary that nobody watches any more, and through it (`docker exec`) traffic
 * goes back at once, with no Terraform, state, lock or registry (ADR 0012). It moves traffic only between sets that the
 * last switch knew, and a finished cutover is never touched.
 */
export class EdgeKeeper extends Construct {
  constructor(scope: Construct, id: string, { engine, networks, edge }: EdgeKeeperProps) {
    super(scope, id);
    const { volumes = {}, env, pidMode } = edge.job;
    longRunningContainer(this, "resource", {
      engine,
      name: keeperName(engine.prefix),
      image: edge.image,
      // Not as a file: Docker could not write it into a read-only container.
      env: { ...env, [PROGRAM_VARIABLE]: literal(edgeProgram(edge)) },
      networks: attach(networks, networks.edge.slice(0, 1)),
      health: {
        check: Health.command(
          [
            "CMD-SHELL",
            literal(
              `read -r up idle < /proc/uptime; read -r sign < /tmp/alive; [ $((\${up%%.*} - sign)) -lt ${OLDEST_SIGN_SECONDS} ]`,
            ),
          ],
          { every: seconds(10), timeout: seconds(10), retries: 3, startPeriod: seconds(5) },
        ),
        port: 0,
      },
      resources: KEEPER_RESOURCES,
      sandbox: { user: EDGE_USER },
      labels: { service: "edge-keeper", tier: "infrastructure" },
      graceSeconds: 5,
      more: {
        entrypoint: ["sh"],
        command: ["-c", `exec sh -c "$${PROGRAM_VARIABLE}" edge keep`],
        volumes: Object.entries(volumes).map(([containerPath, volumeName]) => ({ containerPath, volumeName })),
        ...(pidMode ? { pidMode } : {}),
      },
      dependsOn: [edge.container],
    });
  }
}
