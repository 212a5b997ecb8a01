namespace Podflare;

/// <summary>A field of a request is beyond its limit or has no meaning. Nothing was started.</summary>
/// <param name="field">The field as the HTTP API names it, such as <c>timeout_seconds</c>.</param>
/// <param name="problem">What is wrong with it, such as <c>must be more than 0</c>.</param>
[GenerateSerializer, Alias("podflare.InvalidRequestException")]
public sealed class InvalidRequestException(string field, string problem) : PodflareException($"{field} {problem}")
{
    /// <summary>The field as the HTTP API names it, such as <c>timeout_seconds</c>.</summary>
    [Id(0)]
    public string Field { get; } = field;

    /// <summary>What is wrong with it, such as <c>must be more than 0</c>.</summary>
    [Id(1)]
    public string Problem { get; } = problem;
}
