package attrium.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.connector.base.source.reader.SingleThreadMultiplexSourceReaderBase;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * The stream `resolved`, without an end: a split for each partition, whose place is in the checkpoints. The time of a record is the log's own
 * time of its message, and so is the watermark.
 */
final class LogSource implements Source<ShopEvent, PartitionSplit, List<PartitionSplit>> {
    private final String natsUrl;
    /** Of each partition, the sequence up to which the run is measured. */
    private final long[] ends;

    LogSource(String natsUrl, long[] ends) {
        this.natsUrl = natsUrl;
        this.ends = ends;
    }

    @Override
    public Boundedness getBoundedness() {
        return Boundedness.CONTINUOUS_UNBOUNDED;
    }

    @Override
    public SourceReader<ShopEvent, PartitionSplit> createReader(SourceReaderContext context) {
        return new Reader(natsUrl, ends, context);
    }

    @Override
    public SplitEnumerator<PartitionSplit, List<PartitionSplit>> createEnumerator(
            SplitEnumeratorContext<PartitionSplit> context) {
        List<PartitionSplit> all = new ArrayList<>();
        for (int partition = 0; partition < ends.length; partition++) all.add(new PartitionSplit(partition, 1));
        return new Enumerator(context, all);
    }

    @Override
    public SplitEnumerator<PartitionSplit, List<PartitionSplit>> restoreEnumerator(
            SplitEnumeratorContext<PartitionSplit> context, List<PartitionSplit> unassigned) {
        return new Enumerator(context, unassigned);
    }

    @Override
    public SimpleVersionedSerializer<PartitionSplit> getSplitSerializer() {
        return new PartitionSplit.Serializer();
    }

    @Override
    public SimpleVersionedSerializer<List<PartitionSplit>> getEnumeratorCheckpointSerializer() {
        return new UnassignedSerializer();
    }

    private static final class Reader
            extends SingleThreadMultiplexSourceReaderBase<LogMessage, ShopEvent, PartitionSplit, PartitionSplit.State> {
        private final long[] ends;

        Reader(String natsUrl, long[] ends, SourceReaderContext context) {
            super(() -> new LogReader(natsUrl), new PackEmitter(), context.getConfiguration(), context);
            this.ends = ends;
        }

        @Override
        public List<PartitionSplit> snapshotState(long checkpoint) {
            List<PartitionSplit> splits = super.snapshotState(checkpoint);
            boolean isAtEnd = splits.stream().allMatch((split) -> split.next > ends[split.partition]);
            if (isAtEnd && !splits.isEmpty()) Progress.readerAtEnd(checkpoint);
            return splits;
        }

        @Override
        public void notifyCheckpointComplete(long checkpoint) throws Exception {
            super.notifyCheckpointComplete(checkpoint);
            Progress.checkpointCompleted(checkpoint, context.currentParallelism());
        }

        @Override
        protected void onSplitFinished(Map<String, PartitionSplit.State> finished) {
            throw new IllegalStateException("a partition has no end");
        }

        @Override
        protected PartitionSplit.State initializedState(PartitionSplit split) {
            return new PartitionSplit.State(split);
        }

        @Override
        protected PartitionSplit toSplitType(String id, PartitionSplit.State state) {
            return new PartitionSplit(state.partition, state.next);
        }
    }

    /** Gives each reader its share of the partitions as soon as it is there. */
    private static final class Enumerator implements SplitEnumerator<PartitionSplit, List<PartitionSplit>> {
        private final SplitEnumeratorContext<PartitionSplit> context;
        private final List<PartitionSplit> unassigned;

        Enumerator(SplitEnumeratorContext<PartitionSplit> context, List<PartitionSplit> unassigned) {
            this.context = context;
            this.unassigned = new ArrayList<>(unassigned);
        }

        @Override
        public void start() {}

        @Override
        public void handleSplitRequest(int reader, String host) {}

        @Override
        public void addSplitsBack(List<PartitionSplit> splits, int reader) {
            unassigned.addAll(splits);
            if (context.registeredReaders().containsKey(reader)) addReader(reader);
        }

        @Override
        public void addReader(int reader) {
            List<PartitionSplit> given = new ArrayList<>();
            for (PartitionSplit split : unassigned) {
                if (split.partition % context.currentParallelism() == reader) given.add(split);
            }
            unassigned.removeAll(given);
            for (PartitionSplit split : given) context.assignSplit(split, reader);
        }

        @Override
        public List<PartitionSplit> snapshotState(long checkpoint) {
            return unassigned;
        }

        @Override
        public void close() {}
    }

    private static final class UnassignedSerializer implements SimpleVersionedSerializer<List<PartitionSplit>> {
        private final PartitionSplit.Serializer single = new PartitionSplit.Serializer();

        @Override
        public int getVersion() {
            return single.getVersion();
        }

        @Override
        public byte[] serialize(List<PartitionSplit> splits) {
            ByteBuffer buffer = ByteBuffer.allocate(12 * splits.size());
            for (PartitionSplit split : splits) buffer.put(single.serialize(split));
            return buffer.array();
        }

        @Override
        public List<PartitionSplit> deserialize(int version, byte[] bytes) throws IOException {
            List<PartitionSplit> splits = new ArrayList<>();
            byte[] one = new byte[12];
            for (ByteBuffer buffer = ByteBuffer.wrap(bytes); buffer.hasRemaining(); ) {
                buffer.get(one);
                splits.add(single.deserialize(version, one));
            }
            return splits;
        }
    }
}
