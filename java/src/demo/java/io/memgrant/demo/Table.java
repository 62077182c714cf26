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

    /** Cells that are left out at the end stay empty. */
    void row(String... cells) {
        String[] row = Arrays.copyOf(cells, rows.get(0).length);
        Arrays.fill(row, cells.length, row.length, "");
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

    /** A column is one of figures when all its cells below the heading are figures or empty. */
    private boolean isFigure(int column) {
        return rows.stream().skip(1).map(row -> row[column])
                .allMatch(cell -> cell.isEmpty() || cell.equals("-") || Character.isDigit(cell.charAt(0)));
    }
}
