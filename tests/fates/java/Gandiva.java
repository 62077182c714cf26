import java.nio.file.Path;
import java.util.List;
import org.apache.arrow.gandiva.evaluator.Projector;
import org.apache.arrow.gandiva.expression.ExpressionTree;
import org.apache.arrow.gandiva.expression.TreeBuilder;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;
import org.apache.arrow.vector.ipc.message.ArrowRecordBatch;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;

/** Compiles an expression by LLVM and evaluates it for some thousand rows. */
public final class Gandiva implements Workload {
    private static final int ROWS = 5_000;

    public Gandiva(Path folder) {}

    @Override
    public void run() throws Exception {
        Field x = Field.nullable("x", new ArrowType.Int(64, true));
        Field product = Field.nullable("product", new ArrowType.Int(64, true));
        ExpressionTree expression = TreeBuilder.makeExpression("multiply", List.of(x, x), product);
        Projector projector = Projector.make(new Schema(List.of(x)), List.of(expression));
        try (BufferAllocator allocator = new RootAllocator();
                BigIntVector numbers = new BigIntVector("x", allocator);
                BigIntVector products = new BigIntVector("product", allocator)) {
            numbers.allocateNew(ROWS);
            products.allocateNew(ROWS);
            for (int i = 0; i < ROWS; i++) {
                numbers.set(i, i);
            }
            numbers.setValueCount(ROWS);
            products.setValueCount(ROWS);
            try (ArrowRecordBatch batch = new ArrowRecordBatch(ROWS, List.of(new ArrowFieldNode(ROWS, 0)),
                    List.of(numbers.getValidityBuffer(), numbers.getDataBuffer()))) {
                projector.evaluate(batch, List.of(products));
            }
            for (int i = 0; i < ROWS; i++) {
                Workload.check((long) i * i, products.get(i), "product");
            }
        } finally {
            projector.close();
        }
    }
}
