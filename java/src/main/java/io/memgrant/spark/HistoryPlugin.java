package io.memgrant.spark;

import io.memgrant.Say;
import org.apache.spark.SparkConf;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.status.AppHistoryServerPlugin;
import org.apache.spark.status.ElementTrackingStore;
import org.apache.spark.ui.SparkUI;
import scala.collection.immutable.List;
import scala.collection.immutable.Nil$;
import scala.collection.immutable.Seq;

/**
 * For a History Server that has this jar on its class path. Nothing in here throws; Java 8 bytecode, since a class that can't be loaded would
 * keep the server from showing any application.
 */
public final class HistoryPlugin implements AppHistoryServerPlugin {
    @SuppressWarnings("unchecked")
    private static Seq<SparkListener> none() {
        return (Seq<SparkListener>) (Seq<?>) Nil$.MODULE$;
    }

    @Override
    public Seq<SparkListener> createListeners(SparkConf conf, ElementTrackingStore store) {
        try {
            if (MemgrantPlugin.isOldJava()) {
                return none();
            }
            List<SparkListener> one = ((List<SparkListener>) none()).$colon$colon(new Replayed(store));
            return one;
        } catch (Throwable broken) {
            Say.once("the History Server does not show native memory", broken);
            return none();
        }
    }

    @Override
    public void setupUI(SparkUI ui) {
        try {
            if (!MemgrantPlugin.isOldJava()) {
                Tab.addTo(ui);
            }
        } catch (Throwable broken) {
            Say.once("the History Server does not show native memory", broken);
        }
    }
}
