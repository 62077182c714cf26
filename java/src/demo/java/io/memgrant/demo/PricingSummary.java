package io.memgrant.demo;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * The sums of TPC-H's query 1 by return flag and line status, in exact integers: cents for prices, hundredths for
 * discount and tax. Overflow throws.
 */
public final class PricingSummary implements Serializable {
    private static final long serialVersionUID = 1;

    /** 1998-12-01 less 90 days, in days since 1970: the last ship date of query 1. */
    static final int LAST_SHIP_DATE = 10_471;

    private static final int COUNT = 0, QUANTITY = 1, PRICE = 2, DISCOUNTED = 3, CHARGED = 4, SUMS = 5;

    private final TreeMap<String, long[]> groups = new TreeMap<>();

    /** Adds one line item, if query 1 wants it. */
    void add(String group, int shipDate, long quantity, long cents, long discount, long tax) {
        if (shipDate > LAST_SHIP_DATE) {
            return;
        }
        long discounted = Math.multiplyExact(cents, 100 - discount);
        addSums(group, 1, quantity, cents, discounted, Math.multiplyExact(discounted, 100 + tax));
    }

    /** Adds sums in the order count, quantity, price, discounted price, charge. */
    void addSums(String group, long... sums) {
        long[] totals = groups.computeIfAbsent(group, key -> new long[SUMS]);
        for (int i = 0; i < SUMS; i++) {
            totals[i] = Math.addExact(totals[i], sums[i]);
        }
    }

    PricingSummary add(PricingSummary other) {
        other.groups.forEach(this::addSums);
        return this;
    }

    /** Figures as text, one line a group. */
    Map<String, String> lines() {
        Map<String, String> lines = new TreeMap<>();
        groups.forEach((group, sums) -> lines.put(group, String.format("%,d rows, quantity %,d, price %.2f, "
                + "discounted %.4f, charged %.6f", sums[COUNT], sums[QUANTITY], sums[PRICE] / 1e2,
                sums[DISCOUNTED] / 1e4, sums[CHARGED] / 1e6)));
        return lines;
    }

    /** The exact sums by group. */
    Map<String, long[]> sums() {
        return groups;
    }

    public long rows() {
        return groups.values().stream().mapToLong(sums -> sums[COUNT]).sum();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PricingSummary that && groups.keySet().equals(that.groups.keySet())
                && groups.keySet().stream().allMatch(key -> Arrays.equals(groups.get(key), that.groups.get(key)));
    }

    @Override
    public int hashCode() {
        return groups.keySet().hashCode();
    }

    @Override
    public String toString() {
        return lines().toString();
    }
}
