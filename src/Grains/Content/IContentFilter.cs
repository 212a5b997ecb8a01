using System.Text.RegularExpressions;

namespace Podflare.Content;

/// <summary>Removes secrets from code and output before they are cut and sent to a tenant's telemetry destination. Another one may be registered.</summary>
public interface IContentFilter
{
    string Filter(ContentText text, ContentSecrets secrets);
}

/// <summary>A text, or a part of one.</summary>
/// <param name="IsStartCut">Something came before it that is not known.</param>
/// <param name="IsEndCut">Something comes after it that is not known.</param>
public readonly record struct ContentText(string Value, bool IsStartCut = false, bool IsEndCut = false);

/// <summary>What must not be in a text.</summary>
/// <param name="Values">The values of environment variables.</param>
/// <param name="Patterns">Those of the operator and of the tenant.</param>
public sealed record ContentSecrets(IReadOnlyCollection<string> Values, IReadOnlyCollection<Regex> Patterns);
