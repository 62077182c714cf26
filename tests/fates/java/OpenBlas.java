import static org.bytedeco.openblas.global.openblas.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas.LAPACK_ROW_MAJOR;
import static org.bytedeco.openblas.global.openblas.LAPACKE_dgesv;
import static org.bytedeco.openblas.global.openblas.cblas_dgemm;

import java.nio.file.Path;

/** Multiplies matrices, and solves a system of equations of which the solution is known. */
public final class OpenBlas implements Workload {
    private static final int SIZE = 300;

    public OpenBlas(Path folder) {}

    @Override
    public void run() throws Exception {
        double[] a = new double[SIZE * SIZE];
        double[] b = new double[SIZE * SIZE];
        double[] c = new double[SIZE * SIZE];
        for (int i = 0; i < SIZE; i++) {
            for (int j = 0; j < SIZE; j++) {
                a[i * SIZE + j] = (i + j) % 7 + (i == j ? 10 * SIZE : 0);
            }
            b[i * SIZE + i] = 2;
        }
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SIZE, SIZE, SIZE, 1, a, SIZE, b, SIZE, 0, c, SIZE);
        for (int i = 0; i < a.length; i++) {
            Workload.check(2 * a[i], c[i], "product");
        }
        double[] x = new double[SIZE];
        for (int i = 0; i < SIZE; i++) {
            for (int j = 0; j < SIZE; j++) {
                x[i] += a[i * SIZE + j];
            }
        }
        Workload.check(0, LAPACKE_dgesv(LAPACK_ROW_MAJOR, SIZE, 1, a, SIZE, new int[SIZE], x, 1), "dgesv");
        for (double value : x) {
            Workload.check(1L, Math.round(value * 1e6) / 1_000_000, "solution");
        }
    }
}
