package io.memgrant.spark;

import io.memgrant.Memgrant;
import io.memgrant.Recorder;
import io.memgrant.Say;
import java.util.concurrent.ScheduledFuture;
import org.apache.spark.api.plugin.PluginContext;

/**
 * Tells the outside what this executor holds: the live page, Spark's metrics, and the driver, which keeps the last word of an executor
 * that dies.
 */
final class Reporter {
    private static final long LOOK_MILLIS = 100;

    private final PluginContext plugin;
    private final Container container = Container.find();
    private final Metrics metrics;
    private final ScheduledFuture<?> looking;
    private final Pace pace = new Pace();
    /** Null where nobody wants the application's report. */
    private final LastWord lastWord;

    /** @param isCollected whether the driver writes the application's report */
    Reporter(PluginContext plugin, boolean isCollected) {
        this.plugin = plugin;
        lastWord = isCollected ? new LastWord(plugin, container) : null;
        metrics = new Metrics(plugin.metricRegistry());
        look(); // metrics that are not there when the plugin has started are never asked for
        looking = Watch.everyUndisturbed(LOOK_MILLIS, this::look);
    }

    void close() {
        looking.cancel(false);
        if (lastWord != null) {
            lastWord.sayAtOnce();
        }
    }

    private void look() {
        try {
            if (pace.sends(System.nanoTime())) {
                tell();
                Recorder.isOn();
                return;
            }
            long used = Memgrant.root().used();
            if (pace.shows(used)) {
                show(used);
            }
        } catch (Throwable broken) {
            Say.once("the driver was not told what this executor holds", broken);
        }
    }

    private void show(long used) {
        Memgrant.publish();
        pace.shown(used);
    }

    private void tell() throws Exception {
        Snapshot snapshot = Snapshot.take(plugin.executorID(), container);
        show(snapshot.used());
        metrics.show("", snapshot.figures());
        plugin.send(snapshot);
    }
}
