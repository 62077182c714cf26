package io.memgrant.spark;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.memgrant.Say;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerEvent;
import org.apache.spark.status.ElementTrackingStore;

/** In the History Server: keeps the last of each executor while an event log is read. */
final class Replayed extends SparkListener {
    private final ObjectMapper json = new ObjectMapper();
    private final ElementTrackingStore store;

    Replayed(ElementTrackingStore store) {
        this.store = store;
    }

    @Override
    public void onOtherEvent(SparkListenerEvent event) {
        if (event instanceof ExecutorsSeen seen) {
            try {
                for (JsonNode one : json.readTree(String.valueOf(seen.executors))) {
                    SeenExecutor executor = new SeenExecutor();
                    executor.id = one.path("id").asText();
                    executor.json = one.toString();
                    store.write(executor);
                }
            } catch (Exception unreadable) {
                Say.once("an event log's account of native memory is not shown", unreadable);
            }
        }
    }
}
