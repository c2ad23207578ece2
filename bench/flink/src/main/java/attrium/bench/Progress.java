package attrium.bench;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** How far the job has come. The whole job runs in this one process, so its parts may say so here. */
final class Progress {
    /** Events folded. */
    static final LongAdder EVENTS = new LongAdder();
    /** When the output last acknowledged something, ms since 1970. */
    static volatile long acknowledgedAt;
    static final AtomicInteger CHECKPOINTS = new AtomicInteger();
    static volatile boolean isEndCheckpointed;

    private static final ConcurrentHashMap<Long, AtomicInteger> READERS_AT_END = new ConcurrentHashMap<>();

    private Progress() {}

    /** One of the readers stood behind the end of the input at a checkpoint. */
    static void readerAtEnd(long checkpoint) {
        READERS_AT_END.computeIfAbsent(checkpoint, id -> new AtomicInteger()).incrementAndGet();
    }

    static void checkpointCompleted(long checkpoint, int readers) {
        CHECKPOINTS.accumulateAndGet((int) checkpoint, Math::max);
        AtomicInteger atEnd = READERS_AT_END.get(checkpoint);
        if (atEnd != null && atEnd.get() == readers) isEndCheckpointed = true;
    }
}
