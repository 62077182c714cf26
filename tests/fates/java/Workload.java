/**
 * What a task does with a library, and the right answer to it. Constructed, with an empty folder, before any denial and
 * without touching the library: loading it is part of the task, as it is on Spark.
 */
public interface Workload {
    /**
     * Does the work once, from the beginning, and closes what it opened.
     *
     * @throws WrongAnswer when the library's answer is not the right one
     */
    void run() throws Exception;

    /** The library answered, but not what is right. */
    final class WrongAnswer extends Exception {
        private static final long serialVersionUID = 1;

        WrongAnswer(String message) {
            super(message);
        }
    }

    /** Compares an answer with the right one. */
    static void check(Object right, Object answer, String what) throws WrongAnswer {
        if (!right.equals(answer)) {
            throw new WrongAnswer(what + ": " + answer + " instead of " + right);
        }
    }
}
