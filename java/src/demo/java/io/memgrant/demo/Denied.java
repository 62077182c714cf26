package io.memgrant.demo;

import org.apache.spark.sql.SparkSession;

/** Act 3 */
final class Denied extends Act {
    Denied(Arguments arguments, SparkSession spark) throws InterruptedException {
        super(arguments, spark);
    }

    @Override
    void play() throws Exception {
    }
}
