package io.memgrant;

import static io.memgrant.Armed.check;
import static io.memgrant.Armed.equal;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Supplier;
import mgtarget.Target;

/** What is wrong comes back as text; what is odd does no harm. */
final class ArmMain {
    public static void main(String[] args) throws Exception {
        Path file = Path.of(System.getenv("WORK"), "report of a test.json");
        Files.deleteIfExists(file);
        Armed.load();
        String wrong = Native.arm(new String[] {"mode=enforce", "no_such_setting=1"});
        check(wrong != null && !wrong.isEmpty() && !wrong.contains("\n"), "an unknown setting: " + wrong);
        wrong = Native.arm(new String[] {"mode=observe", "inert=true"});
        check(wrong != null && wrong.startsWith("inert"), "inert, as a fleet's: " + wrong);
        String[] settings = Arrays.copyOf(Armed.ENFORCING, Armed.ENFORCING.length + 1);
        settings[settings.length - 1] = "report=" + file;
        check(Native.arm(settings) == null, "armed");
        check(Native.arm(Armed.ENFORCING) != null, "armed twice");

        equal(0L, Native.open(null, Native.root(), -1), "an account without a name");
        equal(0L, Native.open("of nobody", 0, -1), "an account without a parent");
        equal(-1L, Native.awaitRequest(0), "no account");
        equal(0L, Native.settle(0), "no account");
        equal(Native.WORKERS_AHEAD + 1, Native.read(0).length, "no account");
        long account = Native.open("t\u00e4sk \ud83d\ude00", Native.root(), -1);
        check(Native.report().contains("\"t\u00e4sk \ud83d\ude00\""), "the report is Java text: " + Native.report());
        check(Native.report().endsWith("}\n"), "the report ends where its text ends");

        // The second arm() did not take the boundaries away.
        Armed.loadTarget();
        equal(42, Target.i0(), "i0");
        check(Target.byThunk() > 0, "natives are called by thunks");
        onVirtualThread(account);
        Native.writeReport();
        check(Files.readString(file).contains("t\u00e4sk"), "the report is in " + file);
        System.out.println("arm: ok");
    }

    /** A virtual thread can't be a task's own thread: nothing is bound, and the carrier is not either. */
    private static void onVirtualThread(long account) {
        Supplier<Long> run = () -> {
            Native.bind(account);
            Target.release0(Target.take(1 << 20));
            Target.call(Thread::yield);
            Native.unbind();
            return Native.read(account)[Native.CHARGED];
        };
        try {
            Object[] charged = new Object[1];
            for (int i = 0; i < 2; i++) {
                Runnable body = () -> charged[0] = run.get();
                ((Thread) Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, body)).join();
            }
            equal(0L, charged[0], "charged by a virtual thread");
            System.out.println("on a virtual thread");
        } catch (NoSuchMethodException older) {
            check(Runtime.version().feature() < 21, "no virtual threads: " + older);
        } catch (ReflectiveOperationException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
