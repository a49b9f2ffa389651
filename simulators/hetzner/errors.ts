/**
 * How the Hetzner Cloud API refuses: https://docs.hetzner.cloud/reference/cloud#description/errors has the codes and their
 * statuses. Each function makes an error to throw.
 */
import { type Answer, ApiError } from "../simulator";

/** An answer in the API's form. */
export const refusal = (status: number, code: string, message: string, details: unknown = null): Answer => ({
  status,
  body: { error: { code, message, details } },
});

const error =
  (status: number, code: string) =>
  (message: string, details?: unknown): ApiError =>
    new ApiError(refusal(status, code, message, details));

export const conflict = error(409, "conflict");
export const locked = error(423, "locked");
export const isProtected = error(423, "protected");
export const serviceError = error(422, "service_error");
export const resourceUnavailable = error(412, "resource_unavailable");

/** For the codes that only one operation has, most of which come with 422. */
export const operationError = (code: string, message: string, status = 422): ApiError => error(status, code)(message);

export const notFound = (kind: string, id: number | string): ApiError =>
  error(404, "not_found")(`${kind.replaceAll("_", " ")} with ID '${id}' not found`);

export const notUnique = (field: string, message: string): ApiError =>
  error(409, "uniqueness_error")(message, { fields: [{ name: field }] });

/** @param fields name of the field → what is wrong with it */
export function invalidInput(fields: Readonly<Record<string, readonly string[]>>): ApiError {
  const names = Object.keys(fields);
  const message =
    names.length === 1
      ? `invalid input in field '${names[0]}': ${fields[names[0]!]!.join(", ")}`
      : `invalid input in fields ${names.map((name) => `'${name}'`).join(", ")}`;
  const details = { fields: names.map((name) => ({ name, messages: fields[name] })) };
  return error(422, "invalid_input")(message, details);
}

/** An invalid_input that names no field: some of the API's do not. */
export const invalid = (message: string): ApiError => error(422, "invalid_input")(message, {});

/** For what the API had once. @param announcement the anchor in its changelog */
export const gone = (message: string, announcement: string): ApiError =>
  error(410, "deprecated_api_endpoint")(message, {
    announcement: `https://docs.hetzner.cloud/changelog#${announcement}`,
  });

/** A failure of the whole service, for the fault "error". A client decides by the code whether to try again. */
export function failure(status: number): Answer {
  const [code, message] = FAILURES[status] ?? (status < 500 ? CLIENT_FAILURE : SERVER_FAILURE);
  return refusal(status, code, message);
}

const CLIENT_FAILURE = ["unknown_error", "unknown error"] as const;
const SERVER_FAILURE = ["server_error", "an error occurred within the API backend"] as const;
const FAILURES: Readonly<Record<number, readonly [code: string, message: string]>> = {
  403: ["resource_limit_exceeded", "project limit exceeded"],
  409: ["conflict", "the resource has changed during the request, please retry"],
  412: ["resource_unavailable", "error during placement"],
  422: ["service_error", "error within a service"],
  423: ["locked", "cannot perform operation because the resource is locked"],
  502: ["bad_gateway", "the request could not be answered by the API backend, please retry"],
  503: ["unavailable", "the service is currently not available"],
  504: ["timeout", "the request could not be answered in time, please retry"],
};
