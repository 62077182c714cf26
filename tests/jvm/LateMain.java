package io.memgrant;

import static io.memgrant.Armed.check;
import static io.memgrant.Armed.equal;

import java.net.URL;
import java.net.URLClassLoader;
import java.util.List;
import mgtarget.Target;

/**
 * Targets that were loaded and used before arm(). Arguments: a copy of the library, used by a class loader of its own;
 * {@code unreadable} for a JVM whose record of what is bound to what can't be read.
 */
final class LateMain {
    public static void main(String[] args) throws Exception {
        boolean readable = !List.of(args).contains("unreadable");
        Class<?> second = args.length > (readable ? 0 : 1) ? anotherLoader(args[0]) : null;
        if (!readable)
            System.load(System.getenv("WORK") + "/libunreadable.so");
        Armed.loadTarget();
        for (int i = 0; i < 20_000; i++)
            use();
        equal(60_000L, Target.directly(), "called before arm()");
        Target.bindWhich(5);
        equal(5, Target.which(), "which");
        Armed.arm(Armed.ENFORCING);
        for (int i = 0; i < 1_000; i++)
            use();
        boolean wrapped = second == null || readable;
        equal(wrapped ? 3_000L : 0L, Target.byThunk(), "called by thunks after arm()");
        if (second != null)
            equal(wrapped ? 1L : 0L, usedBy(second), "called by thunks in the other class loader");
        if (wrapped)
            stopped(readable);
        System.out.println("late: ok");
    }

    private static void use() {
        equal(42, Target.i0(), "i0");
        equal("a text of the target's", Target.text(), "text");
        equal(2. + 3 * 2 + 5 * 3 + 7 * 4 + 11 * 5 + 13 * 6 + 17 * 7 + 19 * 8 + 23 * 9 + 29 * .5,
                Target.d10(1, 2, 3, 4, 5, 6, 7, 8, 9, .5), "d10");
    }

    private static Class<?> anotherLoader(String library) throws Exception {
        URL classes = Target.class.getProtectionDomain().getCodeSource().getLocation();
        ClassLoader loader = new URLClassLoader(new URL[] {classes}, null);
        var load = loader.loadClass("io.memgrant.Armed").getDeclaredMethod("loadTarget", String.class);
        load.setAccessible(true);
        load.invoke(null, library);
        Class<?> target = loader.loadClass("mgtarget.Target");
        equal(42, target.getMethod("i0").invoke(null), "i0 of the other class loader");
        equal(0L, target.getMethod("byThunk").invoke(null), "by thunks before arm()");
        return target;
    }

    private static Object usedBy(Class<?> target) throws Exception {
        equal(42, target.getMethod("i0").invoke(null), "i0 of the other class loader");
        return target.getMethod("byThunk").invoke(null);
    }

    /** Of what was registered under a name of its own nothing is known by name. */
    private static void stopped(boolean readable) {
        OutOfMemoryError stop = new OutOfMemoryError("of the test");
        Boundary.handle(Armed.overdrawn(), (library, mayThrow) -> stop);
        Target.target_close_all();
        check(isStopped(stop, () -> Target.shell("true")), "shell is stopped");
        check(isStopped(stop, Target::which) == readable, "which is stopped where it can be found");
        Native.unbind();
    }

    private static boolean isStopped(OutOfMemoryError stop, Runnable call) {
        try {
            call.run();
            return false;
        } catch (OutOfMemoryError e) {
            check(e == stop, "the test's own error");
            return true;
        }
    }
}
