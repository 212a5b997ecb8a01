using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Podflare.Keys;

/// <summary>The SHA-256 of an API key, as four numbers: compared and used as a dictionary key without an allocation.</summary>
[GenerateSerializer, Immutable, Alias("podflare.KeyHash"), JsonConverter(typeof(KeyHashConverter))]
public readonly record struct KeyHash([property: Id(0)] ulong A, [property: Id(1)] ulong B, [property: Id(2)] ulong C, [property: Id(3)] ulong D)
{
    private const int MaxOnStack = 512;

    /// <summary>The hash of a key as a client sends it.</summary>
    public static KeyHash Of(ReadOnlySpan<char> key)
    {
        var size = Encoding.UTF8.GetMaxByteCount(key.Length);
        var bytes = size <= MaxOnStack ? stackalloc byte[MaxOnStack] : new byte[size];
        return Of(bytes[..Encoding.UTF8.GetBytes(key, bytes)]);
    }

    /// <summary>Reads 64 hex digits.</summary>
    /// <exception cref="FormatException">They are not 64 hex digits.</exception>
    public static KeyHash Parse(string hex) =>
        Convert.FromHexString(hex) is { Length: SHA256.HashSizeInBytes } bytes ? Read(bytes) : throw new FormatException("The hash of a key is 64 hex digits.");

    /// <summary>64 lower-case hex digits.</summary>
    public override string ToString() => $"{A:x16}{B:x16}{C:x16}{D:x16}";

    // The first bits are as random as any others.
    public override int GetHashCode() => (int)A;

    public bool Equals(KeyHash other) => ((A ^ other.A) | (B ^ other.B) | (C ^ other.C) | (D ^ other.D)) == 0;

    private static KeyHash Of(ReadOnlySpan<byte> utf8)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(utf8, hash);
        return Read(hash);
    }

    private static KeyHash Read(ReadOnlySpan<byte> hash) => new(
        BinaryPrimitives.ReadUInt64BigEndian(hash),
        BinaryPrimitives.ReadUInt64BigEndian(hash[8..]),
        BinaryPrimitives.ReadUInt64BigEndian(hash[16..]),
        BinaryPrimitives.ReadUInt64BigEndian(hash[24..]));
}

/// <summary>Writes a hash as 64 hex digits.</summary>
internal sealed class KeyHashConverter : JsonConverter<KeyHash>
{
    public override KeyHash Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => KeyHash.Parse(reader.GetString() ?? "");

    public override void Write(Utf8JsonWriter writer, KeyHash value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
