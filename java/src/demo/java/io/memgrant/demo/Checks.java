package io.memgrant.demo;

import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/** What has to hold. Every check is printed and kept; one that does not hold fails the act. */
final class Checks {
    private final ArrayNode kept;
    private final Set<String> seen = new HashSet<>();
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

    /** For what is checked of many: printed only when it fails, or once when it holds for the first. */
    void quietly(boolean holds, String what, String figures, Object... values) {
        if (!holds || seen.add(what)) {
            that(holds, what, figures, values);
        }
    }

    int failed() {
        return failed;
    }
}
