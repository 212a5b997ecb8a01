using Orleans.Concurrency;
using Podflare.Runs;

namespace Podflare.Streaming;

/// <summary>As much of a sandbox as its run streams need: it numbers lines, appends them to a real log and serves readers.</summary>
[Alias("test.ITestSandboxGrain")]
public interface ITestSandboxGrain : IGrainWithStringKey
{
    [AlwaysInterleave, Alias("Accept")]
    Task Accept(RunId run);

    /// <summary>Appends lines of <paramref name="size"/> bytes of data, <paramref name="perBatch"/> at a time.</summary>
    [AlwaysInterleave, Alias("Write")]
    Task Write(RunId run, int lines, int size, int perBatch);

    [AlwaysInterleave, Alias("End")]
    Task End(RunId run);

    [AlwaysInterleave, Alias("CountReaders")]
    Task<int> CountReaders();

    [AlwaysInterleave, Alias("GetUnreadFor")]
    Task<TimeSpan?> GetUnreadFor(RunId run);

    [Alias("Deactivate")]
    Task Deactivate();

    /// <summary>From now on it goes away like a killed process: without a word to its readers.</summary>
    [AlwaysInterleave, Alias("GoSilently")]
    Task GoSilently();

    [AlwaysInterleave, Alias("Where")]
    Task<string> Where();
}
