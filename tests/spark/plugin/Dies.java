package io.memgrant.tests;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.MetricRegistryListener;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.SparkEnv;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.metrics.source.Source;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerEvent;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.rocksdb.RocksDB;
import org.rocksdb.WriteBatch;

/**
 * An executor ends in the middle of a job on RocksDB, by SIGKILL or, in a container, because it takes more than there is: the driver says
 * why. What it holds is in the driver's Prometheus page before. Another one is asked to end, and tells the driver what it had.
 */
final class Dies extends OnCluster {
    private static final int HELD_MB = 160;
    /** After so many seconds an event does not come any more, however slow the machine is. */
    private static final long LONG = 300;
    private static final String PLUGIN = "plugin.io.memgrant.spark.MemgrantPlugin";
    private static final List<WriteBatch> HELD = new ArrayList<>();

    private Dies(JavaSparkContext spark) {
        super(spark);
    }

    /** Megabytes in batches of RocksDB's, which outlive their task. */
    private static void hold(int megabytes) throws Exception {
        RocksDB.loadLibrary();
        byte[] value = new byte[1 << 20];
        for (int i = 0; i < megabytes; i++) {
            WriteBatch batch = new WriteBatch();
            HELD.add(batch);
            batch.put(new byte[] {1}, value);
        }
    }

    /** Completes when the driver has a figure of that name: what it has then was taken later than what came before it. */
    private static CompletableFuture<String> figure(String part) {
        CompletableFuture<String> found = new CompletableFuture<>();
        Source source = SparkEnv.get().metricsSystem().getSourcesByName(PLUGIN).head();
        source.metricRegistry().addListener(new MetricRegistryListener.Base() {
            @Override
            public void onGaugeAdded(String name, Gauge<?> gauge) {
                if (name.contains(part)) {
                    found.complete(name);
                }
            }
        });
        return found;
    }

    private CompletableFuture<SparkListenerEvent> death() {
        CompletableFuture<SparkListenerEvent> died = new CompletableFuture<>();
        spark.sc().addSparkListener(new SparkListener() {
            @Override
            public void onOtherEvent(SparkListenerEvent event) {
                if (event.getClass().getSimpleName().equals("ExecutorDied")) {
                    died.complete(event);
                }
            }
        });
        return died;
    }

    private void holdAndSee() throws Exception {
        CompletableFuture<String> later = figure(".library.libtarget.");
        run(1, task -> {
            hold(HELD_MB);
            Target.allocate(MB); // another library's, later
            return "";
        });
        try {
            later.get(LONG, TimeUnit.SECONDS);
        } catch (TimeoutException never) {
            Source source = SparkEnv.get().metricsSystem().getSourcesByName(PLUGIN).head();
            Check.that(false, "the driver is told what an executor holds", "%s", source.metricRegistry().getNames());
        }
        URI page = URI.create(spark.sc().uiWebUrl().get() + "/metrics/prometheus/");
        String text = HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(page).build(), HttpResponse.BodyHandlers.ofString()).body();
        List<String> seen = text.lines().filter(line -> line.matches("metrics.*executor_\\d+_library_librocksdbjni.*_used_Value\\{.*"))
                .toList();
        Check.that(seen.size() == 1 && Double.parseDouble(seen.get(0).replaceAll(".* ", "")) >= HELD_MB * MB,
                "the driver's Prometheus page shows what RocksDB has on the executor", "%s", seen);
        run(1, task -> {
            MetricRegistry own = SparkEnv.get().metricsSystem().getSourcesByName(PLUGIN).head().metricRegistry();
            Check.that(own.getGauges().keySet().containsAll(List.of("used", "granted", "overdraft", "denials", "lent")),
                    "an executor's sinks have its figures", "%s", own.getNames());
            return "";
        });
    }

    private void die(boolean byKernel) throws Exception {
        CompletableFuture<SparkListenerEvent> died = death();
        String failure = failure(1, task -> {
            if (task.attemptNumber() == 0) {
                hold(byKernel ? 100_000 : 1);
                new ProcessBuilder("kill", "-KILL", Long.toString(ProcessHandle.current().pid())).start().waitFor();
            }
            return "";
        });
        Check.that(failure.equals("the job succeeded"), "the job goes on on another executor", "%s", failure);
        Check.that(died.get(LONG, TimeUnit.SECONDS) != null, "the driver says why", "");
    }

    /** The next executor is asked to end, by SIGTERM. */
    private void end() throws Exception {
        String[] executor = run(1, task -> {
            Target.allocate(3 * MB);
            return SparkEnv.get().executorId() + " " + ProcessHandle.current().pid();
        }).get(0).split(" ");
        CompletableFuture<String> removed = new CompletableFuture<>();
        spark.sc().addSparkListener(new SparkListener() {
            @Override
            public void onExecutorRemoved(SparkListenerExecutorRemoved event) {
                if (event.executorId().equals(executor[0])) {
                    removed.complete(event.reason());
                }
            }
        });
        ProcessHandle.of(Long.parseLong(executor[1])).orElseThrow().destroy();
        Check.that(removed.get(LONG, TimeUnit.SECONDS) != null, "an executor that is asked to end ends", "");
    }

    public static void main(String[] words) throws Exception {
        try (JavaSparkContext spark = new JavaSparkContext()) {
            Dies job = new Dies(spark);
            job.holdAndSee();
            job.die(Boolean.getBoolean("kernel"));
            if (!Boolean.getBoolean("kernel")) {
                job.end();
            }
        }
    }
}
