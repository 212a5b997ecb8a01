namespace Podflare.Otlp;

/// <summary>How protobuf encodes the kinds of fields.</summary>
internal static class OtlpProtobuf
{
    /// <summary>The wire type: 0 for a varint, 1 for 8 bytes, 2 for a length and bytes, 5 for 4 bytes.</summary>
    public static int WireOf(OtlpKind kind) => kind switch
    {
        OtlpKind.Bool or OtlpKind.Enum or OtlpKind.UInt32 or OtlpKind.SInt32 or OtlpKind.Int64 or OtlpKind.UInt64 => 0,
        OtlpKind.Fixed64 or OtlpKind.SFixed64 or OtlpKind.Double => 1,
        OtlpKind.Fixed32 => 5,
        _ => 2,
    };

    public static long FromVarint(OtlpKind kind, ulong raw) => kind switch
    {
        OtlpKind.Bool => raw == 0 ? 0 : 1,
        OtlpKind.Enum => (int)raw,
        OtlpKind.UInt32 => (uint)raw,
        OtlpKind.SInt32 => (int)((uint)raw >> 1) ^ -(int)(raw & 1),
        _ => (long)raw,
    };

    public static ulong ToVarint(OtlpKind kind, long bits) => kind is OtlpKind.SInt32 ? (uint)(((int)bits << 1) ^ ((int)bits >> 31)) : (ulong)bits;
}
