package io.memgrant.spark;

import io.memgrant.Say;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerApplicationEnd;

/** On the driver: tells the event log what executors hold, seldom, since such an event is written out at once. Thread-safe. */
final class News extends SparkListener {
    private static final long NANOS = TimeUnit.SECONDS.toNanos(30);
    /** In such a time on average, however many executors there are. */
    private static final int CHARACTERS = 1 << 16;

    private final SparkContext context;
    private final Application application;
    private boolean hasTold;
    private long toldNanos;
    private long waitNanos;

    News(SparkContext context, Application application) {
        this.context = context;
        this.application = application;
    }

    synchronized void tellInTime() {
        long now = System.nanoTime();
        if (!hasTold || now - toldNanos >= waitNanos) {
            hasTold = true;
            toldNanos = now;
            waitNanos = NANOS * (1 + tell(false) / CHARACTERS);
        }
    }

    /** Spark 3.5 takes no event any more when plugins end. */
    @Override
    public void onApplicationEnd(SparkListenerApplicationEnd end) {
        tell();
    }

    /** All that is new. */
    synchronized void tell() {
        tell(true);
    }

    /** Returns how many characters that took. */
    private int tell(boolean all) {
        try {
            ExecutorsSeen seen = new ExecutorsSeen();
            seen.time = System.currentTimeMillis();
            seen.executors = application.news(all);
            if (seen.executors != null) {
                context.listenerBus().post(seen);
                return seen.executors.length();
            }
        } catch (Throwable broken) {
            Say.once("the event log is not told what executors hold", broken);
        }
        return 0;
    }
}
