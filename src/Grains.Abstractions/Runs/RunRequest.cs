using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
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

/// <summary>Code to run, as validated by the caller.</summary>
/// <param name="Code">UTF-8; bytes, because a copy of 16 MiB at each hop would be paid for by every run.</param>
/// <param name="Timeout">Counted by the guest from the start of the run, not from its place in the queue.</param>
/// <param name="Env">Variables of this run alone. Never stored or logged.</param>
[GenerateSerializer, Immutable, Alias("podflare.RunRequest")]
public sealed record RunRequest(
    [property: Id(0)] byte[] Code,
    [property: Id(1)] RunLanguage Language,
    [property: Id(2)] TimeSpan Timeout,
    [property: Id(3)] OnDisconnect OnDisconnect,
    [property: Id(4)] ImmutableSortedDictionary<string, string> Env)
{
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

    /// <summary>
    /// SHA-256 (lower-case hex) over language, timeout, on_disconnect, env sorted by name, and code, each with its length (u32,
    /// big-endian) in front. Two requests with one run id are the same request exactly when their hashes are equal.
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
        return Convert.ToHexStringLower(sha.GetHashAndReset());
    }

    private static void Add(IncrementalHash sha, ReadOnlySpan<byte> part)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(length, (uint)part.Length);
        sha.AppendData(length);
        sha.AppendData(part);
    }
}
