package org.apache.spark.status;

/** As Spark 3.5 has it, for the compiler alone; see WebUIPage. */
public interface AppHistoryServerPlugin {
    scala.collection.Seq<org.apache.spark.scheduler.SparkListener> createListeners(org.apache.spark.SparkConf conf, ElementTrackingStore store);

    void setupUI(org.apache.spark.ui.SparkUI ui);

    default int displayOrder() {
        return Integer.MAX_VALUE;
    }
}
