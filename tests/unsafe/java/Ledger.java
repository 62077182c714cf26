import io.memgrant.Account;
import io.memgrant.Memgrant;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/** Puts a library through it in a JVM that is armed as Spark's plugin does: `Ledger WORKLOAD LIBRARY FOLDER`. */
public final class Ledger {
    static final long MB = 1 << 20;

    private Ledger() {}

    /** As Spark's own, a subclass that its executor survives. */
    static final class Denied extends OutOfMemoryError {
        private static final long serialVersionUID = 1;
    }

    public static void main(String[] args) throws Exception {
        boolean tracked = args.length > 3; // native memory tracking puts a header before each block: the sizes are others
        Path file = MappedFiles.fileIn(Path.of(args[2]));
        String wrong = Memgrant.start(args[1], "mode=enforce", "targets=java:*");
        check(wrong == null, wrong);
        Workload library = (Workload) Class.forName(args[0]).getDeclaredConstructor().newInstance();
        library.start();
        Account account = Memgrant.root().open("task of a test", Account.NO_LIMIT);
        AtomicInteger asked = new AtomicInteger();
        account.onBoundary((name, mayThrow) -> {
            asked.incrementAndGet();
            return mayThrow ? new Denied() : null;
        });
        account.grant(1 << 30);
        account.bind();
        long first = library.take();
        long used = account.used();
        check(tracked ? used >= first : used == first, "the library has " + first + " bytes, the account " + used);
        library.giveBack();
        long kept = account.used();
        check(kept <= library.kept() * (tracked ? 2 : 1), kept + " bytes are left");

        account.takeBack(1 << 30);
        account.grant(20 * MB);
        Throwable raised = null;
        try {
            library.take();
        } catch (Throwable denied) {
            raised = denied;
        }
        check(raised != null && asked.get() > 0, "it was denied: " + raised + ", asked " + asked + " times, " + account.used() + " used");
        check(raised.getClass() == library.raises(), "it raises " + raised);
        check(rootOf(raised) instanceof Denied, "because of what was thrown: " + rootOf(raised));
        check(account.used() <= 20 * MB && account.overdraftPeak() == 0, "the grant holds");
        library.giveBack();
        check(account.used() <= library.kept() * (tracked ? 2 : 1), account.used() + " bytes are left by what was denied");

        account.grant(1 << 30);
        library.take();
        check(account.used() >= 64 * MB, "it goes on afterwards");
        library.giveBack();
        check(account.used() <= library.kept() * (tracked ? 2 : 1), account.used() + " bytes are left in the end");
        String besides = tracked ? "" : library.besides(account);
        String mapped = MappedFiles.check(library, file, account);
        Account.unbind();
        account.endCourier();
        account.settle();
        check(Memgrant.report().contains("\"invariants_broken\":0"), "the books hold");
        System.out.println(args[0] + ": ok, " + first + " bytes = " + used + ", left " + kept + ", raises " + raised.getClass().getName() + besides + mapped);
        System.exit(0);
    }

    static Throwable rootOf(Throwable raised) {
        return raised.getCause() == null ? raised : rootOf(raised.getCause());
    }

    static void check(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}
