namespace Podflare.Problems;

/// <summary>Endpoint metadata: what callers without a valid key or token are told in <c>WWW-Authenticate</c>.</summary>
internal sealed record BearerChallenge(string Value);
