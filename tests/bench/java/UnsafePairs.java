import io.memgrant.Account;
import io.memgrant.Memgrant;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.lang.reflect.Field;
import sun.misc.Unsafe;

/**
 * Processor nanoseconds of one Unsafe.allocateMemory and freeMemory of 64 bytes, the least of ten times a million: unwrapped; by a
 * thread that nobody bound; by one bound to an account that enforces; the same with stacks; and by one where the package is named, so that the stack is
 * looked at.
 */
public final class UnsafePairs {
    private UnsafePairs() {}

    public static void main(String[] arguments) throws ReflectiveOperationException {
        String how = arguments[0];
        if (!how.equals("unwrapped")) {
            String targets = how.equals("named") ? "java:UnsafePairs" : "java:*";
            String wrong = Memgrant.start(System.getenv("LD_PRELOAD"), "mode=enforce", "targets=" + targets, "stacks=" + how.equals("sampled"));
            if (wrong != null) {
                throw new IllegalStateException(wrong);
            }
            Memgrant.root().grant(1 << 30); // as the plugin does at the start
        }
        if (!how.equals("unwrapped") && !how.equals("unbound")) {
            Account account = Memgrant.root().open("bench", Account.NO_LIMIT);
            account.grant(1 << 30);
            account.bind();
        }
        Field field = Unsafe.class.getDeclaredField("theUnsafe");
        field.setAccessible(true);
        Unsafe unsafe = (Unsafe) field.get(null);
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        int pairs = how.equals("named") ? 100_000 : 1_000_000;
        double least = Double.MAX_VALUE;
        for (int round = 0; round < 12; round++) {
            long before = threads.getCurrentThreadCpuTime();
            for (int i = 0; i < pairs; i++) {
                unsafe.freeMemory(unsafe.allocateMemory(64));
            }
            double each = (double) (threads.getCurrentThreadCpuTime() - before) / pairs;
            least = round < 2 ? least : Math.min(least, each);
        }
        System.out.printf("%.3f%n", least);
    }
}
