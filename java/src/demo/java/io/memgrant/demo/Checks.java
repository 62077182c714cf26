package io.memgrant.demo;

import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.Locale;

/** What has to hold. Every check is printed and kept; one that does not hold fails the act. */
final class Checks {
    private final ArrayNode kept;
    private int failed;

    Checks(ArrayNode kept) {
        this.kept = kept;
    }

    /** @param what a sentence that is true when the check holds; {@code figures} is what was seen */
    void that(boolean holds, String what, String figures, Object... values) {
        String seen = String.format(Locale.ROOT, figures, values);
        Say.line("%s  %s (%s)", holds ? "ok" : "FAILED", what, seen);
        kept.addObject().put("holds", holds).put("what", what).put("seen", seen);
        if (!holds) {
            failed++;
        }
    }

    int failed() {
        return failed;
    }
}
