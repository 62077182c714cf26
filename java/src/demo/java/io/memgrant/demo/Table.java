package io.memgrant.demo;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A small table: a line of headings, a line of dashes, rows; figures to the right, words to the left. */
final class Table {
    private final List<String[]> rows = new ArrayList<>();

    Table(String... headings) {
        rows.add(headings);
    }

    void row(String... cells) {
        rows.add(cells);
    }

    /** A row of heading, cell, heading, cell...; all others stay empty. */
    void sparseRow(String... headingsAndCells) {
        List<String> headings = List.of(rows.get(0));
        String[] row = new String[headings.size()];
        Arrays.fill(row, "");
        for (int i = 0; i < headingsAndCells.length; i += 2) {
            int column = headings.indexOf(headingsAndCells[i]);
            if (column >= 0) {
                row[column] = headingsAndCells[i + 1];
            }
        }
        rows.add(row);
    }

    void print(String title) {
        int[] widths = new int[rows.get(0).length];
        for (String[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                widths[i] = Math.max(widths[i], row[i].length());
            }
        }
        Say.line("%n%s", title);
        for (int r = 0; r < rows.size(); r++) {
            Say.line("  %s", format(rows.get(r), widths));
            if (r == 0) {
                StringBuilder dashes = new StringBuilder();
                for (int width : widths) {
                    dashes.append("-".repeat(width)).append("  ");
                }
                Say.line("  %s", dashes.toString().stripTrailing());
            }
        }
        Say.line("");
    }

    private String format(String[] row, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < row.length; i++) {
            String padding = " ".repeat(widths[i] - row[i].length());
            line.append(isFigure(i) ? padding + row[i] : row[i] + padding).append("  ");
        }
        return line.toString().stripTrailing();
    }

    /** A column is one of figures when the cell below its heading is one. */
    private boolean isFigure(int column) {
        String first = rows.size() > 1 ? rows.get(1)[column] : "";
        return !first.isEmpty() && Character.isDigit(first.charAt(0));
    }
}
