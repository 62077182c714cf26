package io.memgrant.tests;

import io.memgrant.Memgrant;
import io.memgrant.demo.Report;
import java.util.Locale;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;

/** Sentences that hold, or that end the test. */
final class Check {
    /** As Spark calls the executor that is its own driver. */
    private static final String DRIVER = "driver";

    private Check() {}

    static void that(boolean holds, String sentence, String figures, Object... values) {
        String seen = String.format(Locale.ROOT, figures, values);
        System.out.println((holds ? "ok - " : "FAILED - ") + sentence + " (" + seen + ")");
        System.out.flush();
        if (!holds && TaskContext.get() != null && SparkEnv.get().executorId().equals(DRIVER)) {
            Runtime.getRuntime().halt(1); // other tasks, and the driver, may wait for this one for ever
        }
        if (!holds) {
            throw new AssertionError(sentence + ": " + seen);
        }
    }

    /** memgrant's report of this process, now. */
    static Report report() {
        String text = Memgrant.report();
        if (text == null) {
            throw new AssertionError("nothing is counted in this process");
        }
        try {
            return new Report(text);
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw new AssertionError("the report is no JSON: " + text, e);
        }
    }

    /** What the ledger says: used = charged - refunded in every account and library, and no invariant was broken. */
    static void thatBooksBalance(String when) {
        Report report = report();
        long books = 0;
        long off = 0;
        for (var account : report.accounts()) {
            off += isOff(account) ? 1 : 0;
            for (var library : Report.list(account.get("libraries"))) {
                off += isOff(library) ? 1 : 0;
                books++;
            }
            books++;
        }
        for (var library : report.libraries()) {
            off += isOff(library) ? 1 : 0;
            books++;
        }
        that(off == 0, "used = charged - refunded in every account and library " + when, "%d books, %d off", books, off);
        that(report.brokenInvariants() == 0, "no invariant was broken " + when, "%d", report.brokenInvariants());
    }

    private static boolean isOff(com.fasterxml.jackson.databind.JsonNode book) {
        return Report.figure(book, "used") != Report.figure(book, "charged") - Report.figure(book, "refunded");
    }
}
