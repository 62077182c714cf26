package io.memgrant.demo;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;
import scala.Tuple2;
import scala.collection.JavaConverters;
import scala.reflect.ClassTag$;

/** The executors of the running session, and tasks sent to one of them. */
final class Cluster {
    private final JavaSparkContext context;
    private final Map<String, String> hosts;

    Cluster(JavaSparkContext context, int executors) throws InterruptedException {
        this.context = context;
        hosts = Events.instance().awaitExecutors(executors);
    }

    List<String> executors() {
        return new ArrayList<>(hosts.keySet());
    }

    /** Runs one task for each item on the executor of that index; spark.locality.wait sees that Spark keeps to it. */
    @SuppressWarnings({"unchecked", "rawtypes"}) // Spark's Seq is not the same one in Scala 2.12 and 2.13; List is both
    <T extends Serializable, R> List<R> run(List<T> items, List<Integer> executors, Function<T, R> work) {
        List<Tuple2<T, ?>> placed = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            String id = executors().get(executors.get(i));
            String location = "executor_" + hosts.get(id) + "_" + id;
            placed.add(new Tuple2<>(items.get(i), seq(List.of(location))));
        }
        scala.collection.immutable.List all = seq(placed);
        JavaRDD<T> rdd = context.sc().makeRDD(all, ClassTag$.MODULE$.apply(Object.class)).toJavaRDD();
        return rdd.map(work).collect();
    }

    /** The census of every executor, in the order of {@link #executors}. */
    List<Census.Executor> census(boolean armed) {
        List<Integer> each = new ArrayList<>();
        for (int i = 0; i < hosts.size(); i++) {
            each.add(i);
        }
        return run(new ArrayList<>(each), each, index -> Census.take(armed));
    }

    /** Waits until listeners have seen every event so far. */
    void settleEvents() {
        try {
            context.sc().listenerBus().waitUntilEmpty();
        } catch (java.util.concurrent.TimeoutException e) {
            throw new IllegalStateException("Spark's listeners do not come to rest", e);
        }
    }

    @SuppressWarnings("deprecation") // in Scala 2.13; 2.12 has no other
    private static <T> scala.collection.immutable.List<T> seq(List<T> list) {
        return JavaConverters.asScalaBuffer(list).toList();
    }
}
