package io.memgrant.spark;

import io.memgrant.Say;
import java.io.InputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/**
 * On the driver: whether the application's executors enforce just now. It begins as spark.memgrant.mode says; the file that
 * spark.memgrant.modeFile names switches it at any time; and enforcement that seems to hurt is given up, for as long as the
 * application runs. Executors ask each second. Thread-safe.
 */
final class Rollout {
    /** Native code that gave up, crashed, or was killed: what enforcement is to prevent, and could cause. */
    private static final Set<Integer> HURT = Set.of(134, 137, 139);
    private static final int LONGEST = 64;

    private final String file;
    private final long giveUpAfter;
    private boolean enforces;
    private boolean gaveUp;
    private long deaths;

    Rollout(Settings settings) {
        file = settings.get("mode_file", "");
        giveUpAfter = Long.parseLong(settings.get("give_up_after", "3"));
        enforces = settings.enforces();
        look();
    }

    /** From an executor. {@code late}: a courier of its waits for an answer, since so many milliseconds, or for ever; 0 for none. */
    record Question(String executor, long late) implements Serializable {
        private static final long serialVersionUID = 1;
    }

    /** @return the answer to an executor's message, observe or enforce; null when it is another message */
    Object receive(Object message) {
        if (!(message instanceof Question question)) {
            return null;
        }
        if (question.late > 0) {
            giveUp("a courier of executor " + question.executor
                    + (question.late == Long.MAX_VALUE ? " ended" : " got no answer for " + question.late + " ms"));
        }
        return enforces() ? "enforce" : "observe";
    }

    /** Whether there is a file to look at. */
    boolean isSwitched() {
        return !file.isEmpty();
    }

    synchronized boolean enforces() {
        return enforces && !gaveUp;
    }

    /** An executor ended. */
    void ended(String reason) {
        if (!HURT.contains(Verdict.exitCodeOf(reason)) || Verdict.isOrderly(reason)) {
            return;
        }
        synchronized (this) {
            if (giveUpAfter <= 0 || !enforces() || ++deaths < giveUpAfter) {
                return;
            }
        }
        giveUp(deaths + " of its executors ended with 134, 137 or 139 (spark.memgrant.giveUpAfter)");
    }

    private synchronized void giveUp(String why) {
        if (enforces()) {
            gaveUp = true;
            Say.again("enforcement is off from now on for this application: " + why + "; native memory is counted, and nothing is denied");
        }
    }

    /** Reads the file, if there is one. What it says holds until it says something else. */
    void look() {
        if (file.isEmpty()) {
            return;
        }
        try {
            String word = firstWord(Path.of(file));
            if (word.equals("enforce") || word.equals("observe")) {
                switchTo(word.equals("enforce"));
            } else if (!word.isEmpty()) {
                Say.once("spark.memgrant.modeFile: " + file + " says neither observe nor enforce; the mode stays as it is");
            }
        } catch (Exception unreadable) {
            Say.once("spark.memgrant.modeFile: " + file + " can't be read; the mode stays as it is", unreadable);
        }
    }

    /** Of a regular file: a pipe would be waited for. */
    private static String firstWord(Path path) throws Exception {
        if (!Files.isRegularFile(path)) {
            return "";
        }
        try (InputStream text = Files.newInputStream(path)) {
            return new String(text.readNBytes(LONGEST), StandardCharsets.US_ASCII).strip().lines().findFirst().orElse("").strip();
        }
    }

    private synchronized void switchTo(boolean enforce) {
        if (gaveUp || enforces == enforce) {
            return;
        }
        enforces = enforce;
        Say.again("executors " + (enforce ? "enforce" : "observe") + " from now on, as " + file + " says");
    }
}
