import io.memgrant.Memgrant;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.zip.Deflater;

/**
 * Processor nanoseconds of one call of a native method that does next to nothing, of a library that is no target (zlib's adler by the JDK's libzip), the
 * least of ten times two million: as it is; in a JVM that is observed; and with stacks, for which it is wrapped.
 */
public final class NativeCalls {
    private static final int CALLS = 2_000_000;

    private NativeCalls() {}

    public static void main(String[] arguments) {
        if (!arguments[0].equals("plain")) {
            String wrong = Memgrant.start(System.getenv("LD_PRELOAD"), "mode=observe", "targets=libtarget*",
                    "stacks=" + arguments[0].equals("stacks"));
            if (wrong != null) {
                throw new IllegalStateException(wrong);
            }
        }
        Deflater deflater = new Deflater();
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        double least = Double.MAX_VALUE;
        long sum = 0;
        for (int round = 0; round < 12; round++) {
            long before = threads.getCurrentThreadCpuTime();
            for (int i = 0; i < CALLS; i++) {
                sum += deflater.getAdler();
            }
            double each = (double) (threads.getCurrentThreadCpuTime() - before) / CALLS;
            least = round < 2 ? least : Math.min(least, each);
        }
        deflater.end();
        if (sum == 0) {
            throw new AssertionError("no adler");
        }
        System.out.printf("%.3f%n", least);
    }
}
