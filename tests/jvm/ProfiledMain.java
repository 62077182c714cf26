package io.memgrant;

import mgtarget.Target;

/** A program that spends its time in a native method of a target, for a profiler to see. */
final class ProfiledMain {
    private static final int CALLS = 40;
    private static final long ROUNDS = 30_000_000;

    public static void main(String[] args) {
        Armed.arm(Armed.ENFORCING);
        Armed.loadTarget();
        int sum = 0;
        for (int i = 0; i < CALLS; i++)
            sum += work(i);
        System.out.println("profiled: " + sum);
    }

    private static int work(int i) {
        return Target.spin(ROUNDS, i, 3, 4, 5);
    }
}
