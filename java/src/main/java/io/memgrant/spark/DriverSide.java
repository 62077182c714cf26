package io.memgrant.spark;

import io.memgrant.Say;
import java.util.Collections;
import java.util.Map;
import java.util.concurrent.ScheduledFuture;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.PluginContext;

/**
 * Says on the driver, where people look first, what the executors would say: that settings make no sense. With a local
 * master the driver is the executor, and its executor side says so. Keeps what denied tasks needed.
 */
final class DriverSide implements DriverPlugin {
    private static final long LOOK_MILLIS = 1_000;

    private final Retries.Needs needs = new Retries.Needs();
    /** Null when the settings can't be read. */
    private volatile Rollout rollout;
    /** Null without a file that switches the mode. */
    private volatile ScheduledFuture<?> looking;
    /** Null where no executor is another process. */
    private volatile Deaths deaths;
    private final Application application = new Application();
    /** Of the application's report; null where nobody wants it. */
    private volatile String report;
    /** Null where no event log is written. */
    private volatile News news;
    private volatile SparkContext context;

    @Override
    public Map<String, String> init(SparkContext context, PluginContext plugin) {
        try {
            String wrong = whatIsWrong(plugin.conf());
            if (wrong != null) {
                Say.once(wrong);
            }
            rollout = new Rollout(new Settings(plugin.conf(), Map.of()));
            if (rollout.isSwitched()) {
                looking = Watch.every(LOOK_MILLIS, LOOK_MILLIS, rollout::look);
            }
            this.context = context;
            report = new Settings(plugin.conf(), Map.of()).report();
            if (context.conf().getBoolean("spark.eventLog.enabled", false)) {
                news = new News(context, application);
                context.addSparkListener(news);
            }
            if (!isLocal(plugin.conf().get("spark.master", ""))) {
                deaths = new Deaths(context.conf(), rollout, this::tell, this::removed);
                context.addSparkListener(deaths);
            }
        } catch (Throwable unreadable) {
            Say.once("the driver could not check the settings", unreadable);
        }
        return Collections.emptyMap();
    }

    @Override
    public void registerMetrics(String application, PluginContext plugin) {
        try {
            if (deaths != null) {
                deaths.show(new Metrics(plugin.metricRegistry()));
            }
        } catch (Throwable broken) {
            Say.once("the driver's metrics don't show what executors hold", broken);
        }
        try {
            // Not in init: Spark attaches what its UI has between the two.
            if (context.ui().isDefined() && !new Settings(context.conf(), Map.of()).isOff()) {
                Tab.addTo(context.ui().get(), this.application::executors);
            }
        } catch (Throwable other) {
            Say.once("Spark's UI does not show what executors hold", other);
        }
    }

    @Override
    public Object receive(Object message) {
        if (message instanceof Snapshot snapshot) {
            if (deaths != null) {
                deaths.receive(snapshot);
            }
            application.seen(snapshot);
            if (news != null) {
                news.tellInTime();
            }
            return null;
        }
        if (message instanceof LastWord.Ended ended) {
            application.ended(ended);
            return null;
        }
        Object mode = rollout == null ? null : rollout.receive(message);
        return mode == null ? needs.receive(message) : mode;
    }

    private void tell(ExecutorDied died) {
        application.died(died);
        if (!context.isStopped()) {
            Say.again(died.killer);
            Say.again(died.held);
            context.listenerBus().post(died);
        }
    }

    private void removed(String executor) {
        application.removed(executor);
    }

    /** After the executors were told to end, and while they can still be heard. */
    @Override
    public void shutdown() {
        if (looking != null) {
            looking.cancel(false);
        }
        try {
            if (report != null) {
                application.end(context.conf(), report);
            }
            if (news != null) {
                news.tell();
            }
        } catch (Throwable broken) {
            Say.once("the report of the application was not written", broken);
        }
    }

    /** Null, or one line. */
    private static String whatIsWrong(SparkConf conf) {
        Settings settings = new Settings(conf, Map.of());
        if (isLocal(conf.get("spark.master", "")) || settings.isOff()) {
            return null;
        }
        if (settings.whatIsWrong() != null) {
            return settings.whatIsWrong();
        }
        if (!conf.get("spark.executorEnv.LD_PRELOAD", "").contains("libmemgrant")) {
            return PreloadedLibrary.ABSENT;
        }
        return settings.whatIsDoubtful();
    }

    /** local, local[4] and local[*,3], but not local-cluster[2,1,1024]. */
    private static boolean isLocal(String master) {
        return master.equals("local") || master.startsWith("local[");
    }
}
