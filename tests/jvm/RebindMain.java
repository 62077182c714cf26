package io.memgrant;

import static io.memgrant.Armed.check;
import static io.memgrant.Armed.equal;

import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import mgtarget.Target;

/** Methods bound again, in two class loaders, and more methods than there are thunks. */
final class RebindMain {
    public static void main(String[] args) throws Exception {
        Armed.arm(Armed.ENFORCING);
        Armed.loadTarget();
        inAnotherClassLoader("libmgtarget-copy.so", true);
        inAnotherClassLoader("libmgbystander.so", false);
        boundAgain();
        if (args.length > 0)
            usedUp();
        System.out.println("rebind: ok");
    }

    /** A second Target, whose natives are those of another file: wrapped when that file is a target. */
    private static void inAnotherClassLoader(String library, boolean wrapped) throws Exception {
        Path copy = Path.of(System.getenv("WORK"), library);
        URL classes = Target.class.getProtectionDomain().getCodeSource().getLocation();
        try (URLClassLoader loader = new URLClassLoader(new URL[] {classes}, null)) {
            check(Files.exists(copy), copy + " was built");
            Class<?> second = loader.loadClass("io.memgrant.Armed");
            Method load = second.getDeclaredMethod("loadTarget", String.class);
            load.setAccessible(true);
            load.invoke(null, copy.toString());
            Class<?> target = loader.loadClass("mgtarget.Target");
            equal(42, call(target, "i0"), "i0 of " + library);
            equal("a text of the target's", call(target, "text"), "text of " + library);
            equal(wrapped ? 2L : 0L, call(target, "byThunk"), "by thunk in " + library);
            equal(wrapped ? 0L : 2L, call(target, "directly"), "directly in " + library);
            equal(42, Target.i0(), "i0 of the first");
        }
    }

    private static Object call(Class<?> target, String name) throws Exception {
        Method method = target.getDeclaredMethod(name);
        method.setAccessible(true);
        return method.invoke(null);
    }

    private static void boundAgain() {
        for (int round = 0; round < 3; round++)
            for (int i = 0; i < 50; i++) {
                Target.bindWhich(i);
                for (int n = 0; n < (round == 0 ? 2_000 : 2); n++)
                    equal(i, Target.which(), "which");
            }
        // The same function needs no other thunk: these do not use up the pool.
        for (int i = 0; i < 5_000; i++)
            Target.bindWhich(i % 2);
    }

    /** The functions of the first thunks are bound again afterwards: they have theirs. */
    private static void usedUp() {
        for (int i = 0; i < 4300; i++) {
            Target.bindWhich(i);
            equal(i, Target.which(), "which");
        }
        Target.bindWhich(7);
        equal(7, Target.which(), "which");
        Target.bindWhich(4299);
        equal(4299, Target.which(), "which");
    }
}
