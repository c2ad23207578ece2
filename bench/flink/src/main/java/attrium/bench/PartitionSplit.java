package attrium.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.flink.api.connector.source.SourceSplit;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/** A partition of the log from a sequence on. */
final class PartitionSplit implements SourceSplit {
    final int partition;
    /** The sequence of the stream at which it goes on. */
    final long next;

    PartitionSplit(int partition, long next) {
        this.partition = partition;
        this.next = next;
    }

    @Override
    public String splitId() {
        return String.valueOf(partition);
    }

    /** How far a reader has come in it. */
    static final class State {
        final int partition;
        long next;

        State(PartitionSplit split) {
            partition = split.partition;
            next = split.next;
        }
    }

    static final class Serializer implements SimpleVersionedSerializer<PartitionSplit> {
        @Override
        public int getVersion() {
            return 1;
        }

        @Override
        public byte[] serialize(PartitionSplit split) {
            return ByteBuffer.allocate(12).putInt(split.partition).putLong(split.next).array();
        }

        @Override
        public PartitionSplit deserialize(int version, byte[] bytes) throws IOException {
            if (version != 1) throw new IOException("a split of version " + version);
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            return new PartitionSplit(buffer.getInt(), buffer.getLong());
        }
    }
}
