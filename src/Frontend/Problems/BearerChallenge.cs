namespace Podflare.Problems;

/// <summary>Endpoint metadata: the <c>WWW-Authenticate</c> challenge for callers without a valid key or token.</summary>
internal sealed record BearerChallenge(string Value);
