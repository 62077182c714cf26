package io.memgrant.demo;

import java.nio.file.Path;

/**
 * What the command line says.
 *
 * @param pool what memgrant is granted from: offheap or overhead
 * @param name of this application's files, without their endings
 */
record Arguments(int act, double scale, int parts, boolean armed, int puts, int rows,
        boolean duckDbFails, long overdraftCap, Path folder, String pool, String name) {
    static Arguments parse(String[] words) {
        int act = 0;
        double scale = 0.2;
        int parts = 8;
        long overdraftCap = 64L << 20;
        boolean armed = true;
        int puts = 1_000_000;
        int rows = 2_000_000;
        boolean duckDbFails = false;
        Path folder = Path.of("build/demo");
        String pool = "offheap";
        String name = "act";
        for (int i = 0; i < words.length; i++) {
            switch (words[i]) {
                case "--act" -> act = Integer.parseInt(words[++i]);
                case "--scale" -> scale = Double.parseDouble(words[++i]);
                case "--parts" -> parts = Integer.parseInt(words[++i]);
                case "--overdraft-cap" -> overdraftCap = Long.parseLong(words[++i]);
                case "--puts" -> puts = Integer.parseInt(words[++i]);
                case "--rows" -> rows = Integer.parseInt(words[++i]);
                case "--duckdb-fails" -> duckDbFails = true;
                case "--folder" -> folder = Path.of(words[++i]);
                case "--pool" -> pool = words[++i];
                case "--name" -> name = words[++i];
                case "--plain" -> armed = false;
                default -> throw new IllegalArgumentException("unknown argument " + words[i]);
            }
        }
        return new Arguments(act, scale, parts, armed, puts, rows, duckDbFails, overdraftCap, folder, pool,
                name);
    }
}
