package io.memgrant.spark;

import org.apache.spark.scheduler.SparkListenerEvent;

/**
 * In the event log: why an executor was lost, for {@code memgrant why}. Fields are added, none renamed; the History Server ignores it.
 * Java 8 bytecode: a server with this jar reads logs by this class.
 */
public final class ExecutorDied implements SparkListenerEvent {
    public int schema = 1;
    public String executorId;
    public long time;
    /** -1: nobody said. */
    public int exitCode = -1;
    /** What there is to tell people, a sentence each. */
    public String killer;
    public String held;
}
