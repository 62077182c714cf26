package io.memgrant;

import static io.memgrant.Armed.check;
import static io.memgrant.Armed.equal;

import java.net.URL;
import java.net.URLClassLoader;
import mgtarget.Target;

/** Targets that were loaded and used before arm(). An argument: by two class loaders, each with a file of its own. */
final class LateMain {
    public static void main(String[] args) throws Exception {
        Armed.loadTarget();
        for (int i = 0; i < 20_000; i++)
            use();
        equal(60_000L, Target.directly(), "called before arm()");
        if (args.length > 0)
            anotherLoader(args[0]);
        Armed.arm(Armed.ENFORCING);
        for (int i = 0; i < 1_000; i++)
            use();
        boolean wrapped = args.length == 0;
        equal(wrapped ? 3_000L : 0L, Target.byThunk(), "called by thunks after arm()");
        if (wrapped)
            stopped();
        System.out.println("late: ok");
    }

    private static void use() {
        equal(42, Target.i0(), "i0");
        equal("a text of the target's", Target.text(), "text");
        equal(2. + 3 * 2 + 5 * 3 + 7 * 4 + 11 * 5 + 13 * 6 + 17 * 7 + 19 * 8 + 23 * 9 + 29 * .5,
                Target.d10(1, 2, 3, 4, 5, 6, 7, 8, 9, .5), "d10");
    }

    private static void anotherLoader(String library) throws Exception {
        URL classes = Target.class.getProtectionDomain().getCodeSource().getLocation();
        Class<?> second = new URLClassLoader(new URL[] {classes}, null).loadClass("io.memgrant.Armed");
        var load = second.getDeclaredMethod("loadTarget", String.class);
        load.setAccessible(true);
        load.invoke(null, library);
    }

    private static void stopped() {
        OutOfMemoryError stop = new OutOfMemoryError("of the test");
        Boundary.handle(Armed.overdrawn(), (library, mayThrow) -> stop);
        try {
            Target.target_close_all();
            Target.shell("true");
            check(false, "shell returned");
        } catch (OutOfMemoryError e) {
            check(e == stop, "the test's own error");
        }
        Native.unbind();
    }
}
