package io.memgrant.spark;

import io.memgrant.Say;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.spark.SparkConf;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;

/** On the driver: the last minute of each executor, and when one is lost, why. Thread-safe. */
final class Deaths extends SparkListener {
    private static final long MINUTE_MILLIS = 60_000;
    private static final long KEPT_MILLIS = 5_000;
    private static final int REMOVED = 1_000;

    private final SparkConf conf;
    private final Consumer<ExecutorDied> teller;
    private final Consumer<String> ender;
    private final Rollout rollout;
    private final Map<String, Deque<Snapshot>> lives = new HashMap<>();
    /** The last that were removed: what they sent before may come after. Spark gives no number twice. */
    private final Map<String, Boolean> removed = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > REMOVED;
        }
    };
    private Metrics metrics;

    /**
     * @param teller told of each that did not end in order
     * @param ender told afterwards of each that ended
     */
    Deaths(SparkConf conf, Rollout rollout, Consumer<ExecutorDied> teller, Consumer<String> ender) {
        this.conf = conf;
        this.rollout = rollout;
        this.teller = teller;
        this.ender = ender;
    }

    synchronized void show(Metrics shown) {
        metrics = shown;
        count(); // a registry without any figure is never asked
    }

    private void count() {
        if (metrics != null) {
            metrics.show("", Map.of("executors", (long) lives.size()));
        }
    }

    /** Of its last minute one every five seconds stays, and the newest. */
    synchronized void receive(Snapshot snapshot) {
        if (removed.containsKey(snapshot.executor())) {
            return;
        }
        Deque<Snapshot> life = lives.computeIfAbsent(snapshot.executor(), executor -> new ArrayDeque<>());
        Snapshot last = life.pollLast();
        Snapshot before = life.peekLast();
        if (last != null && (before == null || last.millis() - before.millis() >= KEPT_MILLIS)) {
            life.addLast(last);
        }
        life.addLast(snapshot);
        while (snapshot.millis() - life.peekFirst().millis() > MINUTE_MILLIS) {
            life.removeFirst();
        }
        if (metrics != null) {
            metrics.show("executor." + snapshot.executor() + ".", snapshot.figures());
        }
        count();
    }

    @Override
    public void onExecutorRemoved(SparkListenerExecutorRemoved event) {
        try {
            rollout.ended(event.reason() == null ? "" : event.reason());
            Deque<Snapshot> life = end(event.executorId());
            if (life != null) {
                explain(event, life.peekFirst(), life.peekLast());
            }
        } catch (Throwable broken) {
            Say.once("why an executor was lost is not said", broken);
        } finally {
            ender.accept(event.executorId());
        }
    }

    private synchronized Deque<Snapshot> end(String executor) {
        removed.put(executor, true);
        Deque<Snapshot> life = lives.remove(executor);
        if (metrics != null) {
            metrics.forget("executor." + executor + ".");
        }
        count();
        return life;
    }

    private void explain(SparkListenerExecutorRemoved event, Snapshot first, Snapshot last) {
        Verdict verdict = new Verdict(event.reason(), first, last, event.time(), conf);
        if (verdict.isOrderly()) {
            return;
        }
        ExecutorDied died = new ExecutorDied();
        died.executorId = event.executorId();
        died.time = event.time();
        died.exitCode = verdict.exitCode();
        died.killer = verdict.killer();
        died.held = verdict.held();
        teller.accept(died);
    }
}
