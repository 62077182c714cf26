package io.memgrant.spark;

import io.memgrant.Account;
import io.memgrant.Memgrant;
import io.memgrant.Say;
import java.util.concurrent.ScheduledFuture;
import org.apache.spark.api.plugin.PluginContext;

/**
 * Tells the outside what this executor holds: the live page, Spark's metrics, and the driver, which keeps the last word of an executor
 * that dies. Each second, and sooner where much was taken since.
 */
final class Reporter {
    private static final long LOOK_MILLIS = 100;
    private static final int LOOKS = 10;
    private static final long MUCH = 32 << 20;

    private final PluginContext plugin;
    private final Container container = Container.find();
    private final Metrics metrics;
    private final ScheduledFuture<?> looking;
    private long told;
    private int looks;

    Reporter(PluginContext plugin) {
        this.plugin = plugin;
        metrics = new Metrics(plugin.metricRegistry());
        tell(); // metrics that are not there when the plugin has started are never asked for
        looking = Watch.everyUndisturbed(LOOK_MILLIS, this::look);
    }

    void close() {
        looking.cancel(false);
    }

    private void look() {
        try {
            Account root = Memgrant.root();
            if (++looks % LOOKS == 0 || Math.abs(root.used() - told) >= MUCH) {
                tell();
            }
        } catch (Throwable broken) {
            Say.once("the driver was not told what this executor holds", broken);
        }
    }

    private void tell() {
        try {
            Memgrant.publish();
            Snapshot snapshot = Snapshot.take(plugin.executorID(), container);
            told = snapshot.used();
            metrics.show("", snapshot.figures());
            plugin.send(snapshot);
        } catch (Throwable broken) {
            Say.once("the driver was not told what this executor holds", broken);
        }
    }
}
