using Podflare.Http;
using Podflare.Problems;

namespace Podflare.Keys;

/// <summary>Accepts tokens of an identity provider in place of API keys.</summary>
internal interface ITokenAuthenticator
{
    /// <param name="hash">Of the token.</param>
    /// <param name="audience">What the token must name as its audience; null for what is configured.</param>
    /// <returns>Null when the token is not valid.</returns>
    /// <exception cref="ProblemException">403: the token is valid, but its tenant is not known or suspended. 503: the provider does not answer.</exception>
    ValueTask<Caller?> FindCallerAsync(string token, KeyHash hash, string? audience, CancellationToken cancellationToken);
}
