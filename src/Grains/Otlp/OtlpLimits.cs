namespace Podflare.Otlp;

/// <summary>What a decoder accepts. A body comes from code that nobody trusts.</summary>
internal static class OtlpLimits
{
    /// <summary>Messages within each other.</summary>
    public const int MaxDepth = 24;

    /// <summary>Attributes of one thing, events or links of one span, and so on.</summary>
    public const int MaxListed = 128;

    /// <summary>Bytes of one item on the wire. An item is a span.</summary>
    public const int MaxItemBytes = 64 * 1024;

    /// <summary>Items of one body; also the messages around them.</summary>
    public const int MaxItems = 10_000;

    /// <summary>Messages of one body, of all types: an empty one takes two bytes on the wire and a hundred in memory.</summary>
    public const int MaxMessages = 250_000;
}
