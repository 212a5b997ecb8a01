using System.Text;
using System.Text.Json.Nodes;
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

    /// <summary>The process id of every process.</summary>
    internal const byte Pid = 42;

    /// <summary>The JSON of its <c>RUN</c>.</summary>
    public JsonObject Request { get; internal init; } = [];

    /// <summary>What has been written to its standard input.</summary>
    public byte[] Stdin { get; private set; } = [];

    public bool StdinEnded { get; private set; }

    internal string Context => (string?)Request["context"] ?? "python";

    internal bool IsProcess => (string?)Request["kind"] is not null;

    internal bool IsTerminal => Request["pty"] is not null;

    internal bool HasStdin => IsTerminal || (bool?)Request["stdin"] is true;

    internal int? Execution { get; set; }

    internal string? EndSignal { get; set; }

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

    internal void TakeStdin(ReadOnlySpan<byte> data, bool isEnd)
    {
        Stdin = [.. Stdin, .. data];
        StdinEnded |= isEnd;
    }

    internal void Stop(int code, ExitReason? reason)
    {
        Exit(code, reason);
        _stop.Cancel();
    }
}
