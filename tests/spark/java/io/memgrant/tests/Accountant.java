package io.memgrant.tests;

import io.memgrant.NativeMemoryAccountant;

/** An accountant that answers as the test wants and takes everything back. */
final class Accountant implements NativeMemoryAccountant {
    /** What it does with a request. */
    interface Answer {
        long to(long bytes) throws Exception;
    }

    private final Answer answer;

    Accountant(Answer answer) {
        this.answer = answer;
    }

    @Override
    public long acquireMemory(long bytes) {
        try {
            return answer.to(bytes);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void releaseMemory(long bytes) {
        // Whatever is granted here comes from nowhere.
    }
}
