package io.memgrant.spark;

import io.memgrant.Say;
import java.util.Collections;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.PluginContext;

/**
 * Says on the driver, where people look first, what the executors would say: that settings make no sense. With a local
 * master the driver is the executor, and its executor side says so. Keeps what denied tasks needed.
 */
final class DriverSide implements DriverPlugin {
    private final Retries.Needs needs = new Retries.Needs();
    /** Null where no executor is another process. */
    private volatile Deaths deaths;

    @Override
    public Map<String, String> init(SparkContext context, PluginContext plugin) {
        try {
            String wrong = whatIsWrong(plugin.conf());
            if (wrong != null) {
                Say.once(wrong);
            }
            if (!isLocal(plugin.conf().get("spark.master", ""))) {
                deaths = new Deaths(context.conf(), died -> tell(context, died));
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
    }

    @Override
    public Object receive(Object message) {
        if (message instanceof Snapshot snapshot) {
            if (deaths != null) {
                deaths.receive(snapshot);
            }
            return null;
        }
        return needs.receive(message);
    }

    private static void tell(SparkContext context, ExecutorDied died) {
        if (!context.isStopped()) {
            Say.again(died.killer);
            Say.again(died.held);
            context.listenerBus().post(died);
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
