package io.memgrant;

import mgtarget.Target;

/** Calls the native at which a debugger stops. */
final class StopMain {
    public static void main(String[] args) {
        Armed.arm(Armed.ENFORCING);
        Armed.loadTarget();
        Target.stopHere(1, 2, 3, 4, 5);
        Target.stopHere(1, 2, 3, 4, 5);
        System.out.println("stopped: ok");
    }
}
