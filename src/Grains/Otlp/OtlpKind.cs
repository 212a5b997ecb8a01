namespace Podflare.Otlp;

/// <summary>What a field of OTLP holds. Each kind has one encoding in protobuf and one in OTLP's JSON.</summary>
internal enum OtlpKind : byte
{
    /// <summary>A text in UTF-8.</summary>
    Text,

    /// <summary>Bytes; base64 in JSON.</summary>
    Bytes,

    /// <summary>16 bytes; hex digits in JSON.</summary>
    TraceId,

    /// <summary>8 bytes; hex digits in JSON.</summary>
    SpanId,

    Bool,

    /// <summary>The number of an enum, also in JSON.</summary>
    Enum,

    UInt32,

    /// <summary>A zigzag number of 32 bits.</summary>
    SInt32,

    /// <summary>A varint of 64 bits; a string in JSON, as all numbers of 64 bits.</summary>
    Int64,

    UInt64,

    Fixed32,

    Fixed64,

    SFixed64,

    Double,

    Message,
}
