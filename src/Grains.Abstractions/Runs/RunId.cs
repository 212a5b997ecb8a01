using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.Runs;

/// <summary>The name of a run: <c>run_</c> and 32 lower-case hex digits.</summary>
[GenerateSerializer, Immutable, Alias("podflare.RunId")]
public readonly record struct RunId([property: Id(0)] string Value) : IParsable<RunId>
{
    private const string Prefix = "run_";
    private const int Digits = 32;

    /// <summary>Draws a random id.</summary>
    public static RunId New() => new(Prefix + RandomNumberGenerator.GetHexString(Digits, lowercase: true));

    /// <summary>
    /// The id that every frontend derives from an <c>Idempotency-Key</c>: the first 128 bits of SHA-256 over tenant, sandbox id and
    /// key, joined by zero bytes. So the same key starts one run without any look-up table.
    /// </summary>
    public static RunId FromKey(TenantId tenant, SandboxId sandbox, string key)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{tenant.Value}\0{sandbox.Value}\0{key}"));
        return new RunId(Prefix + Convert.ToHexStringLower(hash.AsSpan(0, 16)));
    }

    /// <summary>The run of kind <see cref="RunKind.Background"/> of a sandbox, which has the late output of all its other runs.</summary>
    public static RunId ForBackground(SandboxId sandbox)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"background\0{sandbox.Value}"));
        return new RunId(Prefix + Convert.ToHexStringLower(hash.AsSpan(0, 16)));
    }

    /// <summary>The id as the 16 bytes that frames carry.</summary>
    public byte[] ToBytes() => Convert.FromHexString(Value.AsSpan(Prefix.Length));

    /// <summary>Reads the 16 bytes that a frame carries.</summary>
    public static RunId FromBytes(ReadOnlySpan<byte> bytes) => new(Prefix + Convert.ToHexStringLower(bytes));

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out RunId result)
    {
        result = default;
        if (s is null || !HexId.Is(s, Prefix, Digits)) return false;
        result = new RunId(s);
        return true;
    }

    public static RunId Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, provider, out var id) ? id : throw new FormatException("A run id is run_ and 32 lower-case hex digits.");

    public override string ToString() => Value;
}
