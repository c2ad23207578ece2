package attrium.bench;

import io.nats.client.Connection;
import io.nats.client.ConsumeOptions;
import io.nats.client.IterableConsumer;
import io.nats.client.JetStreamStatusCheckedException;
import io.nats.client.Message;
import io.nats.client.Nats;
import io.nats.client.api.DeliverPolicy;
import io.nats.client.api.OrderedConsumerConfiguration;
import io.nats.client.impl.NatsJetStreamMetaData;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.apache.flink.connector.base.source.reader.RecordsBySplits;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;
import org.apache.flink.connector.base.source.reader.splitreader.SplitReader;
import org.apache.flink.connector.base.source.reader.splitreader.SplitsAddition;
import org.apache.flink.connector.base.source.reader.splitreader.SplitsChange;

/** Reads partitions of the log by ordered consumers, in the fetching thread of a source. */
final class LogReader implements SplitReader<LogMessage, PartitionSplit> {
    private static final String STREAM = "attrium-resolved";
    private static final int MESSAGES_A_FETCH = 8;
    /** Messages that a consumer may have on their way; they are some 70 kB. */
    private static final int MESSAGES_AHEAD = 64;
    private static final long WAIT_MS = 5;

    private final Connection connection;
    private final Map<String, IterableConsumer> consumers = new LinkedHashMap<>();

    LogReader(String natsUrl) {
        try {
            connection = Nats.connect(natsUrl);
        } catch (IOException failure) {
            throw new IllegalStateException("NATS is out of reach", failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(interrupted);
        }
    }

    @Override
    public RecordsWithSplitIds<LogMessage> fetch() throws IOException {
        Map<String, Collection<LogMessage>> fetched = new HashMap<>();
        try {
            for (Map.Entry<String, IterableConsumer> each : consumers.entrySet()) {
                Collection<LogMessage> messages = take(each.getValue());
                if (!messages.isEmpty()) fetched.put(each.getKey(), messages);
            }
        } catch (JetStreamStatusCheckedException failure) {
            throw new IOException(failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        return new RecordsBySplits<>(fetched, Set.of());
    }

    private static Collection<LogMessage> take(IterableConsumer consumer)
            throws JetStreamStatusCheckedException, InterruptedException {
        Collection<LogMessage> messages = new ArrayList<>(MESSAGES_A_FETCH);
        while (messages.size() < MESSAGES_A_FETCH) {
            Message message = consumer.nextMessage(WAIT_MS);
            if (message == null) break;
            NatsJetStreamMetaData origin = message.metaData();
            long appendedAt = origin.timestamp().toInstant().toEpochMilli();
            messages.add(new LogMessage(origin.streamSequence(), appendedAt, message.getData()));
        }
        return messages;
    }

    @Override
    public void handleSplitsChanges(SplitsChange<PartitionSplit> change) {
        if (!(change instanceof SplitsAddition)) throw new UnsupportedOperationException(change.toString());
        try {
            for (PartitionSplit split : change.splits()) {
                OrderedConsumerConfiguration from = new OrderedConsumerConfiguration()
                        .filterSubject("attrium.resolved." + split.partition + ".>")
                        .deliverPolicy(DeliverPolicy.ByStartSequence)
                        .startSequence(split.next);
                ConsumeOptions options = ConsumeOptions.builder().batchSize(MESSAGES_AHEAD).build();
                consumers.put(
                        split.splitId(),
                        connection.getStreamContext(STREAM).createOrderedConsumer(from).iterate(options));
            }
        } catch (Exception failure) {
            throw new IllegalStateException("a partition cannot be read", failure);
        }
    }

    @Override
    public void wakeUp() {
        // A fetch waits for milliseconds only.
    }

    @Override
    public void close() throws Exception {
        for (IterableConsumer consumer : consumers.values()) consumer.close();
        connection.close();
    }
}
