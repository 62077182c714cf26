package io.memgrant;

import static io.memgrant.Armed.check;
import static io.memgrant.Armed.equal;

import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import mgtarget.Target;

/**
 * Methods bound again, and in two class loaders. An argument: {@code use-up} for more methods than there are thunks,
 * {@code unload} for as many, but of classes that come and go, {@code passive} for more of a library that is no target than are wrapped for stacks.
 */
final class RebindMain {
    public static void main(String[] args) throws Exception {
        if (List.of(args).contains("passive")) {
            ofNoTarget();
            return;
        }
        Armed.arm(Armed.ENFORCING);
        Armed.loadTarget();
        inAnotherClassLoader("libmgtarget-copy.so", true);
        inAnotherClassLoader("libmgbystander.so", false);
        boundAgain();
        if (List.of(args).contains("use-up"))
            usedUp();
        if (List.of(args).contains("unload"))
            unloaded();
        System.out.println("rebind: ok");
    }

    /** A second Target, whose natives are those of another file: wrapped when that file is a target. */
    private static void inAnotherClassLoader(String library, boolean wrapped) throws Exception {
        try (URLClassLoader loader = anotherLoader()) {
            Class<?> target = load(loader, library);
            equal(42, call(target, "i0"), "i0 of " + library);
            equal("a text of the target's", call(target, "text"), "text of " + library);
            equal(wrapped ? 2L : 0L, call(target, "byThunk"), "by thunk in " + library);
            equal(wrapped ? 0L : 2L, call(target, "directly"), "directly in " + library);
            equal(42, Target.i0(), "i0 of the first");
        }
    }

    private static URLClassLoader anotherLoader() {
        return new URLClassLoader(new URL[] {Target.class.getProtectionDomain().getCodeSource().getLocation()}, null);
    }

    /** The Target of that class loader, its natives in that library. */
    private static Class<?> load(ClassLoader loader, String library) throws Exception {
        Path file = Path.of(System.getenv("WORK"), library);
        check(Files.exists(file), file + " was built");
        Method load = loader.loadClass("io.memgrant.Armed").getDeclaredMethod("loadTarget", String.class);
        load.setAccessible(true);
        load.invoke(null, file.toString());
        return loader.loadClass("mgtarget.Target");
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

    /** With stacks: they are wrapped, up to a quarter of the pool, all others are what they were, and targets have theirs. */
    private static void ofNoTarget() throws Exception {
        Armed.arm("mode=enforce", "targets=libmgtarget*", "on_denial=stop", "stacks=true");
        Armed.loadTarget();
        inAnotherClassLoader("libmgbystander.so", true);
        try (URLClassLoader loader = anotherLoader()) {
            Class<?> bystander = load(loader, "libmgbystander-copy.so");
            Method bindWhich = bystander.getMethod("bindWhich", int.class);
            Method which = bystander.getMethod("which");
            for (int i = 0; i < 1300; i++) {
                bindWhich.invoke(null, i);
                equal(i, which.invoke(null), "which");
            }
            equal(42, call(bystander, "i0"), "i0 of the bystander");
            equal(0L, call(bystander, "byThunk"), "by thunk when there are no more");
            equal(1L, call(bystander, "directly"), "directly when there are no more");
        }
        for (int i = 0; i < 1300; i++) {
            Target.bindWhich(i);
            equal(i, Target.which(), "which");
        }
        equal(42, Target.i0(), "i0 of the target");
        equal(2L, Target.byThunk(), "by thunk in the target, one of them before");
        equal(0L, Target.directly(), "directly in the target");
        System.out.println("rebind: ok");
    }

    private static final int ROUNDS = 20, FUNCTIONS = 300;

    /** A target and a library that is none, by turns at the same addresses, as often as not. */
    private static void unloaded() throws Exception {
        List<String> addresses = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            boolean wrapped = round % 4 != 3;
            String library = wrapped ? "libmgtarget-copy.so" : "libmgbystander.so";
            // The same file again, or another one where it was: neither before the last one is gone.
            while (Armed.mapped("libmgtarget-copy.so") || Armed.mapped("libmgbystander.so"))
                System.gc();
            addresses.add(used(library, wrapped));
        }
        System.out.println("unloaded from " + addresses.stream().distinct().count() + " addresses in " + ROUNDS + " rounds");
        equal(42, Target.i0(), "i0 of the first");
    }

    /** Uses functions of the library in a class loader of its own. Where the library was. */
    private static String used(String library, boolean wrapped) throws Exception {
        try (URLClassLoader loader = anotherLoader()) {
            Class<?> target = load(loader, library);
            Method bindWhich = target.getMethod("bindWhich", int.class);
            Method which = target.getMethod("which");
            for (int i = 0; i < FUNCTIONS; i++) {
                bindWhich.invoke(null, i);
                equal(i, which.invoke(null), "which");
            }
            equal(42, call(target, "i0"), "i0 of " + library);
            equal("a text of the target's", call(target, "text"), "text of " + library);
            equal(wrapped ? 2L : 0L, call(target, "byThunk"), "by thunk in " + library);
            equal(wrapped ? 0L : 2L, call(target, "directly"), "directly in " + library);
            return Files.readAllLines(Path.of("/proc/self/maps")).stream().filter(line -> line.endsWith(library)).findFirst()
                    .orElseThrow().split("-")[0];
        }
    }
}
