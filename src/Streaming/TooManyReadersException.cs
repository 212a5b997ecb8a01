namespace Podflare.Streaming;

/// <summary>The sandbox, or this process, has as many readers as it takes: 429 <c>rate_limited</c>.</summary>
[GenerateSerializer, Alias("podflare.TooManyReadersException")]
public sealed class TooManyReadersException(int limit) : PodflareException($"{limit} readers are connected, which is the limit; close one or wait")
{
    [Id(0)]
    public int Limit { get; } = limit;
}
