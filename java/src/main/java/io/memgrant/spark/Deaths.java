package io.memgrant.spark;

import io.memgrant.Say;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;

/** On the driver: the last minute of each executor, and when one is lost, why. Thread-safe. */
final class Deaths extends SparkListener {
    private static final long MINUTE_MILLIS = 60_000;
    private static final long KEPT_MILLIS = 5_000;

    private final SparkContext context;
    private final Map<String, Deque<Snapshot>> lives = new ConcurrentHashMap<>();
    private volatile Metrics metrics;

    Deaths(SparkContext context) {
        this.context = context;
    }

    void show(Metrics shown) {
        metrics = shown;
    }

    /** Of its last minute one every five seconds stays, and the newest. */
    void receive(Snapshot snapshot) {
        Deque<Snapshot> life = lives.computeIfAbsent(snapshot.executor(), executor -> new ArrayDeque<>());
        synchronized (life) {
            Snapshot last = life.pollLast();
            Snapshot before = life.peekLast();
            if (last != null && (before == null || last.millis() - before.millis() >= KEPT_MILLIS)) {
                life.addLast(last);
            }
            life.addLast(snapshot);
            while (snapshot.millis() - life.peekFirst().millis() > MINUTE_MILLIS) {
                life.removeFirst();
            }
        }
        if (metrics != null) {
            metrics.show("executor." + snapshot.executor() + ".", snapshot.figures());
        }
    }

    @Override
    public void onExecutorRemoved(SparkListenerExecutorRemoved removed) {
        try {
            Deque<Snapshot> life = lives.remove(removed.executorId());
            if (metrics != null) {
                metrics.forget("executor." + removed.executorId() + ".");
            }
            if (life != null) {
                synchronized (life) {
                    explain(removed, life.peekFirst(), life.peekLast());
                }
            }
        } catch (Throwable broken) {
            Say.once("why an executor was lost is not said", broken);
        }
    }

    private void explain(SparkListenerExecutorRemoved removed, Snapshot first, Snapshot last) {
        Verdict verdict = new Verdict(removed.reason(), first, last, removed.time(), context.conf());
        if (verdict.isOrderly() || context.isStopped()) {
            return;
        }
        ExecutorDied died = new ExecutorDied();
        died.executorId = removed.executorId();
        died.time = removed.time();
        died.exitCode = verdict.exitCode();
        died.killer = verdict.killer();
        died.held = verdict.held();
        Say.again(died.killer);
        Say.again(died.held);
        context.listenerBus().post(died);
    }
}
