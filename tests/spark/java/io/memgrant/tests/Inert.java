package io.memgrant.tests;

import io.memgrant.Memgrant;
import io.memgrant.SpillLever;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/** Where something is missing or wrong, memgrant says so in one line, and the job runs untouched. */
public final class Inert {
    private Inert() {}

    /**
     * Run by spark-submit.
     *
     * @param words "settings": wrong ones, one after the other, and a right one at last, since a process is armed once;
     *     "absent FILE...": in a process without the library, and files that are not what was preloaded
     */
    public static void main(String[] words) throws Exception {
        if (words[0].equals("settings")) {
            untouched("enforcing without off-heap memory", "spark.memgrant.mode", "enforce");
            untouched("an unknown pool", "spark.memgrant.mode", "enforce", "spark.memgrant.pool", "heap");
            untouched("an overhead without a size", "spark.memgrant.mode", "enforce", "spark.memgrant.pool", "overhead");
            untouched("an overhead that is Spark's too", "spark.memgrant.mode", "enforce", "spark.memgrant.pool", "overhead",
                    "spark.memory.offHeap.enabled", "true", "spark.memory.offHeap.size", "64m");
            untouched("an unknown mode", "spark.memgrant.mode", "enforced");
            untouched("an unknown lever", "spark.memgrant.levers", "rocksdb,crowbar");
            untouched("an unknown setting", "spark.memgrant.tragets", "libtarget*");
            untouched("a size that is none", "spark.memgrant.overdraftCap", "plenty");
            untouched("switched off", "spark.memgrant.mode", "off");
            childrenGoWithout();
        } else {
            untouched("no library preloaded", "spark.memgrant.mode", "observe");
            try (SpillLever.Registration lever = Memgrant.addLever(bytes -> bytes)) {
                Check.that(Memgrant.currentAccount() == null, "a program that registers a lever runs on", "%s", lever);
            }
            for (String file : List.of(words).subList(1, words.length)) {
                String wrong = Memgrant.start(file, "mode=observe");
                Check.that(wrong != null && !wrong.contains("\n") && !Memgrant.isActive(),
                        "a library that was not preloaded is refused in one line", "%s", wrong);
            }
            untouched("a copy was tried", "spark.memgrant.mode", "observe");
        }
    }

    private static void untouched(String how, String... settings) {
        System.err.println("case: " + how);
        SparkConf conf = new SparkConf().setAppName(how);
        for (int i = 0; i < settings.length; i += 2) {
            conf.set(settings[i], settings[i + 1]);
        }
        try (JavaSparkContext spark = new JavaSparkContext(conf)) {
            int sum = spark.parallelize(IntStream.rangeClosed(1, 1000).boxed().toList(), 3).reduce(Integer::sum);
            Check.that(sum == 500_500 && !Memgrant.isActive() && Memgrant.report() == null,
                    how + ": the job runs untouched", "sum %d, nothing is counted", sum);
        }
        System.err.println("end of case");
    }

    private static void childrenGoWithout() {
        SparkConf conf = new SparkConf().setAppName("children").set("spark.memgrant.targets", "libtarget*");
        try (JavaSparkContext spark = new JavaSparkContext(conf)) {
            String maps = spark.parallelize(List.of(0), 1).map(nothing -> {
                Process child = new ProcessBuilder("cat", "/proc/self/maps").redirectErrorStream(true).start();
                return new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            }).collect().get(0);
            Check.that(Memgrant.isActive() && maps.contains("libc") && !maps.contains("libmemgrant"),
                    "observing is the default, and a child of the executor goes without the library",
                    "%d mappings, none of libmemgrant", maps.lines().count());
        }
    }
}
