package attrium.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import org.apache.flink.api.common.JobExecutionResult;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.core.execution.CheckpointingMode;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.state.rocksdb.RocksDBConfigurableOptions;
import org.apache.flink.state.rocksdb.RocksDBOptions;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Runs the job until a checkpoint holds all of the input, and says how it goes on stdout: `progress <events>`, at the end
 * `done <time of the last acknowledgement, ms> <checkpoints> <bytes of the heap in use>`. Then it waits for the end of stdin, so that
 * the process and its folder can be looked at: `rocksdb` and `checkpoints` in it.
 *
 * Arguments: rocksdb or heap, URL of NATS, folder, the last sequence of each partition of the input, events in it, the window of carts in ms.
 */
public final class FlinkPeer {
    private static final int SLOTS = 2;
    private static final long PROGRESS_MS = 200;

    private FlinkPeer() {}

    public static void main(String[] args) throws Exception {
        boolean isRocks = args[0].equals("rocksdb");
        Path directory = Path.of(args[2]);
        Path rocks = directory.resolve("rocksdb");
        Path checkpoints = directory.resolve("checkpoints");
        Files.createDirectories(rocks);
        Files.createDirectories(checkpoints);
        long[] ends = Arrays.stream(args[3].split(",")).mapToLong(Long::parseLong).toArray();
        long events = Long.parseLong(args[4]);

        StreamExecutionEnvironment environment =
                StreamExecutionEnvironment.createLocalEnvironment(SLOTS, configuration(isRocks, rocks, checkpoints));
        LogSource source = new LogSource(args[1], ends);
        environment
                .fromSource(source, WatermarkStrategy.noWatermarks(), "resolved", Types.POJO(ShopEvent.class))
                .keyBy((event) -> event.profileId)
                .process(new Attributes(Long.parseLong(args[5])), PrimitiveArrayTypeInfo.BYTE_PRIMITIVE_ARRAY_TYPE_INFO)
                .sinkTo(new LogSink(args[1]));
        JobClient job = environment.executeAsync("attributes");
        CompletableFuture<JobExecutionResult> ended = job.getJobExecutionResult();

        while (!(Progress.EVENTS.sum() >= events && Progress.isEndCheckpointed)) {
            // It has no end of its own: this throws what went wrong.
            if (ended.isDone()) ended.get();
            System.out.println("progress " + Progress.EVENTS.sum());
            Thread.sleep(PROGRESS_MS);
        }
        System.out.println("progress " + Progress.EVENTS.sum());
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        System.out.printf(
                Locale.ROOT,
                "done %d %d %d%n",
                Progress.acknowledgedAt,
                Progress.CHECKPOINTS.get(),
                runtime.totalMemory() - runtime.freeMemory());
        while (System.in.read() >= 0) {}
        job.cancel().get();
        System.exit(0);
    }

    private static Configuration configuration(boolean isRocks, Path rocks, Path checkpoints) {
        Configuration settings = new Configuration();
        settings.set(StateBackendOptions.STATE_BACKEND, isRocks ? "rocksdb" : "hashmap");
        settings.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofSeconds(5));
        settings.set(CheckpointingOptions.CHECKPOINTING_CONSISTENCY_MODE, CheckpointingMode.EXACTLY_ONCE);
        settings.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, checkpoints.toUri().toString());
        settings.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, isRocks);
        settings.set(RocksDBOptions.LOCAL_DIRECTORIES, rocks.toString());
        settings.set(RocksDBConfigurableOptions.USE_BLOOM_FILTER, true);
        settings.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(isRocks ? 1024 : 64));
        // An error ends the run.
        settings.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
        settings.set(PipelineOptions.OBJECT_REUSE, true);
        // No state and no record by reflection.
        settings.set(PipelineOptions.GENERIC_TYPES, false);
        return settings;
    }
}
