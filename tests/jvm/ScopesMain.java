package io.memgrant;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import mgtarget.Target;

/** Accounts for a part of a task's work: what is charged there, limits, other threads, exceptions, and what is left. */
final class ScopesMain {
    private static final long MB = 1 << 20;

    private static void whatIsAllocatedInsideIsTheChilds(Account task) {
        long before = Target.take(MB);
        Account parse;
        try (Account child = task.child("parse", Account.NO_LIMIT)) {
            parse = child;
            Armed.check(Memgrant.currentAccount() == child, "the child is the thread's account");
            long block = Target.take(2 * MB);
            Armed.equal(2 * MB, child.used(), "used by the child");
            Armed.equal(3 * MB, task.used(), "used by the task");
            Armed.equal(2 * MB, child.granted() / MB * MB, "a child holds of its task's grant what it takes");
            Target.release0(before);
            Target.release0(block);
            Armed.equal(0L, child.used(), "used by the child at its end");
        }
        Armed.check(Memgrant.currentAccount() == task, "the task is the thread's account again");
        Armed.equal(2 * MB, parse.peak(), "the child's peak");
        Armed.equal(0L, parse.left(), "left by the child");
        long after = Target.take(MB);
        Armed.equal(0L, parse.used(), "used by the child after its end");
        Armed.equal(MB, task.used(), "used by the task after the child's end");
        Target.release0(after);
        parse.close();
    }

    private static void exceptionsAndNesting(Account task) {
        Account outer = null;
        long kept = 0;
        try (Account first = task.child("outer", Account.NO_LIMIT)) {
            outer = first;
            try (Account second = first.child("inner", Account.NO_LIMIT)) {
                kept = Target.take(MB);
                Armed.equal(MB, first.used(), "an outer account shows what an inner one uses");
                Armed.equal(MB, second.used(), "used by the inner one");
                throw new IllegalArgumentException("in between");
            }
        } catch (IllegalArgumentException expected) {
            Armed.check(Memgrant.currentAccount() == task, "after an exception the task is the thread's account again");
        }
        Armed.equal(MB, outer.left(), "what was forgotten is told");
        Armed.equal(MB, task.used(), "and is the task's");
        Target.release0(kept);
        Armed.equal(0L, task.used(), "until it is freed");
    }

    private static void anotherThreadWorksForIt(Account task) throws Exception {
        AtomicLong block = new AtomicLong();
        try (Account child = task.child("handed over", Account.NO_LIMIT)) {
            Thread thread = new Thread(() -> {
                long own = Target.take(MB);
                try (Entered here = child.enter()) {
                    block.set(Target.take(2 * MB));
                    Armed.check(here != null && Memgrant.currentAccount() == child, "the child is the other thread's account");
                }
                Armed.check(Memgrant.currentAccount() == null, "the other thread has no account again");
                Target.release0(own);
            });
            thread.start();
            thread.join();
            Armed.equal(2 * MB, child.used(), "used by another thread for the child");
            Target.release0(block.get());
        }
        Armed.equal(0L, task.used(), "used by the task after that");
    }

    /** Nothing is thrown by the allocation, but by the next boundary. */
    private static void theRefusalIsThrownAtABoundaryAndSaysWhichAccountRefused(Account task) {
        AtomicLong asked = new AtomicLong();
        task.onBoundary((library, mayThrow) -> {
            if (!mayThrow || !task.takeInjectedDenial()) {
                return null;
            }
            asked.incrementAndGet();
            return new IllegalStateException(task.takeRefusal());
        });
        try (Account child = task.child("small", MB)) {
            long block = Target.take(2 * MB);
            String thrown = null;
            try {
                Target.nothing();
            } catch (IllegalStateException denied) {
                thrown = denied.getMessage();
            }
            Armed.equal("small, limit 1048576 bytes", String.valueOf(thrown), "what was thrown");
            Target.release0(block);
            Armed.equal(1L, child.denials(), "denials of the child");
            Target.release0(Target.take(MB));
            Target.nothing();
        }
        Armed.equal(1L, asked.get(), "denials");
        task.onBoundary(null);
    }

    /** It is not stopped where they free enough. */
    private static void itsOwnLeversArePulledWhereItsLimitRefuses(Account task) {
        AtomicLong block = new AtomicLong();
        AtomicLong wanted = new AtomicLong();
        AtomicLong ofTask = new AtomicLong();
        task.onBoundary((library, mayThrow) -> {
            if (!mayThrow || !task.takeInjectedDenial() || task.pullRefusersLevers(60_000, false)) {
                return null;
            }
            return new IllegalStateException(task.takeRefusal());
        });
        SpillLever.Registration other = task.addLever(bytes -> ofTask.incrementAndGet());
        Account child = task.child("spills", 8 * MB);
        child.addLever(bytes -> {
            wanted.set(bytes);
            Target.release0(block.getAndSet(0));
            return 6 * MB;
        });
        block.set(Target.take(6 * MB));
        long more = Target.take(6 * MB);
        Target.nothing();
        Armed.equal(5 * MB, wanted.get(), "what the lever was asked for: what is missing, and an eighth of the limit");
        Armed.equal(6 * MB, child.used(), "used by the child");
        Armed.equal("null", String.valueOf(task.takeRefusal()), "the refusal is forgotten");
        Armed.equal(0L, ofTask.get(), "the task's own lever has nothing to do with that");
        block.set(Target.take(MB));
        long muchMore = Target.take(6 * MB);
        try {
            Target.nothing();
            throw new AssertionError("not stopped, though the lever freed too little");
        } catch (IllegalStateException denied) {
            Armed.equal("spills, limit 8388608 bytes", denied.getMessage(), "what was thrown");
        }
        Target.release0(more);
        Target.release0(muchMore);
        Armed.check(task.hasLevers() && child.hasLevers(), "both have levers");
        other.close();
        child.close();
        Armed.check(!task.hasLevers(), "a child's levers end with it");
        task.onBoundary(null);
    }

    /** More than its limit, in two blocks; the other one is the lever's. */
    private static long takeTooMuch(Account child, AtomicLong block) {
        try (Entered here = child.enter()) {
            Armed.check(here != null, "the child is the thread's account");
            block.set(Target.take(6 * MB));
            return Target.take(6 * MB);
        }
    }

    private static long releaseAll(long... blocks) {
        for (long block : blocks) {
            Target.release0(block);
        }
        return 0;
    }

    /** Two that refuse before the task gets to a boundary: a native call in which a library goes from one account to another. */
    private static void theLeversOfAllWhoseLimitsRefusedArePulled(Account task) {
        AtomicBoolean inCall = new AtomicBoolean();
        task.onBoundary((library, mayThrow) -> {
            if (inCall.get() || !mayThrow || !task.takeInjectedDenial() || task.pullRefusersLevers(60_000, false)) {
                return null;
            }
            return new IllegalStateException(task.takeRefusal());
        });
        AtomicLong first = new AtomicLong();
        AtomicLong second = new AtomicLong();
        try (Account one = task.child("one", 8 * MB); Account other = task.child("other", 8 * MB)) {
            one.addLever(bytes -> releaseAll(first.getAndSet(0)));
            other.addLever(bytes -> releaseAll(second.getAndSet(0)));
            for (boolean all : new boolean[] { true, false }) {
                inCall.set(true);
                long ofOne = takeTooMuch(one, first);
                long ofOther = takeTooMuch(other, second);
                long kept = all ? 0 : first.getAndSet(0);
                inCall.set(false);
                String thrown = null;
                try {
                    Target.nothing();
                } catch (IllegalStateException denied) {
                    thrown = denied.getMessage();
                }
                Armed.equal(all ? "null" : "other, limit 8388608 bytes", String.valueOf(thrown), "what was thrown");
                Armed.equal((all ? 6 : 12) * MB, one.used(), "used by the one whose limit was not the last that refused");
                Armed.equal(6 * MB, other.used(), "used by the last one");
                releaseAll(ofOne, ofOther, kept);
            }
        }
        task.onBoundary(null);
    }

    private static void aTasksEndEndsItsChildren() {
        Account task = Memgrant.root().open("ends early", Account.NO_LIMIT);
        task.bind();
        task.grant(8 * MB);
        Account child = task.child("left open", Account.NO_LIMIT);
        long block = Target.take(MB);
        Account.unbind();
        task.endCourier();
        Armed.equal(8 * MB, task.settle(), "the grant that goes back");
        child.close();
        Armed.equal(0L, task.used() + child.used(), "used by what has ended");
        Target.release0(block);
    }

    private static void memoryIsReservedUsedAndGivenBack(Account task) {
        try (Account child = task.child("careful", Account.NO_LIMIT); Account other = task.child("other", Account.NO_LIMIT)) {
            Armed.check(child.reserve(48 * MB), "48 of the task's 64 MB");
            Armed.check(!other.reserve(48 * MB), "they are not there twice");
            long part = other.request(48 * MB);
            Armed.check(part > 8 * MB && part <= 16 * MB, "a part of the request: " + part);
            Armed.equal(part, other.giveBack(part), "nobody used it");
            Armed.equal(48 * MB, child.reservation(), "reserved");
            Armed.equal(0L, child.used(), "which is no use");
            try (Entered here = child.enter()) {
                long block = Target.take(40 * MB);
                Armed.check(here != null && child.giveBack(48 * MB) <= 8 * MB, "what is used is not given back");
                Target.release0(block);
            }
            Armed.check(!task.reserve(MB), "a task has its grant");
        }
    }

    private static void aLimitIsDividedFairly(Account task) {
        try (Account divided = task.child("divided", 8 * MB)) {
            divided.shareFairly(true);
            try (Account first = divided.child("first", Account.NO_LIMIT)) {
                Armed.equal(8 * MB, first.share(), "the share of one that is alone");
                long block = Target.take(6 * MB);
                try (Account second = divided.child("second", Account.NO_LIMIT)) {
                    Armed.equal(4 * MB, second.share(), "the share of one of two");
                    long owed = Target.take(3 * MB);
                    Armed.check(!task.takeInjectedDenial(), "who is owed it is not stopped");
                    Armed.equal(4 * MB, first.share(), "the other one's share");
                    try (Entered here = first.enter()) {
                        long more = Target.take(MB);
                        Armed.check(here != null && task.takeInjectedDenial(), "who has more than its share is");
                        Armed.equal("divided, limit 8388608 bytes", task.takeRefusal(), "who refused");
                        Target.release0(more);
                    }
                    Armed.check(divided.toVerboseString().contains(" shared fairly by 2"), divided.toVerboseString());
                    Armed.check(second.toJson().contains("\"share\":4194304"), second.toJson());
                    Target.release0(owed);
                }
                Target.release0(block);
            }
            divided.shareFairly(false);
        }
        Account over = task.child("over", MB);
        over.close();
        refuses("over has closed", () -> over.shareFairly(true));
    }

    private static void whatIsLeftGoesToAnotherAccountBeyondItsLimit(Account task) {
        try (Account receiver = task.child("receiver", MB)) {
            long block;
            Account giver = Memgrant.root().child("giver", Account.NO_LIMIT);
            block = Target.take(4 * MB);
            refuses("giver can't be closed into an account that has closed, or that is in it", () -> giver.closeInto(giver));
            Armed.equal(4 * MB, giver.used(), "nothing has changed");
            Armed.check(!receiver.isOverLimit(), "not over its limit yet");
            giver.closeInto(receiver);
            Armed.check(Memgrant.currentAccount() == receiver, "the thread is where it was");
            Armed.equal(4 * MB, giver.left(), "left");
            Armed.equal(4 * MB, receiver.used(), "received");
            Armed.equal(4 * MB, task.used(), "and the task's, which it is in");
            Armed.equal(0L, giver.used(), "used by the giver");
            Armed.check(receiver.isOverLimit(), "over its limit");
            Armed.check(receiver.toVerboseString().contains("(over it)"), receiver.toVerboseString());
            Target.release0(block);
            Armed.check(!receiver.isOverLimit(), "no longer");
            giver.close();
            refuses("receiver can't be closed into an account that has closed, or that is in it", () -> receiver.closeInto(giver));
        }
        Armed.equal(0L, task.used(), "used by the task");
    }

    private static void oneBlockGoesToAnotherAccountBeyondItsLimit(Account task) {
        Account ended = task.child("ended", Account.NO_LIMIT);
        ended.close();
        try (Account receiver = task.child("receiver", MB)) {
            Account giver = Memgrant.root().child("giver", Account.NO_LIMIT);
            long first = Target.take(2 * MB);
            long second = Target.take(MB);
            refuses("ended has closed", () -> giver.transfer(first, ended));
            Armed.equal(0L, receiver.transfer(first, task), "of a block that is another account's");
            Armed.equal(0L, giver.transfer(first + 16, receiver), "of what is no block");
            Armed.equal(3 * MB, giver.used(), "nothing has changed");
            Armed.equal(2 * MB, giver.transfer(first, receiver), "handed over");
            Armed.equal(MB, giver.used(), "what the giver keeps");
            Armed.equal(2 * MB, receiver.used(), "received");
            Armed.equal(2 * MB, task.used(), "and the task's, which it is in");
            Armed.check(receiver.isOverLimit(), "over its limit");
            Target.release0(second);
            giver.close();
            Armed.equal(0L, giver.left(), "left by the giver");
            Target.release0(first);
            Armed.check(!receiver.isOverLimit(), "no longer");
        }
        Armed.equal(0L, task.used(), "used by the task");
    }

    private static void aSharedAccountEndsWithTheLastWhoHoldsIt(Account task) {
        Account one = task.shared("plans", 8 * MB);
        Account other = task.shared("plans", Account.NO_LIMIT);
        Account ofAll = Memgrant.root().shared("plans", Account.NO_LIMIT);
        Armed.check(Memgrant.currentAccount() == task, "nobody is put into it");
        long block;
        try (Entered here = one.enter()) {
            block = Target.take(MB);
            Armed.check(here != null && other.used() == MB && ofAll.used() == 0, "it is the same one: " + other.used());
        }
        Armed.equal(8 * MB, other.limit(), "the first one's limit");
        one.close();
        one.close();
        Armed.equal(MB, other.used(), "somebody still holds it");
        refuses("plans is shared", () -> other.closeInto(task));
        other.close();
        Armed.equal(MB, other.left(), "left");
        Armed.equal(0L, other.used(), "it has ended");
        Armed.equal(MB, task.used(), "what is left is the task's");
        Target.release0(block);
        ofAll.close();
    }

    private static void refuses(String why, Runnable what) {
        try {
            what.run();
        } catch (IllegalArgumentException | IllegalStateException expected) {
            Armed.equal(why, expected.getMessage(), "what was thrown");
            return;
        }
        throw new AssertionError("not refused: " + why);
    }

    private static void theTreeIsSeenAsTextAndAsJson(Account task) {
        try (Account child = task.child("seen", 2 * MB)) {
            long block = Target.take(MB);
            String[] lines = task.toVerboseString().split("\n");
            Armed.check(lines.length == 2 && lines[0].startsWith("task: used 1048576, granted ") && lines[1].startsWith("  seen: used 1048576, ")
                    && lines[1].contains("limit 2097152, of task's grant"), task.toVerboseString());
            Armed.check(task.toJson().contains("\"children\":[{") && child.toJson().contains("\"limit\":2097152"), task.toJson());
            Armed.check(!child.isOverLimit(), "within the limit");
            long more = Target.take(2 * MB);
            Armed.check(child.isOverLimit() && child.toVerboseString().contains("(over it)"), child.toVerboseString());
            Target.release0(block);
            Target.release0(more);
            task.takeInjectedDenial();
            task.takeRefusal();
        }
    }

    private static void aTaskIsNoChild(Account task) {
        try {
            task.close();
            throw new AssertionError("a task was closed");
        } catch (IllegalStateException expected) {
            Armed.equal(0L, task.left(), "left");
        }
    }

    public static void main(String[] args) throws Exception {
        String wrong = Memgrant.start(System.getenv("LIB"), Armed.ENFORCING);
        Armed.check(wrong == null, "armed: " + wrong);
        Armed.loadTarget();
        Account task = Memgrant.root().open("task", Account.NO_LIMIT);
        task.bind();
        task.grant(64 * MB);
        whatIsAllocatedInsideIsTheChilds(task);
        exceptionsAndNesting(task);
        anotherThreadWorksForIt(task);
        theRefusalIsThrownAtABoundaryAndSaysWhichAccountRefused(task);
        itsOwnLeversArePulledWhereItsLimitRefuses(task);
        theLeversOfAllWhoseLimitsRefusedArePulled(task);
        memoryIsReservedUsedAndGivenBack(task);
        aLimitIsDividedFairly(task);
        whatIsLeftGoesToAnotherAccountBeyondItsLimit(task);
        oneBlockGoesToAnotherAccountBeyondItsLimit(task);
        aSharedAccountEndsWithTheLastWhoHoldsIt(task);
        theTreeIsSeenAsTextAndAsJson(task);
        ArrowSituations.playAll(task);
        aTasksEndEndsItsChildren();
        task.bind();
        aTaskIsNoChild(task);
        Account.unbind();
        task.endCourier();
        Armed.equal(64 * MB, task.settle(), "the grant that goes back");
        Armed.check(Memgrant.report().contains("\"invariants_broken\":0"), "no rule of the books was broken");
        System.out.println("scopes: ok");
    }
}
