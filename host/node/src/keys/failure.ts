// What a failed KMS call means: whether asking again helps, and what to do about it.

import { Refused, Unavailable } from "./provider.js";

/** The longest text of KMS itself that is passed on. */
const MAX_MESSAGE = 500;

/**
 * Who has to do something. `throttled`: nobody, the account's quota is used up. `service`: nobody, the service or the
 * way to it is down. `expired`: the credentials must be renewed, which usually happens by itself. `record`: the record,
 * or the resource id, is wrong. `config`: the configuration, on either side, is wrong.
 */
export type Class = "throttled" | "service" | "expired" | "record" | "config";

const CLASSES: Record<Exclude<Class, "config">, string[]> = {
  throttled: [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "LimitExceededException",
    "SlowDown",
  ],
  service: [
    "KMSInternalException",
    "KeyUnavailableException",
    "DependencyTimeoutException",
    "RequestTimeout",
    "RequestTimeoutException",
  ],
  // Retried, not refused: records must not fail because a token is renewed a moment late.
  expired: ["ExpiredToken", "ExpiredTokenException", "RequestExpired"],
  record: ["InvalidCiphertextException", "IncorrectKeyException"],
};

/** The class of a KMS error code; without one, the answer did not come from KMS itself. */
export function classOf(code: string | undefined, status: number): Class {
  for (const [name, codes] of Object.entries(CLASSES)) {
    if (code && codes.includes(code)) return name as Class;
  }
  if (status === 429) return "throttled";
  // A proxy or a captive portal: KMS has refused nothing yet.
  if (status >= 500 || !code) return "service";
  // Access denied, disabled, pending deletion, not found, unknown credentials, and whatever KMS refuses with a new
  // word. Unknown credentials are no outage: a deleted access key must bite.
  return "config";
}

/** What was asked, for the texts. The blob is not part of it. */
export interface Asked {
  region: string;
  keyId: string | undefined;
  context: string;
}

/** What the AWS SDK throws, as far as it is read here. */
interface SdkError {
  name?: string;
  message?: string;
  code?: string;
  cause?: unknown;
  $metadata?: { httpStatusCode?: number };
  $response?: { statusCode?: number };
}

/** What the SDK threw, as an answer to the cache, and whether the account is throttled. */
export function explain(thrown: unknown, asked: Asked): { error: Refused | Unavailable; throttled: boolean } {
  const { region } = asked;
  const sdk = (thrown ?? {}) as SdkError;
  const status = sdk.$response?.statusCode ?? sdk.$metadata?.httpStatusCode;
  if (status === undefined) return { error: new Unavailable(silence(sdk, region)), throttled: false };
  const code = sdk.name && !["Error", "SyntaxError", "UnknownError"].includes(sdk.name) ? sdk.name : undefined;
  const kind = classOf(code, status);
  const text = `kms in ${region} says ${printable(code ?? `HTTP status ${status}`)}`;
  const error = {
    throttled: () => new Unavailable(`${text}: the account's request quota for KMS is used up`),
    service: () => new Unavailable(`${text}: the service or the key's store is unavailable`),
    expired: () => new Unavailable(`${text}: renew the AWS credentials`),
    record: () => new Refused(`${text}: ${advice(code, asked)}`),
    config: () => {
      const said = sdk.message && sdk.message !== "UnknownError" ? ` (${printable(sdk.message)})` : "";
      return new Refused(`${text}${said}: ${advice(code, asked)}`);
    },
  }[kind]();
  return { error, throttled: kind === "throttled" };
}

/** There was no usable answer, or no question for want of credentials. */
function silence(error: SdkError, region: string): string {
  const cause = rootCause(error);
  if (error.name === "CredentialsProviderError") {
    return (
      `kms in ${region} was not asked for want of AWS credentials (${cause}): check AWS_PROFILE, the environment, or ` +
      "the machine's role"
    );
  }
  const reason = error.name === "TimeoutError" || error.name === "AbortError" ? "time-out" : cause;
  return `no answer from kms in ${region} (${reason}): check the network path and the endpoint`;
}

/** What to do about a refusal. */
function advice(code: string | undefined, { region, keyId = "any", context }: Asked): string {
  switch (code) {
    case "InvalidCiphertextException":
      return `the record's key was not encrypted for ${context}; if every record says so, the resource id is wrong`;
    case "IncorrectKeyException":
      return `the record's key was encrypted under another KMS key than key-id ${keyId}: correct or unset key-id`;
    case "AccessDeniedException":
    case "AccessDenied":
      return `allow kms:Decrypt with the encryption context ${context} in the IAM and the key policy`;
    case "DisabledException":
      return "enable the KMS key";
    case "KMSInvalidStateException":
      return "check the KMS key: it may be pending deletion, or its external key store may be failing";
    case "NotFoundException":
      return `check key-id (${keyId}) and the region (${region}): there is no such KMS key`;
    case "InvalidKeyUsageException":
      return `check key-id (${keyId}): expected a symmetric KMS key for encryption`;
    case "InvalidGrantTokenException":
      return "check the grants of the KMS key";
    case "UnrecognizedClientException":
    case "InvalidClientTokenId":
    case "InvalidSignatureException":
    case "SignatureDoesNotMatch":
    case "MissingAuthenticationToken":
    case "MissingAuthenticationTokenException":
      return "check the AWS credentials: KMS does not know or accept them";
    default:
      return "check the KMS key and the policies";
  }
}

/** The innermost cause, which is where the useful words are ("connection refused"). */
export function rootCause(error: unknown): string {
  let innermost = error as SdkError & { errors?: unknown[] };
  for (let depth = 0; depth < 10; depth++) {
    const next = (innermost.cause ?? innermost.errors?.[0]) as typeof innermost | undefined;
    if (!next) break;
    innermost = next;
  }
  return printable(innermost.message || innermost.code || innermost.name || String(error));
}

/** Text from outside, bounded and on one line. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ").slice(0, MAX_MESSAGE);
}
