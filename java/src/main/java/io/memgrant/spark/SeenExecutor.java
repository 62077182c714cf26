package io.memgrant.spark;

import org.apache.spark.util.kvstore.KVIndex;

/** In the History Server's store: the last that is known of an executor. */
public final class SeenExecutor {
    @KVIndex
    public String id;
    /** As in the application's report. */
    public String json;
}
