package io.memgrant;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import mgtarget.Target;

/** Accountants that are not Spark's: a fixed budget, and one whose grants are logged. */
final class AccountantsMain {
    private static final long MB = 1 << 20;

    private static void aFixedBudgetGrantsWhatIsLeft() {
        NativeMemoryAccountant accountant = Accountants.fixed(10);
        Armed.equal(4L, accountant.acquireMemory(4), "4 of 10");
        Armed.equal(6L, accountant.acquireMemory(7), "of 7 the part that is left");
        Armed.equal(0L, accountant.acquireMemory(1), "1 of nothing");
        accountant.releaseMemory(3);
        Armed.equal(3L, accountant.acquireMemory(5), "what came back");
        accountant.releaseMemory(Long.MAX_VALUE);
        Armed.equal(10L, accountant.acquireMemory(Long.MAX_VALUE), "never more than the budget");
        Armed.equal(0L, Accountants.fixed(0).acquireMemory(1), "of an empty one");
        try {
            Accountants.fixed(-1);
            throw new AssertionError("a budget below 0");
        } catch (IllegalArgumentException expected) {
            Armed.check(expected.getMessage().contains("-1"), expected.getMessage());
        }
    }

    private static void whatIsLargeIsLoggedAndAllIsCounted() {
        List<String> lines = new ArrayList<>();
        NativeMemoryAccountant accountant = Accountants.logging(Accountants.fixed(3000), Accountants.LOGGED, lines::add);
        Armed.equal(1000L, accountant.acquireMemory(1000), "little");
        Armed.equal(2000L, accountant.acquireMemory(2500), "much");
        accountant.releaseMemory(1000);
        accountant.releaseMemory(2000);
        Armed.equal(List.of("acquired 2000 of 2500 bytes, 3000 held: fixed budget of 3000 bytes, 0 free",
                "released 2000 bytes, 0 held: fixed budget of 3000 bytes, 3000 free"), lines, "what was logged");
    }

    /** Together they never have more than there is. */
    private static void threadsShareABudget(NativeMemoryAccountant accountant, long budget) throws Exception {
        AtomicLong held = new AtomicLong();
        List<Thread> threads = new ArrayList<>();
        AtomicLong most = new AtomicLong();
        for (int i = 1; i <= 4; i++) {
            long bytes = i * budget / 5;
            Thread thread = new Thread(() -> {
                for (int round = 0; round < 10_000; round++) {
                    long granted = accountant.acquireMemory(bytes);
                    most.accumulateAndGet(held.addAndGet(granted), Math::max);
                    held.addAndGet(-granted);
                    accountant.releaseMemory(granted);
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        Armed.check(most.get() > 0 && most.get() <= budget, "together they had " + most + " of " + budget);
        Armed.equal(budget, accountant.acquireMemory(2 * budget), "all of it is there again");
        accountant.releaseMemory(budget);
    }

    /** As a task, with no Spark: its courier asks the budget, and what was granted goes back to it. */
    private static void anAccountLivesOnAFixedBudget() {
        NativeMemoryAccountant budget = Accountants.logging(Accountants.fixed(8 * MB), Long.MAX_VALUE);
        Account task = Memgrant.root().open("on a budget", Account.NO_LIMIT);
        task.grant(budget.acquireMemory(MB));
        task.startCourier(budget);
        task.bind();
        Target.release0(Target.take(3 * MB));
        Account.unbind();
        Armed.check(task.endCourier(), "the courier ended");
        long granted = task.settle();
        Armed.check(granted >= MB && granted <= 8 * MB, "granted " + granted);
        budget.releaseMemory(granted);
        Armed.equal(8 * MB, budget.acquireMemory(9 * MB), "the whole budget is there again");
    }

    public static void main(String[] args) throws Exception {
        aFixedBudgetGrantsWhatIsLeft();
        whatIsLargeIsLoggedAndAllIsCounted();
        threadsShareABudget(Accountants.fixed(1000), 1000);
        threadsShareABudget(Accountants.logging(Accountants.fixed(1000), 1 << 20), 1000);
        String wrong = Memgrant.start(System.getenv("LIB"), Armed.ENFORCING);
        Armed.check(wrong == null, "armed: " + wrong);
        Armed.loadTarget();
        anAccountLivesOnAFixedBudget();
        System.out.println("accountants: ok");
    }
}
