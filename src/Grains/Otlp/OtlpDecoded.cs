namespace Podflare.Otlp;

/// <summary>A body that was decoded.</summary>
/// <param name="Items">Items that it has.</param>
/// <param name="Invalid">Items that were dropped because they are not valid, or larger than an item may be.</param>
/// <param name="OverLimit">Items that were dropped because the body has too many.</param>
internal sealed record OtlpDecoded(OtlpMessage Message, int Items, int Invalid, int OverLimit);
