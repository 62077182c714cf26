package io.memgrant;

import java.nio.file.Files;
import java.nio.file.Path;
import mgtarget.Target;

/** What the tests of this folder share: an armed library, a bound account, checks. */
final class Armed {
    static final String[] ENFORCING = {"mode=enforce", "targets=libmgtarget*", "on_denial=stop"};

    private Armed() {}

    static void load() {
        System.load(System.getenv("LIB"));
    }

    static void arm(String... settings) {
        load();
        String wrong = Native.arm(settings);
        check(wrong == null, "armed: " + wrong);
    }

    static void loadTarget() {
        loadTarget(Path.of(System.getenv("WORK"), "libmgtarget.so").toString());
    }

    static void loadTarget(String path) {
        System.load(path);
    }

    /** An account without any grant, bound to this thread, that used a megabyte: it wants boundaries. */
    static long overdrawn() {
        long account = Native.open("task of a test", Native.root(), -1);
        check(account != 0, "an account was opened");
        Native.bind(account);
        Target.take(1 << 20);
        check(Native.overdraft(account) >= 1 << 20, "overdraft " + Native.overdraft(account));
        return account;
    }

    static boolean mapped(String name) throws Exception {
        return Files.readString(Path.of("/proc/self/maps")).contains(name);
    }

    static void check(boolean holds, String what) {
        if (!holds)
            throw new AssertionError(what);
    }

    static void equal(Object expected, Object got, String what) {
        check(expected.equals(got), what + ": expected " + expected + ", got " + got);
    }
}
