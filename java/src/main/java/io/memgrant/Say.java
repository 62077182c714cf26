package io.memgrant;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Messages to people: one line each, each once in a process. By the log, or by the standard error stream where the log
 * shows no warnings, so that a line is neither lost nor doubled. Never throws.
 */
public final class Say {
    private static final Set<String> SAID = ConcurrentHashMap.newKeySet();

    private Say() {}

    /**
     * Says a line, unless it was said before.
     *
     * @param line what is wrong and what to do, without "memgrant: " in front
     */
    public static void once(String line) {
        once(line, null);
    }

    /**
     * Says a line with a detail of the first occurrence; later ones say nothing, whatever their detail.
     *
     * @param line what is wrong and what follows from it
     * @param detail for example what was caught; may be null
     */
    public static void once(String line, Object detail) {
        try {
            if (SAID.add(line)) {
                say("memgrant: " + line + (detail == null ? "" : ": " + detail));
            }
        } catch (Throwable nowhereToSayIt) {
            // Whoever has something to say is a guest in somebody else's program.
        }
    }

    /** Says a line each time. */
    public static void again(String line) {
        try {
            say("memgrant: " + line);
        } catch (Throwable nowhereToSayIt) {
            // As above.
        }
    }

    /** Says a line that warns of nothing, where the log shows such lines. */
    public static void quietly(String line) {
        try {
            Logger log = log();
            if (log != null) {
                log.info("memgrant: " + line);
            }
        } catch (Throwable nowhereToSayIt) {
            // As above.
        }
    }

    private static void say(String line) {
        Logger log = log();
        if (log != null && log.isWarnEnabled()) {
            log.warn(line);
        } else {
            System.err.println(line);
        }
    }

    /** slf4j is the host's: a program without it has no log for us. By its name: the class may be none that this JVM can load. */
    private static Logger log() {
        try {
            return LoggerFactory.getLogger("io.memgrant.Memgrant");
        } catch (Throwable absent) {
            return null;
        }
    }
}
