using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Podflare.Streaming;

/// <summary>Limits of the consumer's end of the run streams. Section <c>Podflare:Readers</c>.</summary>
public sealed class RunReaderOptions
{
    public const string Section = "Podflare:Readers";

    /// <summary>Rendered bytes that wait for one reader; a single larger batch is taken all the same. Default: 1 MiB.</summary>
    [Range(4_096, 256 * 1024 * 1024)]
    public int BufferBytes { get; set; } = 1024 * 1024;

    /// <summary>Batches that wait for one reader. Default: 8.</summary>
    [Range(1, 1_024)]
    public int BufferBatches { get; set; } = 8;

    /// <summary>
    /// Time for which a producer waits for room in the buffer, in seconds; then the subscription ends, and is made again once the buffer is
    /// empty. Well below Orleans' response timeout (30 s). Default: 5.
    /// </summary>
    [Range(0.01, 20)]
    public double RoomSeconds { get; set; } = 5;

    /// <summary>Silence after which a reader subscribes again, in seconds: more than two heartbeats. Default: 25.</summary>
    [Range(0.05, 300)]
    public double SilenceSeconds { get; set; } = 25;

    /// <summary>Time without any sign of the producer after which a reader gives up, in seconds. Default: 120.</summary>
    [Range(0, 3_600)]
    public double PatienceSeconds { get; set; } = 120;

    /// <summary>Subscriptions of this process at a time; one more is refused. Default: 10,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxReaders { get; set; } = 10_000;
}

[OptionsValidator]
internal sealed partial class RunReaderOptionsValidator : IValidateOptions<RunReaderOptions>;
