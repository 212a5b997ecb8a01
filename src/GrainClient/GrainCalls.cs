using Microsoft.Extensions.Options;
using Orleans.Runtime;
using Podflare.Resilience;
using Podflare.Telemetry;

namespace Podflare.GrainClient;

/// <summary>Makes grain calls that are safe to repeat until they succeed, are refused for good, or the time is over. Each carries the current trace.</summary>
internal sealed class GrainCalls(IOptions<GrainClientOptions> options, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    public async Task<T> CallAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        using var limit = new TimeLimit(TimeSpan.FromSeconds(options.Value.CallSeconds), time, cancellationToken);
        Exception? last = null;
        try
        {
            while (true)
            {
                try
                {
                    CarryTrace();
                    return await call(limit.Token).WaitAsync(limit.Token);
                }
                catch (Exception e) when (Transient.IsTransient(e))
                {
                    last = e;
                }

                await Task.Delay(Pause, time, limit.Token);
            }
        }
        catch (OperationCanceledException) when (limit.IsExceeded)
        {
            throw last ?? new SandboxUnreachableException();
        }
    }

    /// <summary>Makes a call that must not be repeated, because it may have had its effect.</summary>
    public static async Task<T> CallOnceAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        CarryTrace();
        return await call(cancellationToken).WaitAsync(cancellationToken);
    }

    public Task CallAsync(Func<CancellationToken, Task> call, CancellationToken cancellationToken) =>
        CallAsync(
            async token =>
            {
                await call(token);
                return true;
            },
            cancellationToken);

    private static void CarryTrace()
    {
        if (CallerTrace.Current() is { } trace) CallContext.Set(trace.TraceParent, trace);
    }
}
