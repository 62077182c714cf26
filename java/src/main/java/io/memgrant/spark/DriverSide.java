package io.memgrant.spark;

import io.memgrant.Say;
import java.util.Collections;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.PluginContext;

/** Says on the driver, where people look first, what the executors would say: that settings make no sense. */
final class DriverSide implements DriverPlugin {
    @Override
    public Map<String, String> init(SparkContext context, PluginContext plugin) {
        try {
            String wrong = whatIsWrong(plugin.conf());
            if (wrong != null) {
                Say.once(wrong);
            }
        } catch (Throwable unreadable) {
            Say.once("the driver could not check the settings", unreadable);
        }
        return Collections.emptyMap();
    }

    /** Null, or one line. */
    static String whatIsWrong(SparkConf conf) {
        Settings settings = new Settings(conf, Map.of());
        if (settings.whyModeIsUnknown() != null) {
            return settings.whyModeIsUnknown();
        }
        if (settings.isOff()) {
            return null;
        }
        String preload = conf.get("spark.executorEnv.LD_PRELOAD", "");
        if (hasExecutors(conf.get("spark.master", "")) && !preload.contains("libmemgrant")) {
            return PreloadedLibrary.ABSENT;
        }
        return settings.enforces() ? settings.whyNotEnforceable() : null;
    }

    /** local, local[4] and local[*,3] run tasks in the driver itself, whose executor side speaks then. */
    private static boolean hasExecutors(String master) {
        return !master.equals("local") && !master.startsWith("local[");
    }
}
