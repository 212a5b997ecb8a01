using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Podflare.Audit;
using Podflare.Telemetry;

namespace Podflare.Sandboxes;

/// <summary>What a caller wants of a sandbox, with defaults and maxima already applied.</summary>
/// <param name="Lifetime">From creation to the end, busy or not.</param>
/// <param name="IdleLimit">Time without an open run or file call after which it ends.</param>
/// <param name="RamMib">Memory limit in MiB; null takes the template's.</param>
/// <param name="RootfsGb">Writable size in GiB; null takes the template's.</param>
/// <param name="Env">Variables of every run. Values are sent to the guest, and never stored or logged.</param>
[GenerateSerializer, Immutable, Alias("podflare.SandboxSpec")]
public sealed record SandboxSpec(
    [property: Id(0)] string Template,
    [property: Id(1)] TimeSpan Lifetime,
    [property: Id(2)] TimeSpan IdleLimit,
    [property: Id(3)] int? RamMib,
    [property: Id(4)] int? RootfsGb,
    [property: Id(5)] bool Egress,
    [property: Id(6)] ImmutableSortedDictionary<string, string> Metadata,
    [property: Id(7)] ImmutableSortedDictionary<string, string> Env)
{
    /// <summary>The trace that it belongs to. No part of the payload: a repeat comes from another span.</summary>
    [Id(8)]
    public TraceBinding? Trace { get; init; }

    /// <summary>The caller who creates it. No part of the payload.</summary>
    [Id(9)]
    public AuditOrigin? Origin { get; init; }

    /// <summary>Names the create, as its tenant's limits count it. No part of the payload.</summary>
    [Id(10)]
    public string? Creation { get; init; }

    /// <summary>
    /// The hosts that it may reach, normalized (<see cref="Sandboxes.EgressHosts"/>); empty for none. <see cref="Egress"/> is false with it: a
    /// host that does not know this field then grants nothing.
    /// </summary>
    [Id(11)]
    public ImmutableArray<string> EgressHosts { get; init; } = [];

    /// <summary>Code and output of its runs do not go to the tenant's telemetry destination, whatever that asks for.</summary>
    [Id(12)]
    public bool NoContent { get; init; }

    /// <summary>SHA-256 (lower-case hex) over all other fields, each with its length (u32, big-endian) in front.</summary>
    public string PayloadHash()
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in Parts())
        {
            var bytes = Encoding.UTF8.GetBytes(part);
            var length = new byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(length, (uint)bytes.Length);
            sha.AppendData(length);
            sha.AppendData(bytes);
        }

        return Convert.ToHexStringLower(sha.GetHashAndReset());
    }

    private IEnumerable<string> Parts() =>
    [
        Template, $"{Lifetime.Ticks}", $"{IdleLimit.Ticks}", $"{RamMib}", $"{RootfsGb}", $"{Egress}",
        $"{Metadata.Count}", .. Metadata.SelectMany(pair => new[] { pair.Key, pair.Value }),
        $"{Env.Count}", .. Env.SelectMany(pair => new[] { pair.Key, pair.Value }),
        // Without hosts the hash is the one that creates before this field had.
        .. EgressHosts.IsDefaultOrEmpty ? ImmutableArray<string>.Empty : [$"{EgressHosts.Length}", .. EgressHosts],
        .. NoContent ? ["no_content"] : ImmutableArray<string>.Empty,
    ];
}
