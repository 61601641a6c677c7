package io.github.dastap;

import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.DecryptRequest;

/**
 * Keys from AWS KMS, by the AWS SDK for Java 2.x: add {@code software.amazon.awssdk:kms} to your dependencies.
 *
 * <p>It needs {@code kms:Decrypt} on the stream's KMS key and nothing else. When KMS throttles the account, nothing is
 * asked for a pause that doubles from half a second to ten: the quota is shared with everything else in the account.
 */
public final class KmsKeys implements Keys {
    /** The longest that a question may take: others that wait for the same key give up after ten seconds. */
    private static final Duration LIMIT = Duration.ofSeconds(9);

    /** Of one attempt, so that there is time for three. */
    private static final Duration ATTEMPT = Duration.ofMillis(2750);

    private final KmsClient client;
    private final String region;
    private final String keyId;
    private final Pause busy = new Pause();

    /**
     * Accepts data keys that any KMS key encrypted.
     *
     * @param client Region, credentials and retries are its own; close it after the decoder
     */
    public KmsKeys(KmsClient client) {
        this(client, null);
    }

    /**
     * Accepts data keys of one KMS key; KMS refuses those of any other.
     *
     * @param client Region, credentials and retries are its own; close it after the decoder
     * @param keyId a key id, key ARN or alias; null for any
     */
    public KmsKeys(KmsClient client, String keyId) {
        this.client = Objects.requireNonNull(client, "client is null: expected one, such as KmsClient.create()");
        if (keyId != null && keyId.isEmpty()) {
            throw new DastapException(
                    DastapException.Code.ARGUMENT, "keyId: expected a key id, a key ARN or an alias, found \"\"");
        }
        this.region = client.serviceClientConfiguration().region().id();
        this.keyId = keyId;
    }

    @Override
    public byte[] decrypt(byte[] ciphertext, Map<String, String> context)
            throws KeyRefusedException, KeyUnavailableException {
        busy.check(region);
        DecryptRequest request = DecryptRequest.builder()
                .ciphertextBlob(SdkBytes.fromByteArrayUnsafe(ciphertext))
                .encryptionContext(context)
                .keyId(keyId)
                .overrideConfiguration(limits -> limits.apiCallTimeout(LIMIT).apiCallAttemptTimeout(ATTEMPT))
                .build();
        SdkBytes plaintext;
        try {
            plaintext = client.decrypt(request).plaintext();
        } catch (AwsServiceException error) {
            KmsFailure failure = KmsFailure.of(error, region, keyId, context);
            busy.answered(failure.isThrottling());
            if (failure.isFinal()) {
                throw new KeyRefusedException(failure.text());
            }
            throw new KeyUnavailableException(failure.text());
        } catch (SdkException error) {
            throw new KeyUnavailableException(KmsFailure.noAnswer(error, region));
        }
        busy.answered(false);
        if (plaintext == null) {
            throw new KeyUnavailableException(
                    "kms in " + region + " answered without a plaintext: check the way to it");
        }
        // Not a copy: the decoder wipes the SDK's own array.
        return plaintext.asByteArrayUnsafe();
    }

    /** Where it asks, and for which KMS key. */
    @Override
    public String toString() {
        return "KmsKeys(" + region + ", " + (keyId == null ? "any key" : keyId) + ")";
    }
}
