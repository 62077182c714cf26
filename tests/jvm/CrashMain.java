package io.memgrant;

import mgtarget.Target;

/** A target crashes in a native method. */
final class CrashMain {
    public static void main(String[] args) {
        Armed.arm(Armed.ENFORCING);
        Armed.loadTarget();
        Target.crash(1, 2, 3, 4, 5);
    }
}
