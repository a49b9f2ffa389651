import { Health } from "../../model/health";
import type { CustomStore } from "../../model/service";
import { setting } from "../../model/values";
import { DEVELOPMENT_PASSWORD, madeUp } from "../../model/made-up";
import { mebibytes, seconds } from "../../model/units";

/** Who administers the object store, and what services log in with. */
export const MINIO_ACCESS = {
  user: setting("minio_root_user", {
    description: "Name of MinIO's administrator, at least 3 characters",
    where: "make one up",
    minLength: 3,
    developmentDefault: "minio",
  }),
  password: madeUp("minio_root_password", {
    description: "Password of MinIO's administrator",
    minLength: 8,
    developmentDefault: DEVELOPMENT_PASSWORD,
  }),
};

/** Of the console, which is for people. */
const CONSOLE = 9001;
/** Asks whether objects can be read and written; the other health addresses answer before that. */
const CLUSTER = "/minio/health/cluster";

/**
 * MinIO, an S3-compatible object store. The image is the last that was published, in September 2025; Docker Hub has it no
 * more (September 2026), quay.io has.
 */
export const minio = (given: Partial<Omit<CustomStore, "kind">> = {}): CustomStore => ({
  kind: "custom",
  name: "minio",
  image: "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z",
  port: 9000,
  developmentPort: 9000,
  insidePorts: [CONSOLE],
  resources: { limits: { cpu: 0.5, memory: mebibytes(512) } },
  networks: ["data"],
  env: {
    MINIO_ROOT_USER: MINIO_ACCESS.user,
    MINIO_ROOT_PASSWORD: MINIO_ACCESS.password,
    // It keeps certificates under its home and takes a read-only one for an error.
    HOME: "/tmp",
  },
  command: ["server", "/data", "--console-address", `:${CONSOLE}`],
  dataPath: "/data",
  health: Health.http(CLUSTER, { using: "curl", every: seconds(10), timeout: seconds(5), startPeriod: seconds(60) }),
  // The image knows no other user, and a new volume is root's; without capabilities root is one user among others.
  sandbox: { user: "0:0" },
  probe: `curl -fsS -o /dev/null http://minio:9000${CLUSTER}`,
  ...given,
});
