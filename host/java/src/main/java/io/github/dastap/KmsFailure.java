package io.github.dastap;

import java.util.Map;
import java.util.Set;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;

/** What a failed KMS call means: whether asking again helps, and what to do about it. */
record KmsFailure(Kind kind, String text) {

    /** Who has to do something. */
    enum Kind {
        /** Nobody: the account's quota is used up, wait (for every key). */
        THROTTLED,
        /** Nobody: the service or the way to it is down, wait. */
        SERVICE,
        /** The credentials must be renewed, which usually happens by itself. */
        EXPIRED,
        /** The record, or the configured resource id, is wrong. */
        RECORD,
        /** The configuration, on either side, is wrong. */
        CONFIG
    }

    /** The longest text of KMS itself that is passed on. */
    private static final int MAX_MESSAGE = 500;

    // No KMS error carries a retry trait in its model. The throttling and time-out codes are those of the AWS SDKs' own
    // retry lists; the rest is KMS Decrypt's list of errors.
    private static final Set<String> THROTTLED = Set.of(
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "RequestThrottled",
            "RequestThrottledException",
            "TooManyRequestsException",
            "RequestLimitExceeded",
            "LimitExceededException",
            "SlowDown");
    private static final Set<String> SERVICE = Set.of(
            "KMSInternalException",
            "KeyUnavailableException",
            "DependencyTimeoutException",
            "RequestTimeout",
            "RequestTimeoutException");
    // Retried, not refused: records must not fail because a token is renewed a moment late.
    private static final Set<String> EXPIRED = Set.of("ExpiredToken", "ExpiredTokenException", "RequestExpired");
    private static final Set<String> RECORD = Set.of("InvalidCiphertextException", "IncorrectKeyException");

    /** KMS answered with an error, or somebody on the way to it. */
    static KmsFailure of(AwsServiceException error, String region, String keyId, Map<String, String> context) {
        AwsErrorDetails details = error.awsErrorDetails();
        String code = details == null ? null : details.errorCode();
        Kind kind = kind(code, error.statusCode());
        String said = code == null ? "HTTP status " + error.statusCode() : Context.printable(code);
        String text = "kms in " + region + " says " + said;
        if (kind == Kind.CONFIG && details.errorMessage() != null && !details.errorMessage().isEmpty()) {
            String message = Context.printable(details.errorMessage());
            text += " (" + message.substring(0, Math.min(message.length(), MAX_MESSAGE)) + ")";
        }
        return new KmsFailure(kind, text + ": " + advice(kind, code, region, keyId, Context.text(context)));
    }

    /** There was no usable answer; in words. */
    static String noAnswer(SdkException error, String region) {
        Throwable cause = error;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        String said = Context.printable(String.valueOf(error.getMessage()));
        if (said.contains("credentials")) {
            return "kms in " + region + " was not asked for want of AWS credentials: check AWS_PROFILE, the "
                    + "environment, or the machine's role";
        }
        return "no answer from kms in " + region + " (" + cause.getClass().getSimpleName()
                + "): check the network path and the endpoint";
    }

    boolean isThrottling() {
        return kind == Kind.THROTTLED;
    }

    /** Asking again is useless until somebody changes something. */
    boolean isFinal() {
        return kind == Kind.RECORD || kind == Kind.CONFIG;
    }

    /** The kind of a KMS error code; null is an answer without one, which did not come from KMS itself. */
    private static Kind kind(String code, int status) {
        if (code != null) {
            if (THROTTLED.contains(code)) {
                return Kind.THROTTLED;
            }
            if (SERVICE.contains(code)) {
                return Kind.SERVICE;
            }
            if (EXPIRED.contains(code)) {
                return Kind.EXPIRED;
            }
            if (RECORD.contains(code)) {
                return Kind.RECORD;
            }
        }
        if (status == 429) {
            return Kind.THROTTLED;
        }
        // Without a code it is a proxy or a captive portal: KMS has refused nothing yet. With one: access denied,
        // disabled, not found, unknown credentials, and whatever KMS refuses with a word that is new. Unknown
        // credentials are no outage: a deleted access key must bite.
        return status >= 500 || code == null ? Kind.SERVICE : Kind.CONFIG;
    }

    private static String advice(Kind kind, String code, String region, String keyId, String context) {
        String key = keyId == null ? "any" : keyId;
        return switch (kind) {
            case THROTTLED -> "the account's request quota for KMS is used up";
            case SERVICE -> "the service or the key's store is unavailable";
            case EXPIRED -> "renew the AWS credentials";
            case RECORD, CONFIG ->
                switch (code) {
                    case "InvalidCiphertextException" ->
                        "the record's key was not encrypted for " + context
                                + "; if every record says so, the resource id is wrong";
                    case "IncorrectKeyException" ->
                        "the record's key was encrypted under another KMS key than keyId " + key
                                + ": correct or unset keyId";
                    case "AccessDeniedException", "AccessDenied" ->
                        "allow kms:Decrypt with the encryption context " + context + " in the IAM and the key policy";
                    case "DisabledException" -> "enable the KMS key";
                    case "KMSInvalidStateException" ->
                        "check the KMS key: it may be pending deletion, or its external key store may be failing";
                    case "NotFoundException" ->
                        "check keyId (" + key + ") and the region (" + region + "): there is no such KMS key";
                    case "InvalidKeyUsageException" ->
                        "check keyId (" + key + "): expected a symmetric KMS key for encryption";
                    case "InvalidGrantTokenException" -> "check the grants of the KMS key";
                    case "UnrecognizedClientException",
                            "InvalidClientTokenId",
                            "InvalidSignatureException",
                            "SignatureDoesNotMatch",
                            "MissingAuthenticationToken",
                            "MissingAuthenticationTokenException" ->
                        "check the AWS credentials: KMS does not know or accept them";
                    default -> "check the KMS key and the policies";
                };
        };
    }
}
