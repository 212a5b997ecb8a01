using Orleans.Concurrency;
using Orleans.Runtime;
using Podflare.Tenants;

namespace Podflare.Runs;

/// <summary>The processes of a sandbox by process id or tag, on every sandbox grain. Each call finds the process and acts on it in one step.</summary>
/// <remarks>
/// All throw <see cref="RunNotFoundException"/> for a process that is not there, and what the methods of the sandbox grain of the same names throw.
/// </remarks>
[Alias("podflare.IProcessExtension")]
public interface IProcessExtension : IGrainExtension
{
    /// <param name="orEnded">Whether one that has ended is found, too: of the last 256 runs of the sandbox.</param>
    [AlwaysInterleave, Alias("Find")]
    Task<RunInfo> Find(TenantId tenant, ProcessSelector process, bool orEnded, CancellationToken cancellationToken = default);

    /// <returns>Bytes that its standard input has accepted in all.</returns>
    [AlwaysInterleave, Alias("WriteStdin")]
    Task<long> WriteStdin(TenantId tenant, ProcessSelector process, StdinChunk chunk, CancellationToken cancellationToken = default);

    /// <param name="signal">Such as <c>SIGTERM</c>.</param>
    [AlwaysInterleave, Alias("Signal")]
    Task Signal(TenantId tenant, ProcessSelector process, string signal, SignalScope scope, CancellationToken cancellationToken = default);

    [AlwaysInterleave, Alias("Resize")]
    Task Resize(TenantId tenant, ProcessSelector process, TerminalSize size, CancellationToken cancellationToken = default);
}
