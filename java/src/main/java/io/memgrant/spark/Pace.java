package io.memgrant.spark;

/**
 * How often the outside is told what an executor holds. The live page, which costs nobody else anything, each second and at once when
 * much has come or gone; the driver, to which all executors send, each second: what changes between is in the next.
 */
final class Pace {
    static final long SECOND_NANOS = 1_000_000_000;
    private static final long MUCH = 32 << 20;

    private boolean hasSent;
    private long sentNanos;
    private long shown;

    /** Whether the page is due. */
    boolean shows(long used) {
        return Math.abs(used - shown) >= MUCH;
    }

    void shown(long used) {
        shown = used;
    }

    /** Whether the driver is due. If so, it is sent now. */
    boolean sends(long nanos) {
        if (hasSent && nanos - sentNanos < SECOND_NANOS) {
            return false;
        }
        hasSent = true;
        sentNanos = nanos;
        return true;
    }
}
