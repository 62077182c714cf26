package io.memgrant.demo;

import java.util.Locale;

/** Lines for the person who watches. */
final class Say {
    private static final long START = System.nanoTime();

    private Say() {}

    static void progress(String format, Object... figures) {
        line("  [%3d s] %s", (System.nanoTime() - START) / 1_000_000_000L, String.format(Locale.ROOT, format, figures));
    }

    static void line(String format, Object... figures) {
        System.out.println(String.format(Locale.ROOT, format, figures));
        System.out.flush();
    }

    /** Bytes as megabytes (of 1024 * 1024), as all tables of the demo show them. */
    static String megabytes(long bytes) {
        return String.format(Locale.ROOT, "%,.1f MB", bytes / 1048576.0);
    }

    static String count(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }
}
