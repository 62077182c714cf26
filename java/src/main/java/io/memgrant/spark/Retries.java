package io.memgrant.spark;

import io.memgrant.Say;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.spark.TaskContext;
import org.apache.spark.api.plugin.PluginContext;

/**
 * What denied tasks needed. The driver keeps it, because Spark may run the next attempt on any executor. Thread-safe.
 */
final class Retries {
    private final PluginContext driver;

    Retries(PluginContext driver) {
        this.driver = driver;
    }

    /** One task of a stage, in all of its attempts. */
    private record Task(int stage, int partition) implements Serializable {}

    /** To the driver: an attempt was denied when it needed so many bytes. */
    private record Denied(Task task, long need) implements Serializable {}

    /** Returns when the driver knows, which is before Spark starts the next attempt. */
    void denied(TaskContext context, long need) {
        try {
            driver.ask(new Denied(taskOf(context), need));
        } catch (Exception unreachable) {
            sayUnlessKilled("the driver was not told what a denied task needed", unreachable);
        }
    }

    /** What an attempt before this one needed when it was denied; 0 when none was. */
    long need(TaskContext context) {
        if (context.attemptNumber() == 0) {
            return 0;
        }
        try {
            return driver.ask(taskOf(context)) instanceof Long need ? need : 0;
        } catch (Exception unreachable) {
            sayUnlessKilled("the driver was not asked what a denied task needed", unreachable);
            return 0;
        }
    }

    private static Task taskOf(TaskContext context) {
        return new Task(context.stageId(), context.partitionId());
    }

    /** A task that is killed meanwhile needs nothing any more. */
    private static void sayUnlessKilled(String line, Exception caught) {
        if (caught instanceof InterruptedException) {
            Thread.currentThread().interrupt();
        } else {
            Say.once(line, caught);
        }
    }

    /** The driver's part. Thread-safe. */
    static final class Needs {
        /** A job with more denied tasks has other worries: the oldest are forgotten. */
        private static final int MOST = 100_000;

        private final Map<Task, Long> needs = new LinkedHashMap<>() {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(Map.Entry<Task, Long> eldest) {
                return size() > MOST;
            }
        };

        /** @return the answer to an executor's message */
        synchronized Object receive(Object message) {
            if (message instanceof Denied denied) {
                return needs.merge(denied.task, denied.need, Math::max);
            }
            return message instanceof Task task ? needs.getOrDefault(task, 0L) : null;
        }
    }
}
