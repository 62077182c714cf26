package io.memgrant;

import static io.memgrant.Armed.check;
import static io.memgrant.Armed.equal;

import java.nio.file.Path;
import mgtarget.Target;

/** A JVM without JVMTI: everything counts, no boundaries. */
final class NoJvmtiMain {
    public static void main(String[] args) {
        System.load(Path.of(System.getenv("WORK"), "libnojvmti.so").toString());
        Armed.arm(Armed.ENFORCING);
        Armed.loadTarget();
        long account = Armed.overdrawn();
        Boundary.handle(account, (library, mayThrow) -> new OutOfMemoryError("nobody asks"));
        equal(42, Target.i0(), "i0");
        check(Target.handle(7) == 7, "handle");
        equal(0L, Target.byThunk(), "called by thunks");
        Native.unbind();
        System.out.println("no JVMTI: ok");
    }
}
