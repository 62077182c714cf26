package io.memgrant;

import mgtarget.Target;

/**
 * Situations of Arrow Java's tests of its allocators (TestBaseAllocator), by the names that they have there, played against accounts. Where Arrow
 * throws at an allocation, the next boundary does here; where its close throws, the bytes are told, and are the parent's.
 */
final class ArrowSituations {
    private static final long MAX = 8 << 20;

    private final Account task;
    private Account root;

    private ArrowSituations(Account task) {
        this.task = task;
    }

    private interface Situation {
        void play();
    }

    private void play(Situation situation) {
        root = task.child("root", MAX);
        situation.play();
        root.close();
        Armed.check(Memgrant.currentAccount() == task, "the task is the thread's account again");
        Armed.equal(0L, task.used(), "used after a situation");
        long block = Target.take(512 << 10);
        Armed.equal(512L << 10, task.used(), "what the thread takes is the task's again");
        Target.release0(block);
        Armed.check(!task.takeInjectedDenial(), "denied after a situation");
    }

    private static long takeIn(Account account, long bytes) {
        try (Entered here = account.enter()) {
            Armed.check(here != null, "entered");
            return Target.take(bytes);
        }
    }

    /** Takes it, is denied by that account, and gives it back. */
    private void denied(Account account, long bytes, String refuser) {
        long block = takeIn(account, bytes);
        Armed.check(task.takeInjectedDenial(), refuser + " refuses " + bytes);
        Armed.equal(refuser, task.takeRefusal(), "who refused");
        Target.release0(block);
    }

    private void granted(String what) {
        Armed.check(!task.takeInjectedDenial(), what);
    }

    private void privateMax() {
        long half = takeIn(root, MAX / 2);
        try (Account child = root.child("noLimits", MAX)) {
            Target.release0(takeIn(child, MAX / 2 - MAX / 16));
        }
        granted("a child within the limits");
        Target.release0(half);
    }

    private void closeWithOutstanding() {
        Account child = root.child("outstanding", MAX);
        long block = takeIn(child, 512 << 10);
        child.close();
        Armed.equal(512L << 10, child.left(), "what is outstanding is told");
        Armed.equal(512L << 10, root.used(), "and the parent's");
        Target.release0(block);
    }

    private void transferOwnership() {
        Account first = root.child("changeOwnership1", MAX);
        try (Account second = root.child("changeOwnership2", MAX)) {
            long block = takeIn(first, MAX / 4);
            first.closeInto(second);
            Armed.check(Memgrant.currentAccount() == second, "the thread stays in the second one");
            Armed.check(!second.isOverLimit(), "it fits");
            Armed.equal(MAX / 4, second.used(), "the second one's now");
            Armed.equal(MAX / 4, root.used(), "and in the root once");
            Target.release0(block);
            Armed.equal(0L, root.used(), "until it is freed");
        }
    }

    /** One buffer of several. */
    private void transferOwnershipOfABuffer() {
        try (Account first = root.child("changeOwnership1", MAX); Account second = root.child("changeOwnership2", MAX / 8)) {
            long stays = takeIn(first, MAX / 8);
            long goes = takeIn(first, MAX / 4);
            Armed.equal(MAX / 4, first.transfer(goes, second), "it is handed over");
            Armed.check(second.isOverLimit(), "it does not fit, and goes");
            Armed.equal(MAX / 8, first.used(), "the other one stays");
            denied(second, 256 << 10, "changeOwnership2, limit " + MAX / 8 + " bytes");
            Target.release0(goes);
            Armed.equal(0L, second.used(), "until it is freed");
            Target.release0(stays);
        }
    }

    private void createChildAndUse() {
        try (Account child = root.child("createChildAndUse", MAX)) {
            for (int i = 0; i < 100; i++) {
                Target.release0(takeIn(child, MAX / 16));
            }
            Armed.equal(0L, child.used(), "all of them are freed");
        }
    }

    private void createChildDontClose() {
        Account child = root.child("createChildDontClose", MAX);
        long block = takeIn(child, MAX / 8);
        root.close();
        Armed.equal(MAX / 8, root.left(), "what a child has that nobody closed");
        Armed.check(Memgrant.currentAccount() == task, "the thread has left both");
        Target.release0(block);
        child.close();
    }

    private void overAllocate() {
        try (Account child = root.child("overAllocate", MAX)) {
            Target.release0(takeIn(child, MAX / 2));
            denied(child, MAX + 1, "overAllocate, limit " + MAX + " bytes");
            Armed.equal(0L, child.used(), "what is left of it");
        }
    }

    private void overAllocateParent() {
        try (Account child = root.child("overAllocateParent", MAX)) {
            long first = takeIn(root, MAX / 2);
            long second = takeIn(child, MAX / 2 - MAX / 16);
            granted("half of it each");
            denied(child, MAX / 4, "root, limit " + MAX + " bytes");
            Target.release0(first);
            Target.release0(second);
        }
    }

    private void failureAtParentLimitOutcomeDetails() {
        try (Account child = root.child("child", MAX / 2); Account grandchild = child.child("grandchild", MAX * 2)) {
            Armed.check(grandchild.reserve(MAX / 4), "a reservation");
            denied(grandchild, MAX, "child, limit " + MAX / 2 + " bytes");
            Armed.equal(MAX / 4, grandchild.reservation(), "which stays");
        }
    }

    private void failureAtRootLimitOutcomeDetails() {
        try (Account child = root.child("child", Account.NO_LIMIT); Account grandchild = child.child("grandchild", Account.NO_LIMIT)) {
            Armed.check(child.reserve(MAX / 2) && grandchild.reserve(MAX / 4), "reservations");
            denied(grandchild, MAX * 2, "root, limit " + MAX + " bytes");
        }
    }

    private void transferShared() {
        Account[] accounts = new Account[4];
        for (int i = 0; i < 4; i++) {
            accounts[i] = root.child("transferShared" + (i + 1), MAX);
        }
        long block = takeIn(accounts[0], MAX / 8);
        for (int i = 1; i < 4; i++) {
            accounts[i - 1].closeInto(accounts[i]);
            Armed.equal(MAX / 8, accounts[i].used(), "of one after the other");
            Armed.equal(MAX / 8, root.used(), "never twice");
        }
        Target.release0(block);
        accounts[3].close();
        Armed.equal(0L, accounts[3].left(), "left");
    }

    private void unclaimedReservation() {
        try (Account child = root.child("unclaimedReservation", MAX)) {
            Armed.check(child.reserve(64), "64 bytes");
        }
        Armed.check(root.reserve(MAX / 2), "it is the root's again");
        Armed.equal(MAX / 2, root.giveBack(MAX / 2), "unused");
    }

    private void claimedReservation() {
        try (Account child = root.child("claimedReservation", MAX)) {
            Armed.check(child.reserve(MAX / 8) && child.reserve(MAX / 8), "twice an eighth");
            Armed.equal(MAX / 4, child.reservation(), "together");
            long block = takeIn(child, MAX / 4);
            Armed.equal(MAX / 4, child.used(), "used");
            Target.release0(block);
            Armed.equal(MAX / 4, child.reservation(), "is held until it is given back");
        }
    }

    private void initReservationAndLimit() {
        try (Account child = root.child("child", 4096)) {
            Armed.check(child.reserve(2048), "within the limit");
            Armed.check(!child.reserve(4096), "beyond it");
            Armed.equal(2048L, child.reservation(), "reservation");
            Armed.equal(4096L, child.limit(), "limit");
        }
    }

    private void overlimit() {
        try (Account first = root.child("ChildA", MAX); Account second = root.child("ChildB", MAX)) {
            Armed.check(second.reserve(root.limit() - root.granted()), "all that there is");
            denied(first, 256 << 10, "root, limit " + MAX + " bytes");
            Armed.equal(0L, first.used() + second.used(), "used");
        }
    }

    private void overlimitOverflow() {
        try (Account child = root.child("ChildB", Long.MAX_VALUE)) {
            Armed.check(!child.reserve(Long.MAX_VALUE), "more than a process can have");
            Target.release0(takeIn(child, 1024));
            granted("and nothing is lost of what there is");
        }
    }

    static void playAll(Account task) {
        ArrowSituations situations = new ArrowSituations(task);
        situations.play(situations::privateMax);
        situations.play(situations::closeWithOutstanding);
        situations.play(situations::transferOwnership);
        situations.play(situations::transferOwnershipOfABuffer);
        situations.play(situations::createChildAndUse);
        situations.play(situations::createChildDontClose);
        situations.play(situations::overAllocate);
        situations.play(situations::overAllocateParent);
        situations.play(situations::failureAtParentLimitOutcomeDetails);
        situations.play(situations::failureAtRootLimitOutcomeDetails);
        situations.play(situations::transferShared);
        situations.play(situations::unclaimedReservation);
        situations.play(situations::claimedReservation);
        situations.play(situations::initReservationAndLimit);
        situations.play(situations::overlimit);
        situations.play(situations::overlimitOverflow);
    }
}
