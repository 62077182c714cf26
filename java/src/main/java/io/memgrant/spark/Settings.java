package io.memgrant.spark;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.spark.SparkConf;
import org.apache.spark.network.util.JavaUtils;
import scala.Tuple2;

/**
 * The settings of one Spark process: {@code spark.memgrant.onDenial} is {@code on_denial} here and in settings.def, and
 * MEMGRANT_ON_DENIAL in the environment, which Spark's configuration beats.
 */
final class Settings {
    static final String PREFIX = "spark.memgrant.";
    private static final Set<String> LEVERS = Set.of("", "rocksdb");

    private final SparkConf conf;
    private final Map<String, String> environment;
    private final Map<String, String> values = new TreeMap<>();

    Settings(SparkConf conf, Map<String, String> environment) {
        this.conf = conf;
        this.environment = environment;
        for (Tuple2<String, String> entry : conf.getAllWithPrefix(PREFIX)) {
            values.put(underscored(entry._1()), entry._2());
        }
    }

    /** onDenial and on.denial become on_denial. */
    static String underscored(String name) {
        return name.replace('.', '_').replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }

    /** What the configuration says, else the environment, else the default. */
    String get(String name, String otherwise) {
        String value = values.get(name);
        if (value == null) {
            value = environment.get("MEMGRANT_" + name.toUpperCase(Locale.ROOT));
        }
        return value == null || value.isBlank() ? otherwise : value.trim();
    }

    /** observe, enforce, off, or a mistake that arming the library will name. */
    String mode() {
        return get("mode", "observe");
    }

    /** From what native memory is granted. */
    Pool pool() {
        return new Pool(conf, get("pool", Pool.OFF_HEAP));
    }

    /** Null, or why nothing can be counted or granted: one line, for the driver's log and for the executors'. */
    String whatIsWrong() {
        if (!Set.of("observe", "enforce", "off").contains(mode())) {
            return "spark.memgrant.mode=" + mode() + " is not known; it is observe, enforce or off; nothing is counted";
        }
        for (String lever : get("levers", "").split("\\s*,\\s*")) {
            if (!LEVERS.contains(lever)) {
                return "spark.memgrant.levers=" + get("levers", "") + ": there is no lever " + lever
                        + "; there is rocksdb; nothing is counted";
            }
        }
        return enforces() ? pool().whatIsWrong() : null;
    }

    /** Null, or what will probably not do what was meant. */
    String whatIsDoubtful() {
        return enforces() ? pool().whatIsDoubtful() : null;
    }

    boolean enforces() {
        return mode().equals("enforce");
    }

    boolean isOff() {
        return mode().equals("off");
    }

    /** What a task is granted when it starts: an eighth of its share of the pool at most, in bytes. */
    long firstGrant(long pool) {
        return Math.min(JavaUtils.byteStringAsBytes(get("first_grant", "8m")), pool / (8 * cores()));
    }

    /** How many tasks run at once. */
    long cores() {
        return Math.max(1, conf.getInt("spark.executor.cores", Runtime.getRuntime().availableProcessors()));
    }

    /** What an account has at hand at most; must be little of a small pool, or one of them has it all. */
    long grantBatch(long pool) {
        String set = get("grant_batch", null);
        return set == null ? Math.max(64 << 10, firstGrant(pool)) : JavaUtils.byteStringAsBytes(set);
    }

    /** What the executor's own account has from its start to its end: an eighth of the pool at most, in bytes. */
    long executorReserve(long pool) {
        return Math.min(JavaUtils.byteStringAsBytes(get("executor_reserve", "64m")), pool / 8);
    }

    /** When Spark's no is a denial: headroom, strict, or "" where nobody has said. */
    String policy() {
        return get("policy", "");
    }

    /** What stays free of a container with that limit, in bytes. */
    long headroomReserve(long limit) {
        String set = get("headroom_reserve", null);
        return set == null ? Math.max(64 << 20, limit / 20) : JavaUtils.byteStringAsBytes(set);
    }

    /** What a target may have beyond a grant where nothing can be asked for, in bytes. */
    long overdraftCap() {
        return JavaUtils.byteStringAsBytes(get("overdraft_cap", "64m"));
    }

    /** What of the pool native memory can't have, in bytes. */
    long sparkReserve() {
        return JavaUtils.byteStringAsBytes(get("spark_reserve", "0"));
    }

    /** Whether Python workers are counted too. */
    boolean countsPython() {
        return get("python", "false").equals("true");
    }

    /** Whether what they take is charged to their task's account. */
    boolean chargesPython() {
        return get("python_charge", "false").equals("true");
    }

    /** The most that one of them may take, or null. */
    String pythonLimit() {
        return get("python_limit", null);
    }

    /** Whether a library's own threads may wait inside malloc. */
    boolean waitsInMalloc() {
        return Long.parseLong(get("malloc_wait_ms", "0")) > 0;
    }

    /** The longest that a task waits for Spark's memory at a boundary. */
    long boundaryWaitMillis() {
        return Long.parseLong(get("boundary_wait_ms", "60000"));
    }

    /** The longest that a task waits at its start. */
    long admissionWaitMillis() {
        return Long.parseLong(get("admission_wait_ms", "120000"));
    }

    /** Whether a ready-made lever is wanted. */
    boolean hasLever(String name) {
        return Arrays.asList(get("levers", "").split("\\s*,\\s*")).contains(name);
    }

    /** The longest that a spill lever may take. */
    long leverWaitMillis() {
        return Long.parseLong(get("lever_wait_ms", "5000"));
    }

    /** Spark's advisory memory of others can make an acquisition wait that would not wait without it. */
    boolean pollsUnmanagedMemory() {
        return conf.getTimeAsMs("spark.memory.unmanagedMemoryPollingInterval", "0") > 0;
    }

    /** The file of the application's report, before which name those of its executors begin; null for none. The environment's is each process's own. */
    String report() {
        String report = values.get("report");
        return report == null || report.isBlank() ? null : report.trim();
    }

    /**
     * What the library is armed with, as "name=value".
     *
     * @param executorId names this executor's report: every executor writes a file of its own
     */
    String[] forLibrary(String executorId) {
        Map<String, String> armed = new TreeMap<>(values);
        armed.put("mode", mode());
        armed.computeIfAbsent("grant_batch", name -> Long.toString(grantBatch(pool().size())));
        if (report() != null) {
            armed.put("report", report() + ".executor-" + executorId);
            armed.put("report_owner", "true");
        }
        return armed.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toArray(String[]::new);
    }
}
