using Podflare.Runs;

namespace Podflare.Guests;

/// <summary>A value that a run displays, as its interpreter sent it: <see cref="ResultBody"/> reads it.</summary>
public sealed record GuestResult(ulong Number, RunId Run, long Time, ReadOnlyMemory<byte> Body) : GuestFrame(Number, Run, Time);

/// <summary>A run waits for a line of input.</summary>
/// <param name="Prompt">UTF-8.</param>
public sealed record GuestInputRequest(ulong Number, RunId Run, long Time, bool IsPassword, ReadOnlyMemory<byte> Prompt) : GuestFrame(Number, Run, Time);

/// <summary>The process of a run has started; a watch has process 0.</summary>
public sealed record GuestProcessStarted(ulong Number, RunId Run, long Time, uint Pid) : GuestFrame(Number, Run, Time);

/// <summary>A watched file has changed.</summary>
/// <param name="Body">A JSON object.</param>
public sealed record GuestFileChanged(ulong Number, RunId Run, long Time, ReadOnlyMemory<byte> Body) : GuestFrame(Number, Run, Time);

/// <summary>The code of a run calls a tool.</summary>
/// <param name="Call">The number of the call in its run, from 1.</param>
/// <param name="Body">A JSON object.</param>
public sealed record GuestToolRequest(ulong Number, RunId Run, long Time, uint Call, ReadOnlyMemory<byte> Body) : GuestFrame(Number, Run, Time);

/// <summary>A call of a tool was answered, or nobody waits for it any more.</summary>
/// <inheritdoc cref="GuestToolRequest"/>
public sealed record GuestToolResponse(ulong Number, RunId Run, long Time, uint Call, ReadOnlyMemory<byte> Body) : GuestFrame(Number, Run, Time);

/// <summary>Output of a run that has ended.</summary>
/// <param name="Run">The background run of the sandbox, whose event it becomes.</param>
/// <param name="Origin">The run whose code wrote it; null where that is not known.</param>
public sealed record GuestLateOutput(ulong Number, RunId Run, long Time, RunId? Origin, bool IsError, ReadOnlyMemory<byte> Bytes) : GuestFrame(Number, Run, Time);

/// <summary>Output of runs that have ended was dropped, because there was too much of it.</summary>
/// <param name="Run">The background run of the sandbox.</param>
/// <param name="Bytes">Bytes that were dropped.</param>
public sealed record GuestOutputDropped(ulong Number, RunId Run, long Time, ulong Bytes) : GuestFrame(Number, Run, Time);
