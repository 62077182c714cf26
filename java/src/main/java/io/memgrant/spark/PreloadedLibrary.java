package io.memgrant.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the file of libmemgrant.so that this process was started with. It must be that file and no copy: a copy would
 * be a second library with books of its own, in front of nothing.
 */
final class PreloadedLibrary {
    private static final Pattern MAPPED = Pattern.compile("\\s(/\\S.*/libmemgrant[^/]*\\.so)$");

    static final String ABSENT = "libmemgrant.so is not preloaded in this process, so nothing is counted: set"
            + " spark.executorEnv.LD_PRELOAD to its path on the executors (for a local master LD_PRELOAD itself);"
            + " `memgrant spark-conf` prints the line";

    private PreloadedLibrary() {}

    /** The file's path, or null when none is mapped. */
    static String find() throws IOException {
        return find(Files.readString(Path.of("/proc/self/maps")), System.getenv("LD_PRELOAD"));
    }

    /**
     * @param maps text of /proc/self/maps
     * @param preload LD_PRELOAD, which decides between several mapped files; may be null, since a process can take it
     *     out of its environment
     */
    static String find(String maps, String preload) {
        Set<String> mapped = new LinkedHashSet<>();
        maps.lines().forEach(line -> {
            Matcher file = MAPPED.matcher(line);
            if (file.find()) {
                mapped.add(file.group(1));
            }
        });
        for (String named : preload == null ? new String[0] : preload.split("[ :]+")) {
            if (mapped.contains(named)) {
                return named;
            }
        }
        return mapped.isEmpty() ? null : mapped.iterator().next();
    }
}
