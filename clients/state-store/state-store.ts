/** Where an environment's state is: in a bucket or in the project's folder, with the files beside it. */
import { join } from "node:path";
import { type Environment, stateFileName, stateKey } from "../../model/environment";
import { Bucket, objectStoreAccess } from "../object-store";
import { LocalFiles } from "./local-files";
import { S3Files } from "./s3-files";
import type { StateFiles } from "./state-files";

export interface StateFilesOptions {
  /** The process' environment: where the bucket is, and its credentials. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The project's folder, which has the local states. */
  readonly directory: string;
  /** Aborted when nobody waits for the bucket any longer. @default it has all the time that it takes */
  readonly over?: AbortSignal | undefined;
}

/** @throws ProblemsError when the environment does not say how the bucket is reached */
export function stateFiles(platform: string, environment: Environment, options: StateFilesOptions): StateFiles {
  const { state, name } = environment;
  if (state.kind === "s3") {
    const access = objectStoreAccess(options.env, `.env.${platform}.${name}`);
    const bucket = new Bucket(access, state.bucket, "Terraform's state", undefined, options.over);
    return new S3Files(bucket, stateKey(platform, name));
  }
  return new LocalFiles(join(options.directory, stateFileName(platform, name)));
}
