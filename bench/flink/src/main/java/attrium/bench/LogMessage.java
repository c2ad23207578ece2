package attrium.bench;

/** A message of the log: one pack. */
final class LogMessage {
    final long sequence;
    /** The log's own time, ms. */
    final long appendedAt;
    final byte[] pack;

    LogMessage(long sequence, long appendedAt, byte[] pack) {
        this.sequence = sequence;
        this.appendedAt = appendedAt;
        this.pack = pack;
    }
}
