using System.Text;
using Podflare.Runs;

namespace Podflare.Guests;

/// <summary>A run inside a scripted guest, as its program sees it.</summary>
public sealed class GuestRunContext
{
    private readonly CancellationTokenSource _stop = new();

    internal GuestRunContext(ScriptedGuest guest, RunId id, string code, TimeSpan timeout)
    {
        (Guest, Id, Code, Timeout) = (guest, id, code, timeout);
        Stopping = _stop.Token;
    }

    public ScriptedGuest Guest { get; }

    public RunId Id { get; }

    /// <summary>Cancelled when the run is interrupted, killed or timed out, and when the guest dies.</summary>
    public CancellationToken Stopping { get; }

    internal string Code { get; }

    internal TimeSpan Timeout { get; }

    internal RunState State { get; set; } = RunState.Queued;

    internal long? Started { get; set; }

    /// <summary>The number of its <c>END</c>.</summary>
    internal ulong? EndNumber { get; set; }

    /// <summary>The number of its last frame that the worker has acknowledged.</summary>
    internal ulong Acknowledged { get; set; }

    internal (int Code, ExitReason? Reason)? Verdict { get; private set; }

    internal bool HasExited => Verdict is not null;

    public void Print(string text, bool isError) => Guest.SendOutput(Id, isError, Encoding.UTF8.GetBytes(text));

    /// <summary>Decides how the run ends; the first decision counts.</summary>
    public void Exit(int code, ExitReason? reason = null) => Verdict ??= (code, reason);

    internal void Stop(int code, ExitReason? reason)
    {
        Exit(code, reason);
        _stop.Cancel();
    }
}
