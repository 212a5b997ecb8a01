using Podflare.Resilience;
using Podflare.Sandboxes;

namespace Podflare.Runs;

/// <summary>
/// The run of a sandbox that has the late output of all others. It begins with the first output or the first reader, is no open run for any
/// limit, and ends with the sandbox. Its log keeps the newest output, and never waits for readers.
/// </summary>
/// <param name="key">The API key to which its output counts.</param>
public sealed class BackgroundRun(SandboxId sandbox, IEventLog log, RunOptions options, TimeProvider time, Func<string?> key)
{
    private const string Hash = "background";
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _opening = new(1, 1);
    private RunEntry? _entry;

    public RunId Id { get; } = RunId.ForBackground(sandbox);

    /// <summary>The run as this activation has it, or as the log has it; null when it has not begun.</summary>
    /// <exception cref="StorageUnavailableException">The store does not answer.</exception>
    public Task<RunEntry?> FindAsync(CancellationToken cancellationToken) => OpenAsync(accept: false, cancellationToken);

    /// <summary>The run, which begins now unless it has begun before.</summary>
    /// <exception cref="StorageUnavailableException">The store does not answer.</exception>
    /// <exception cref="SandboxUnreachableException">The sandbox has ended.</exception>
    public async Task<RunEntry> OpenAsync(CancellationToken cancellationToken) => (await OpenAsync(accept: true, cancellationToken))!;

    /// <summary>As <see cref="OpenAsync(CancellationToken)"/>, and waits while the store is away. One that cannot be read is replaced.</summary>
    public async Task<RunEntry> OpenPatientlyAsync(CancellationToken cancellationToken)
    {
        var pause = new Backoff(FirstPause, LongestPause, time);
        while (true)
        {
            try
            {
                return await OpenAsync(cancellationToken);
            }
            catch (Exception e) when (e is StorageUnavailableException or StorageRejectedException)
            {
                // Late output waits in the guest, as all output does.
            }
            catch (RecordUnreadableException)
            {
                await log.DiscardAsync(sandbox, Id, cancellationToken);
            }

            await pause.WaitAsync(cancellationToken);
        }
    }

    private async Task<RunEntry?> OpenAsync(bool accept, CancellationToken cancellationToken)
    {
        if (_entry is not null) return _entry;
        await _opening.WaitAsync(cancellationToken);
        try
        {
            if (_entry is not null) return _entry;
            var stored = await log.FindRunAsync(sandbox, Id, cancellationToken);
            var isNew = stored is null;
            if (isNew)
            {
                if (!accept) return null;
                stored = new RunRecord(
                    Id, Hash, RunLanguage.Bash, RunRequest.NoTimeout, OnDisconnect.Continue, time.GetUtcNow(), Keyless: true, Details: new RunDetails(RunKind.Background),
                    Key: key());
                await log.AcceptAsync(sandbox, stored, tenant: null, cancellationToken);
            }

            var entry = new RunEntry(Id, RunKind.Background) { Held = true };
            entry.Open(await RunEvents.OpenAsync(log, sandbox, stored!, isNew, options.ForBackground(), time, cancellationToken));
            entry.MarkStarted(stored!.CreatedAt, time);
            return _entry = entry;
        }
        finally
        {
            _opening.Release();
        }
    }
}
