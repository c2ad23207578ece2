package attrium.bench;

import io.nats.client.Connection;
import io.nats.client.JetStream;
import io.nats.client.Nats;
import io.nats.client.api.PublishAck;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.apache.flink.api.common.operators.ProcessingTimeService;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;

/**
 * Appends changes to the stream `attributes`, in packs as a stage writes them. A checkpoint waits until all is acknowledged, so after a
 * crash changes may be there twice: at least once, which is less than what attribute-compute gives, and costs less.
 */
final class LogSink implements Sink<byte[]> {
    private static final int PACK_BYTES_MAX = 256 * 1024;
    private static final long LINGER_MS = 20;
    private static final int PACKS_IN_FLIGHT = 8;

    private final String natsUrl;

    LogSink(String natsUrl) {
        this.natsUrl = natsUrl;
    }

    @Override
    public SinkWriter<byte[]> createWriter(WriterInitContext context) throws IOException {
        try {
            return new Writer(Nats.connect(natsUrl), context);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException(interrupted);
        }
    }

    private static final class Writer implements SinkWriter<byte[]> {
        private final Connection connection;
        private final JetStream stream;
        private final ProcessingTimeService clock;
        private final String writer;
        private final String subject;
        private final Wire pack = new Wire(PACK_BYTES_MAX);
        private final Wire header = new Wire(128);
        private final ArrayDeque<CompletableFuture<PublishAck>> inFlight = new ArrayDeque<>();
        private int changes;
        private long commit;

        Writer(Connection connection, WriterInitContext context) throws IOException {
            this.connection = connection;
            stream = connection.jetStream();
            clock = context.getProcessingTimeService();
            int index = context.getTaskInfo().getIndexOfThisSubtask();
            writer = "flink-" + index;
            subject = "attrium.attributes." + index + "." + writer;
        }

        @Override
        public void write(byte[] entry, Context context) throws IOException, InterruptedException {
            if (changes++ == 0) begin();
            pack.raw(entry);
            if (pack.size() >= PACK_BYTES_MAX) publish();
        }

        @Override
        public void flush(boolean endOfInput) throws IOException, InterruptedException {
            publish();
            while (!inFlight.isEmpty()) awaitOldest();
        }

        @Override
        public void close() throws Exception {
            connection.close();
        }

        private void begin() {
            commit++;
            header.clear();
            header.varint(1, 1);
            header.varint(2, 1);
            header.text(3, "attribute-compute");
            header.text(4, writer);
            header.text(5, "flink");
            header.varint(6, commit);
            pack.clear();
            pack.message(1, header);
            long begun = commit;
            clock.registerTimer(clock.getCurrentProcessingTime() + LINGER_MS, (time) -> {
                if (commit == begun) publish();
            });
        }

        private void publish() throws IOException, InterruptedException {
            if (changes == 0) return;
            while (inFlight.size() >= PACKS_IN_FLIGHT) awaitOldest();
            changes = 0;
            inFlight.add(stream.publishAsync(subject, pack.toBytes()).whenComplete((ack, failure) -> {
                if (failure == null) Progress.acknowledgedAt = System.currentTimeMillis();
            }));
            while (!inFlight.isEmpty() && inFlight.peek().isDone()) awaitOldest();
        }

        private void awaitOldest() throws IOException, InterruptedException {
            try {
                inFlight.remove().get();
            } catch (ExecutionException failure) {
                throw new IOException("a pack is not in the log", failure.getCause());
            }
        }
    }
}
