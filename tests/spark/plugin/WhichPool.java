package io.memgrant.spark;

import java.util.Map;
import org.apache.spark.SparkConf;

/** What is said of settings that name a pool which is none, or which the container has no room for. */
final class WhichPool {
    public static void main(String[] arguments) {
        says("pool=overhead spark.memory.offHeap.size=1g", null);
        says("pool=overhead spark.memory.offHeap.size=1g spark.memory.offHeap.enabled=false", null);
        says("pool=offheap spark.memory.offHeap.size=1g spark.memory.offHeap.enabled=true", null);
        says("spark.memory.offHeap.size=1g spark.memory.offHeap.enabled=true", null);

        says("pool=overhead spark.memory.offHeap.size=1g spark.memory.offHeap.enabled=true", "offHeap.enabled=true Spark's own");
        says("pool=overhead", "set spark.memory.offHeap.size to it");
        says("pool=overhed spark.memory.offHeap.size=1g", "spark.memgrant.pool=overhed is not known");
        says("spark.memory.offHeap.size=1g", "or, to grant it from a part of the container's overhead, spark.memgrant.pool=overhead");
        says("spark.memory.offHeap.enabled=true", "there is none");

        // The overhead of an executor of 1 GB is 384 MB, of 8 GB 819 MB.
        doubts("yarn", "spark.memory.offHeap.size=384m", false);
        doubts("yarn", "spark.memory.offHeap.size=385m", true);
        doubts("yarn", "spark.memory.offHeap.size=800m spark.executor.memory=8g", false);
        doubts("k8s://https://host", "spark.memory.offHeap.size=820m spark.executor.memory=8g", true);
        doubts("k8s://https://host", "spark.memory.offHeap.size=820m spark.executor.memory=8g"
                + " spark.kubernetes.memoryOverheadFactor=0.4", false);
        doubts("yarn", "spark.memory.offHeap.size=820m spark.executor.memory=8g spark.executor.memoryOverheadFactor=0.05", true);
        doubts("yarn", "spark.memory.offHeap.size=2g spark.executor.memoryOverhead=2048", false);
        doubts("yarn", "spark.memory.offHeap.size=2049m spark.executor.memoryOverhead=2g", true);
        doubts("spark://host:7077", "spark.memory.offHeap.size=100g", false);
        System.out.println("ok - settings of a pool are understood, or one line says what is wrong");
    }

    private static Settings settings(String words) {
        SparkConf conf = new SparkConf(false).set("spark.memgrant.mode", "enforce");
        for (String word : words.split(" ")) {
            String[] pair = word.split("=", 2);
            conf.set(pair[0].startsWith("spark.") ? pair[0] : "spark.memgrant." + pair[0], pair[1]);
        }
        return new Settings(conf, Map.of());
    }

    private static void says(String words, String part) {
        String said = settings(words).whatIsWrong();
        boolean asExpected = part == null ? said == null : said != null && said.contains(part) && !said.contains("\n");
        check(asExpected, words + ": " + said);
    }

    private static void doubts(String master, String words, boolean expected) {
        Settings settings = settings("pool=overhead spark.master=" + master + " " + words);
        check(settings.whatIsWrong() == null, words);
        String said = settings.whatIsDoubtful();
        check((said != null) == expected, master + " " + words + ": " + said);
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
