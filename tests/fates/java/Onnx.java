import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/** Runs a model of one layer, y = relu(x W), that is written down here: W is twice the identity. */
public final class Onnx implements Workload {
    private static final int SIZE = 256;
    private final byte[] model = model();

    public Onnx(Path folder) {}

    @Override
    public void run() throws Exception {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        float[][] x = new float[SIZE][SIZE];
        double right = 0;
        for (int i = 0; i < SIZE; i++) {
            for (int j = 0; j < SIZE; j++) {
                x[i][j] = i - j;
                right += Math.max(0, 2 * (i - j));
            }
        }
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(2);
            try (OrtSession session = environment.createSession(model, options)) {
                for (int i = 0; i < 3; i++) {
                    try (OnnxTensor tensor = OnnxTensor.createTensor(environment, x);
                            OrtSession.Result result = session.run(Map.of("x", tensor))) {
                        double sum = 0;
                        for (float[] row : (float[][]) result.get(0).getValue()) {
                            for (float value : row) {
                                sum += value;
                            }
                        }
                        Workload.check(right, sum, "sum of the layer's output");
                    }
                }
            }
        }
    }

    // ---- The model, as protocol buffers ----

    private static byte[] model() {
        ByteBuffer weights = ByteBuffer.allocate(4 * SIZE * SIZE).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < SIZE; i++) {
            weights.putFloat(4 * (i * SIZE + i), 2);
        }
        Message initializer = new Message().number(1, SIZE).number(1, SIZE).number(2, 1).text(8, "w").bytes(9, weights.array());
        Message graph = new Message()
                .message(1, new Message().text(1, "x").text(1, "w").text(2, "xw").text(4, "MatMul"))
                .message(1, new Message().text(1, "xw").text(2, "y").text(4, "Relu"))
                .text(2, "layer").message(5, initializer).message(11, matrix("x")).message(12, matrix("y"));
        return new Message().number(1, 8).message(7, graph).message(8, new Message().text(1, "").number(2, 13)).done();
    }

    private static Message matrix(String name) {
        Message dimension = new Message().number(1, SIZE);
        Message tensor = new Message().number(1, 1).message(2, new Message().message(1, dimension).message(1, dimension));
        return new Message().text(1, name).message(2, new Message().message(1, tensor));
    }

    private static final class Message {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Message number(int field, long value) {
            varint(field << 3);
            varint(value);
            return this;
        }

        Message bytes(int field, byte[] value) {
            varint(field << 3 | 2);
            varint(value.length);
            bytes.writeBytes(value);
            return this;
        }

        Message text(int field, String value) {
            return bytes(field, value.getBytes(StandardCharsets.UTF_8));
        }

        Message message(int field, Message value) {
            return bytes(field, value.done());
        }

        byte[] done() {
            return bytes.toByteArray();
        }

        private void varint(long value) {
            for (long rest = value; ; rest >>>= 7) {
                bytes.write((int) (rest & 0x7f | (rest > 0x7f ? 0x80 : 0)));
                if (rest <= 0x7f) {
                    return;
                }
            }
        }
    }
}
