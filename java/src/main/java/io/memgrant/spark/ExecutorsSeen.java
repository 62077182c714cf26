package io.memgrant.spark;

import org.apache.spark.scheduler.SparkListenerEvent;

/**
 * In the event log: what executors held, for the History Server's tab. Fields are added, none renamed. Java 8 bytecode: a server with
 * this jar reads logs by this class.
 */
public final class ExecutorsSeen implements SparkListenerEvent {
    public int schema = 1;
    public long time;
    /** JSON: a list of executors, as in the application's report. */
    public String executors;
}
