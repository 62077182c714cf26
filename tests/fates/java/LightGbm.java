import io.github.metarank.lightgbm4j.LGBMBooster;
import io.github.metarank.lightgbm4j.LGBMDataset;
import com.microsoft.ml.lightgbm.PredictionType;
import java.nio.file.Path;

/** Learns which half of a square a point lies in, and tells it of the points that it learned from. */
public final class LightGbm implements Workload {
    private static final int ROWS = 2_000;

    public LightGbm(Path folder) {}

    @Override
    public void run() throws Exception {
        try (LGBMDataset points = LGBMDataset.createFromMat(Points.of(ROWS), ROWS, 2, true, "num_threads=2", null)) {
            points.setField("label", Points.halves(ROWS));
            try (LGBMBooster booster = LGBMBooster.create(points, "objective=binary num_leaves=7 num_threads=2 verbosity=-1")) {
                for (int i = 0; i < 5; i++) {
                    booster.updateOneIter();
                }
                double[] told = booster.predictForMat(Points.of(ROWS), ROWS, 2, true, PredictionType.C_API_PREDICT_NORMAL);
                int right = 0;
                for (int i = 0; i < ROWS; i++) {
                    right += told[i] > 0.5 == Points.halves(ROWS)[i] > 0.5 ? 1 : 0;
                }
                Workload.check(true, right > 0.99 * ROWS, "points told rightly, " + right + " of " + ROWS);
            }
        }
    }
}
