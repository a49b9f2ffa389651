/** How a registry says no: a list of errors, each with a code of the distribution specification. */
import { type Answer, ApiError } from "../simulator";

export type Headers = Readonly<Record<string, string>>;

export const failure = (status: number, code: string, message: string, headers: Headers = {}): Answer => ({
  status,
  headers,
  body: { errors: [{ code, message }] },
});

export function fail(status: number, code: string, message: string, headers?: Headers): never {
  throw new ApiError(failure(status, code, message, headers));
}
