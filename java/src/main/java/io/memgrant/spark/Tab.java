package io.memgrant.spark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.ui.SparkUI;
import org.apache.spark.ui.SparkUITab;
import org.apache.spark.util.kvstore.KVStoreIterator;

/** The tab "Memgrant" of Spark's UI and of the History Server: what executors hold. */
final class Tab extends SparkUITab {
    private static final String PATH = "memgrant";

    private Tab(SparkUI ui, Callable<List<JsonNode>> executors) {
        super(ui, PATH);
        attachPage(new Page(this, executors));
    }

    /** @param executors all that are known, as in the application's report */
    static void addTo(SparkUI ui, Callable<List<JsonNode>> executors) {
        ui.attachTab(new Tab(ui, executors));
    }

    /** Of an application whose event log was read; not where that says nothing of executors. */
    static void addTo(SparkUI ui) throws Exception {
        if (!stored(ui).isEmpty()) {
            addTo(ui, () -> stored(ui));
        }
    }

    private static List<JsonNode> stored(SparkUI ui) throws Exception {
        ObjectMapper json = new ObjectMapper();
        List<JsonNode> executors = new ArrayList<>();
        try (KVStoreIterator<SeenExecutor> all = ui.store().store().view(SeenExecutor.class).closeableIterator()) {
            while (all.hasNext()) {
                executors.add(json.readTree(all.next().json));
            }
        }
        return executors;
    }
}
