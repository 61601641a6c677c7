package io.github.dastap;

import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;

/** Throttling concerns the account, not one key: for a while, KMS is asked for no key at all. */
final class Pause {
    private static final double FIRST = 0.5;
    private static final double LONGEST = 10;

    private int failures;
    private long until = System.nanoTime();

    /** Throws while the pause lasts. */
    synchronized void check(String region) throws KeyUnavailableException {
        double left = (until - System.nanoTime()) / 1e9;
        if (left > 0) {
            throw new KeyUnavailableException(String.format(
                    Locale.ROOT, "kms in %s throttles this account; asked again in %.1f s", region, left));
        }
    }

    /** Ends the pause, or doubles it, half of it left to chance, so that many programs do not come back at once. */
    synchronized void answered(boolean isThrottling) {
        long now = System.nanoTime();
        if (!isThrottling) {
            failures = 0;
            until = now;
        } else if (until - now <= 0) {
            // Questions that were under way together are throttled together; they widen the pause once.
            double pause = Math.min(FIRST * Math.pow(2, failures), LONGEST);
            failures++;
            until = now + (long) (pause * ThreadLocalRandom.current().nextDouble(0.5, 1) * 1e9);
        }
    }
}
