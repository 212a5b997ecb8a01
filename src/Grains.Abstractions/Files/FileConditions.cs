using System.Collections.Immutable;

namespace Podflare.Files;

/// <summary>What must hold of a file for it to be written, deleted or read. Checked again in the step that changes it.</summary>
/// <param name="IfMatch">Its entity tag must be one of these, without quotes; <c>*</c> for any that exists. Empty for no condition.</param>
/// <param name="IfNoneMatch">It must not exist.</param>
[GenerateSerializer, Immutable, Alias("podflare.FileConditions")]
public sealed record FileConditions([property: Id(0)] ImmutableArray<string> IfMatch, [property: Id(1)] bool IfNoneMatch)
{
    /// <summary>Entity tags in one request at most.</summary>
    public const int MaxTags = 64;

    public static readonly FileConditions None = new([], false);
}
