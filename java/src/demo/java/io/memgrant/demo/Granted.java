package io.memgrant.demo;

import org.apache.spark.sql.SparkSession;

/** Act 2 */
final class Granted extends Act {
    Granted(Arguments arguments, SparkSession spark) throws InterruptedException {
        super(arguments, spark);
    }

    @Override
    void play() throws Exception {
    }
}
