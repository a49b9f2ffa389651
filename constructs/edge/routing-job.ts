import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import { extname } from "node:path";
import { PROBE_PORT, REVISION_HEADER, REVISION_PLACEHOLDER } from "../../model/routing";
import type { Engine } from "../docker/engine";
import { Job } from "../docker/job";
import type { Networks } from "../docker/networks";
import { waitUntil } from "../shell";
import { type Edge, EDGE_ALIAS, EDGE_USER, ROUTING, type RoutingFile } from "./edge";

export interface RoutingJobProps {
  readonly engine: Engine;
  readonly networks: Networks;
  readonly edge: Edge;
  /** The job's name, after the prefix: "chat-switch". */
  readonly name: string;
  /** What the file is about: a product's name, or "settings". */
  readonly subject: string;
  readonly file: RoutingFile;
  readonly labels: Readonly<Record<string, string | undefined>>;
  /** Subjects whose files may be there; the files of others are removed: products that are gone. @default all stay */
  readonly keep?: readonly string[];
  readonly dependsOn?: readonly ITerraformDependable[];
}

/** Traefik looks at its directory every 2 s at most; a reload of nginx takes less. The rest is for a busy machine. */
const PATIENCE_SECONDS = 30;

/**
 * Brings one file of the edge's configuration into effect: writes it beside its place, renames it, and waits until the
 * edge itself says that it serves this very revision. If it never does, the former file comes back and the job fails.
 */
export class RoutingJob extends Job {
  constructor(scope: Construct, id: string, props: RoutingJobProps) {
    const { edge, subject, file } = props;
    super(scope, id, {
      engine: props.engine,
      networks: props.networks,
      name: props.name,
      image: edge.image,
      command: ["sh", "-ec", script(edge, subject, file.file, props.keep)],
      files: { [`/next/${file.file}`]: file.content },
      ...edge.job,
      joins: props.networks.edge.slice(0, 1),
      user: EDGE_USER,
      labels: props.labels,
      dependsOn: [edge.container, ...(props.dependsOn ?? [])],
    });
  }
}

function script(edge: Edge, subject: string, file: string, keep: readonly string[] | undefined): string {
  const { reload } = edge;
  const extension = extname(file);
  const place = `${ROUTING}/${file}`;
  // Docker's HOSTNAME differs from job to job.
  const aside = (what: string): string => `${ROUTING}/.${file}.$HOSTNAME.${what}`;
  const prune = (known: readonly string[]): string[] => [
    `for found in ${ROUTING}/*${extension}; do`,
    `  case "$found" in ${[file, ...known.map((name) => `${name}${extension}`)].map((name) => `${ROUTING}/${name}`).join("|")}) ;; *) rm -f "$found" ;; esac`,
    "done",
    // Of jobs that were killed.
    `find ${ROUTING} -name '.*' -type f -mmin +60 -exec rm -f {} +`,
  ];
  return [
    `revision=$(sha256sum /next/${file} | cut -c1-12)`,
    "existed=no",
    `if [ -e ${place} ]; then existed=yes; cp ${place} ${aside("old")}; fi`,
    "back() {",
    // Terraform may have been killed and started again, and the job that it left may still be at work: what another job
    // wrote in the meantime stays.
    `  if ! grep -q "$revision" ${place}; then echo "$1; another job has changed the routing of ${subject} since"; exit 1; fi`,
    `  if [ $existed = yes ]; then mv ${aside("old")} ${place}; else rm -f ${place}; fi`,
    ...reload.map((line) => `  ${line} || true`),
    `  echo "$1; the former routing of ${subject} is back"`,
    "  exit 1",
    "}",
    ...(keep ? prune(keep) : []),
    `sed "s/${REVISION_PLACEHOLDER}/$revision/g" /next/${file} > ${aside("new")}`,
    `mv ${aside("new")} ${place}`,
    ...reload.map((line) => `${line} || back "the edge refuses ${file}"`),
    ...waitUntil({
      until: `wget -S -q -O /dev/null --header "Host: ${subject}" http://${EDGE_ALIAS}:${PROBE_PORT}/ 2>&1 | grep -qi "${REVISION_HEADER}: $revision"`,
      patienceSeconds: PATIENCE_SECONDS,
      everySeconds: 0.2,
      otherwise: [`back "the edge does not serve revision $revision of ${file} after ${PATIENCE_SECONDS} s"`],
    }),
    `rm -f ${aside("old")}`,
    `echo "the edge serves revision $revision of ${file}"`,
  ].join("\n");
}
