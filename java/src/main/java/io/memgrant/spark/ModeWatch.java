package io.memgrant.spark;

import io.memgrant.Mode;
import io.memgrant.Say;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.spark.api.plugin.PluginContext;

/** On an executor: asks the driver each second what the mode is, and tells it of couriers that got stuck ({@link Rollout}). */
final class ModeWatch {
    private static final long LOOK_MILLIS = 1_000;

    private final PluginContext driver;
    private final Consumer<String> switchTo;
    private final long courierMillis;
    private final ScheduledFuture<?> looking;
    private volatile boolean closed;
    private boolean wasLate;

    /** @param switchTo told what the driver answers, each time */
    ModeWatch(PluginContext driver, Settings settings, Consumer<String> switchTo) {
        this.driver = driver;
        this.switchTo = switchTo;
        courierMillis = Long.parseLong(settings.get("courier_wait_ms", "60000"));
        looking = Watch.everyUndisturbed(LOOK_MILLIS, this::look);
    }

    void close() {
        closed = true;
        looking.cancel(false);
    }

    private void look() {
        try {
            if (driver.ask(new Rollout.Question(driver.executorID(), late())) instanceof String mode && !closed) {
                switchTo.accept(mode);
            }
        } catch (Throwable broken) {
            if (!closed) {
                Say.once("the driver was not asked whether this executor enforces: it goes on as it is", broken);
            }
        }
    }

    /** Seen twice: after a long pause of the whole JVM each courier looks late, once. */
    private long late() {
        long nanos = Mode.longestRequestNanos();
        long millis = nanos == Long.MAX_VALUE ? nanos : TimeUnit.NANOSECONDS.toMillis(nanos);
        boolean isLate = courierMillis > 0 && millis > courierMillis;
        boolean isStuck = isLate && wasLate;
        wasLate = isLate;
        return isStuck ? millis : 0;
    }
}
