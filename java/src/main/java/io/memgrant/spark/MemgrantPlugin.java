package io.memgrant.spark;

import io.memgrant.Say;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.SparkPlugin;

/**
 * {@code spark.plugins=io.memgrant.spark.MemgrantPlugin}: native memory that libraries take in an executor is counted
 * for the task that takes it ({@code spark.memgrant.mode=observe}, the default) and granted by Spark's memory manager
 * ({@code spark.memgrant.mode=enforce}). The executors must have been started with {@code libmemgrant.so} preloaded;
 * {@code memgrant spark-conf} prints all settings that this needs.
 *
 * <p>Nothing in here throws: where something is missing or wrong, one line says what, and jobs run as without it. A class
 * that cannot be loaded ends an executor, so this one, {@link HistoryPlugin} and {@link Say} are Java 8 bytecode (Makefile); all others need Java 17.
 */
public final class MemgrantPlugin implements SparkPlugin {
    @Override
    public DriverPlugin driverPlugin() {
        try {
            return isOldJava() ? null : new DriverSide();
        } catch (Throwable missing) {
            Say.once("the driver does not check the settings", missing);
            return null;
        }
    }

    @Override
    public ExecutorPlugin executorPlugin() {
        try {
            return isOldJava() ? null : new ExecutorSide();
        } catch (Throwable missing) {
            Say.once("nothing is counted in this executor", missing);
            return null;
        }
    }

    static boolean isOldJava() {
        String version = System.getProperty("java.specification.version", "");
        boolean old = version.startsWith("1.") || Integer.parseInt(version) < 17;
        if (old) {
            Say.once("nothing is counted: this JVM is Java " + version + ", and Java 17 or later is needed; jobs run as without memgrant");
        }
        return old;
    }
}
