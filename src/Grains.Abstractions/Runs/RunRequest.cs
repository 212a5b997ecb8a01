using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Podflare.Keys;
using Podflare.Telemetry;

namespace Podflare.Runs;

/// <summary>What interprets the code of a run.</summary>
[GenerateSerializer, Alias("podflare.RunLanguage")]
public enum RunLanguage
{
    /// <summary>The sandbox's persistent Python REPL.</summary>
    Python,

    /// <summary>A fresh bash process.</summary>
    Bash,

    /// <summary>A record of a newer version names one that this version does not know.</summary>
    Unknown,
}

/// <summary>What becomes of a run that nobody reads any more.</summary>
[GenerateSerializer, Alias("podflare.OnDisconnect")]
public enum OnDisconnect
{
    /// <summary>It goes on; its events can be read later.</summary>
    Continue,

    /// <summary>It is interrupted once it has had no reader for a while (option, default 10 s).</summary>
    Interrupt,

    /// <summary>A record of a newer version names one that this version does not know. The run continues.</summary>
    Unknown,
}

/// <summary>A run to start, as validated by the caller.</summary>
/// <param name="Code">Code, or the command of a process. UTF-8; bytes, because a copy of 16 MiB at each hop would be paid for by every run.</param>
/// <param name="Timeout">Counted by the guest from the start of the run, not from its place in the queue. <see cref="NoTimeout"/> for none, which code cannot have.</param>
/// <param name="Env">Variables of this run alone. Never stored or logged.</param>
[GenerateSerializer, Immutable, Alias("podflare.RunRequest")]
public sealed record RunRequest(
    [property: Id(0)] byte[] Code,
    [property: Id(1)] RunLanguage Language,
    [property: Id(2)] TimeSpan Timeout,
    [property: Id(3)] OnDisconnect OnDisconnect,
    [property: Id(4)] ImmutableSortedDictionary<string, string> Env)
{
    /// <summary>The timeout of a run that has none.</summary>
    public static readonly TimeSpan NoTimeout = System.Threading.Timeout.InfiniteTimeSpan;

    /// <summary>The trace of the call that starts it; null when the caller sent none. No part of the payload.</summary>
    [Id(5)]
    public TraceBinding? Trace { get; init; }

    /// <summary>The span of that call, as a <c>traceparent</c>: the parent of the run's span, or linked to it. No part of the payload.</summary>
    [Id(6)]
    public string? Span { get; init; }

    /// <summary>
    /// The caller sent no idempotency key, so nobody repeats the request later: the run's record is kept for as long as its events instead of
    /// for 24 h. No part of the payload.
    /// </summary>
    [Id(7)]
    public bool Keyless { get; init; }

    [Id(8)]
    public RunKind Kind { get; init; }

    /// <summary>The context that executes the code, which decides the language. Null for the default one, and for all other kinds.</summary>
    [Id(9)]
    public string? Context { get; init; }

    /// <summary>Whether code gets an interpreter of its own. Not together with <see cref="Context"/>.</summary>
    [Id(10)]
    public FreshMode Fresh { get; init; }

    /// <summary>Which top-level expressions of Python code give results.</summary>
    [Id(11)]
    public DisplayPolicy Display { get; init; }

    /// <summary>Data frames are shown as <c>{column: [values]}</c>, too.</summary>
    [Id(12)]
    public bool Columns { get; init; }

    /// <summary>Its standard input is open for <see cref="StdinChunk"/>s.</summary>
    [Id(13)]
    public bool Stdin { get; init; }

    /// <summary>Set exactly when <see cref="Kind"/> is <see cref="RunKind.Process"/>.</summary>
    [Id(14)]
    public ProcessSpec? Process { get; init; }

    /// <summary>Set exactly when <see cref="Kind"/> is <see cref="RunKind.Watch"/>.</summary>
    [Id(15)]
    public WatchSpec? Watch { get; init; }

    /// <summary>For processes without a terminal and for bash; null for <see cref="OutputFormat.Default"/>.</summary>
    [Id(16)]
    public OutputFormat? Output { get; init; }

    /// <summary>Time between an interrupt or the timeout and the kill, 0 to 300 s; null for the server's default.</summary>
    [Id(17)]
    public TimeSpan? Grace { get; init; }

    /// <summary>With <see cref="OnDisconnect.Interrupt"/>: time without a reader, 0.1 to 3,600 s; null for the server's default.</summary>
    [Id(18)]
    public TimeSpan? DisconnectAfter { get; init; }

    /// <summary>Whether the open run keeps the sandbox from being idle; null: where it has a timeout. A run that somebody reads always does.</summary>
    [Id(19)]
    public bool? KeepAlive { get; init; }

    /// <summary>A name of the caller's to find the run by, 1 to 64 characters.</summary>
    [Id(20)]
    public string? Tag { get; init; }

    /// <summary>The API key of the caller, to which the run counts; null for callers without one. No part of the payload.</summary>
    [Id(21)]
    public KeyId? Key { get; init; }

    /// <summary>The span of <see cref="Trace"/> already describes the call of a tool, so that of the run does not. No part of the payload.</summary>
    [Id(22)]
    public bool IsInToolSpan { get; init; }

    /// <summary>Its code and output do not go to the tenant's telemetry destination, whatever that asks for.</summary>
    [Id(23)]
    public bool NoContent { get; init; }

    /// <summary>Tools that its Python code may call; null for none.</summary>
    [Id(24)]
    public RunTools? Tools { get; init; }

    /// <summary>
    /// SHA-256 (lower-case hex) over language, timeout, on_disconnect, env sorted by name, and code, each with its length (u32,
    /// big-endian) in front; then over the name and the value of each later field that differs from its default, so that a key of an earlier
    /// version stays valid. The default of <see cref="Display"/> depends on the mount that a request came through, so only
    /// <see cref="DisplayPolicy.All"/> counts. Two requests with one run id are the same request exactly when their hashes are equal.
    /// </summary>
    public string PayloadHash()
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(sha, Encoding.UTF8.GetBytes(Language.ToString()));
        Add(sha, BitConverter.GetBytes(Timeout.Ticks));
        Add(sha, Encoding.UTF8.GetBytes(OnDisconnect.ToString()));
        foreach (var (name, value) in Env)
        {
            Add(sha, Encoding.UTF8.GetBytes(name));
            Add(sha, Encoding.UTF8.GetBytes(value));
        }

        Add(sha, Code);
        if (Kind is not RunKind.Code) Add(sha, "kind", Kind);
        if (Context is not null) Add(sha, "context", Context);
        if (Fresh is not FreshMode.None) Add(sha, "fresh", Fresh);
        if (Display is DisplayPolicy.All) Add(sha, "display", Display);
        if (Columns) Add(sha, "columns", Columns);
        if (Stdin) Add(sha, "stdin", Stdin);
        if (Process is { } process) AddProcess(sha, process);
        if (Watch is { } watch) AddWatch(sha, watch);
        if (Output is { } output && output != OutputFormat.Default) Add(sha, "output", $"{output.MergesStderr} {output.IsOrdered} {output.IsBinary}");
        if (Grace is { } grace) Add(sha, "grace", grace.Ticks);
        if (DisconnectAfter is { } after) Add(sha, "disconnect_after", after.Ticks);
        if (KeepAlive is { } keeps) Add(sha, "keep_alive", keeps);
        if (Tag is not null) Add(sha, "tag", Tag);
        if (NoContent) Add(sha, "no_content", NoContent);
        if (Tools is { } tools) AddTools(sha, tools);
        return Convert.ToHexStringLower(sha.GetHashAndReset());
    }

    private static void AddProcess(IncrementalHash sha, ProcessSpec process)
    {
        Add(sha, "process", process.Argv.Length);
        foreach (var argument in process.Argv) Add(sha, Encoding.UTF8.GetBytes(argument));
        if (process.Cwd is { } folder) Add(sha, "cwd", folder);
        if (process.Terminal is { } size) Add(sha, "terminal", $"{size.Columns} {size.Rows}");
    }

    private static void AddWatch(IncrementalHash sha, WatchSpec watch)
    {
        Add(sha, "watch", watch.Recursive);
        Add(sha, watch.Path.Bytes);
    }

    private static void AddTools(IncrementalHash sha, RunTools tools)
    {
        Add(sha, "tools", tools.Definitions.Length);
        foreach (var tool in tools.Definitions)
        {
            Add(sha, Encoding.UTF8.GetBytes(tool.Name));
            Add(sha, Encoding.UTF8.GetBytes(tool.Description ?? ""));
            Add(sha, tool.InputSchema ?? []);
        }

        if (tools.Timeout is { } timeout) Add(sha, "tool_timeout", timeout.Ticks);
    }

    private static void Add<T>(IncrementalHash sha, string name, T value)
    {
        Add(sha, Encoding.UTF8.GetBytes(name));
        Add(sha, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{value}")));
    }

    private static void Add(IncrementalHash sha, ReadOnlySpan<byte> part)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(length, (uint)part.Length);
        sha.AppendData(length);
        sha.AppendData(part);
    }
}
