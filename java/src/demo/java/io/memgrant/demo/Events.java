package io.memgrant.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.ExceptionFailure;
import org.apache.spark.TaskFailedReason;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorAdded;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerTaskEnd;

/** What Spark tells its listeners. spark.extraListeners makes the one instance, so that no event is missed. */
public final class Events extends SparkListener {
    private static Events instance;

    private final Map<String, String> hosts = new TreeMap<>();
    private final List<String> removed = new ArrayList<>();
    private final List<TaskEnd> taskEnds = new ArrayList<>();

    /**
     * The end of one attempt.
     *
     * @param failure null when the attempt succeeded
     * @param spilled TaskMetrics.memoryBytesSpilled
     * @param counted whether Spark counts the failure against spark.task.maxFailures
     * @param stack the failure with its stack trace and causes
     */
    record TaskEnd(int stage, int index, long task, int attempt, String executor, String failure, String message,
            boolean counted, String stack, long spilled) {}

    /** Called by Spark. */
    public Events() {
        instance = this;
    }

    static Events instance() {
        return instance;
    }

    @Override
    public synchronized void onExecutorAdded(SparkListenerExecutorAdded event) {
        hosts.put(event.executorId(), event.executorInfo().executorHost());
        notifyAll();
    }

    @Override
    public synchronized void onExecutorRemoved(SparkListenerExecutorRemoved event) {
        removed.add("executor " + event.executorId() + ": " + event.reason());
    }

    @Override
    public synchronized void onTaskEnd(SparkListenerTaskEnd event) {
        String failure = null;
        String message = null;
        String stack = null;
        boolean counted = false;
        if (event.reason() instanceof TaskFailedReason reason) {
            failure = reason.getClass().getName();
            message = reason.toErrorString();
            counted = reason.countTowardsTaskFailures();
            if (reason instanceof ExceptionFailure exception) {
                failure = exception.className();
                message = exception.description();
                stack = exception.fullStackTrace();
            }
        }
        taskEnds.add(new TaskEnd(event.stageId(), event.taskInfo().index(), event.taskInfo().taskId(),
                event.taskInfo().attemptNumber(), event.taskInfo().executorId(), failure, message, counted, stack,
                event.taskMetrics() == null ? 0 : event.taskMetrics().memoryBytesSpilled()));
        if (failure != null) {
            Say.progress("task %d failed on executor %s with %s", event.taskInfo().taskId(),
                    event.taskInfo().executorId(), failure);
        }
    }

    /** Waits until so many executors are there; their hosts by id. */
    synchronized Map<String, String> awaitExecutors(int count) throws InterruptedException {
        while (hosts.size() < count) {
            wait();
        }
        return new TreeMap<>(hosts);
    }

    synchronized List<String> removed() {
        return new ArrayList<>(removed);
    }

    synchronized List<TaskEnd> taskEnds() {
        return new ArrayList<>(taskEnds);
    }
}
