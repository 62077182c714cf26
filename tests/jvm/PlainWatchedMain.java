package io.memgrant;

import mgtarget.Target;

/** Counts, grants and denies in a JVM that has neither JMX nor Flight Recorder. */
final class PlainWatchedMain {
    public static void main(String[] words) {
        Armed.equal(null + "", Memgrant.start(System.getenv("LIB"), Armed.ENFORCING) + "", "start");
        Armed.check(ModuleLayer.boot().findModule("jdk.jfr").isEmpty() && ModuleLayer.boot().findModule("java.management").isEmpty(), "they are here");
        Armed.loadTarget();
        Account account = Memgrant.root().open("a part", Account.NO_LIMIT);
        account.startCourier(Accountants.fixed(8 << 20));
        account.bind();
        Target.take(1 << 20);
        account.deny();
        Account.unbind();
        Armed.check(account.endCourier(), "the courier has ended");
        account.settle();
        Armed.check(!Recorder.isOn(), "somebody records");
        System.out.println("plainly watched: ok");
    }
}
