package io.memgrant;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Accountants for {@link Account#startCourier} beside Spark's. All are thread-safe, and none waits. */
public final class Accountants {
    /** What {@link #logging(NativeMemoryAccountant)} logs at least, in bytes. */
    public static final long LOGGED = 1024;

    private Accountants() {}

    /**
     * A fixed budget. One that is asked for more than is left grants what is left.
     *
     * @param bytes the budget, 0 or more
     * @throws IllegalArgumentException when it is less than 0
     */
    public static NativeMemoryAccountant fixed(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("a budget of " + bytes + " bytes");
        }
        return new Fixed(bytes);
    }

    /** The accountant, with what it grants and gets back in the log (of {@link NativeMemoryAccountant}), from {@link #LOGGED} bytes on. */
    public static NativeMemoryAccountant logging(NativeMemoryAccountant accountant) {
        return logging(accountant, LOGGED);
    }

    /**
     * The accountant, with what it grants and gets back in the log.
     *
     * @param threshold less than so many bytes is not logged; it is counted all the same
     */
    public static NativeMemoryAccountant logging(NativeMemoryAccountant accountant, long threshold) {
        return logging(accountant, threshold, log());
    }

    /** The same, with lines that go elsewhere. */
    public static NativeMemoryAccountant logging(NativeMemoryAccountant accountant, long threshold, Consumer<String> lines) {
        return new Logging(accountant, threshold, lines);
    }

    /** As Spark logs; where there is no slf4j, as the JDK does. */
    private static Consumer<String> log() {
        String name = NativeMemoryAccountant.class.getName();
        try {
            Logger log = LoggerFactory.getLogger(name);
            return log::info;
        } catch (LinkageError absent) {
            System.Logger log = System.getLogger(name);
            return line -> log.log(System.Logger.Level.INFO, line);
        }
    }

    private static final class Fixed implements NativeMemoryAccountant {
        private final long budget;
        private final AtomicLong free;

        Fixed(long budget) {
            this.budget = budget;
            this.free = new AtomicLong(budget);
        }

        @Override
        public long acquireMemory(long bytes) {
            long before = free.getAndUpdate(left -> left - granted(left, bytes));
            return granted(before, bytes);
        }

        private static long granted(long left, long bytes) {
            return Math.max(0, Math.min(left, bytes));
        }

        /** What nobody was granted is no more than the budget, whatever is given back. */
        @Override
        public void releaseMemory(long bytes) {
            free.updateAndGet(left -> Math.min(budget, left + Math.max(0, Math.min(bytes, budget))));
        }

        @Override
        public String toString() {
            return "fixed budget of " + budget + " bytes, " + free + " free";
        }
    }

    private static final class Logging implements NativeMemoryAccountant {
        private final NativeMemoryAccountant accountant;
        private final long threshold;
        private final Consumer<String> lines;
        private final AtomicLong held = new AtomicLong();

        Logging(NativeMemoryAccountant accountant, long threshold, Consumer<String> lines) {
            this.accountant = accountant;
            this.threshold = threshold;
            this.lines = lines;
        }

        @Override
        public long acquireMemory(long bytes) {
            long granted = accountant.acquireMemory(bytes);
            long now = held.addAndGet(granted);
            if (bytes >= threshold) {
                lines.accept("acquired " + granted + " of " + bytes + " bytes, " + now + " held: " + accountant);
            }
            return granted;
        }

        @Override
        public void releaseMemory(long bytes) {
            accountant.releaseMemory(bytes);
            long now = held.addAndGet(-bytes);
            if (bytes >= threshold) {
                lines.accept("released " + bytes + " bytes, " + now + " held: " + accountant);
            }
        }

        @Override
        public String toString() {
            return "logged " + accountant;
        }
    }
}
