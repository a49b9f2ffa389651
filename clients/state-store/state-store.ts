/** Where an environment's state is: in a bucket or in the project's folder, with the files beside it. */
import { join } from "node:path";
import { type Environment, stateFileName, stateKey } from "../../model/environment";
import { error, type Problem, ProblemsError } from "../../model/problem";
import { LocalFiles } from "./local-files";
import { type S3Access, S3Files } from "./s3-files";
import type { StateFiles } from "./state-files";

export interface StateFilesOptions {
  /** The process' environment: where the bucket is, and its credentials. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The project's folder, which has the local states. */
  readonly directory: string;
}

/** @throws ProblemsError when the environment does not say how the bucket is reached */
export function stateFiles(platform: string, environment: Environment, options: StateFilesOptions): StateFiles {
  const { state, name } = environment;
  if (state.kind === "s3") {
    const access = s3Access(options.env, `.env.${platform}.${name}`);
    return new S3Files(access, state.bucket, stateKey(platform, name));
  }
  return new LocalFiles(join(options.directory, stateFileName(platform, name)));
}

/** What Terraform's S3 backend reads too. */
function s3Access(env: StateFilesOptions["env"], file: string): S3Access {
  const problems: Problem[] = [];
  const fix = `put it into ${file} and load that: set -a; . ./${file}; set +a`;
  const given = (name: string, expected: string): string => {
    const value = env[name];
    if (!value) problems.push(error(name, "not set", expected, fix));
    return value ?? "";
  };
  const endpoint = given("AWS_ENDPOINT_URL_S3", ENDPOINT);
  const accessKeyId = given("AWS_ACCESS_KEY_ID", "the id of a token that may read and write the state's bucket");
  const secretAccessKey = given("AWS_SECRET_ACCESS_KEY", "the secret of that token");
  const sessionToken = env["AWS_SESSION_TOKEN"];
  // Whatever it is, it is not shown: a name and a password may be in it.
  if (endpoint !== "" && !isAddress(endpoint)) {
    problems.push(error("AWS_ENDPOINT_URL_S3", "no web address, or one with more than a host", ENDPOINT, fix));
  }
  if (problems.length > 0) throw new ProblemsError(problems);
  return {
    endpoint: endpoint.replace(/\/+$/, ""),
    accessKeyId,
    secretAccessKey,
    ...(sessionToken ? { sessionToken } : {}),
  };
}

const ENDPOINT = "the address of the account with the state's bucket: https://<account id>.r2.cloudflarestorage.com";

function isAddress(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return (
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    `${url.username}${url.password}${url.search}${url.hash}` === ""
  );
}
