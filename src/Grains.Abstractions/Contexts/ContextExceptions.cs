namespace Podflare.Contexts;

/// <summary>Another context has this id.</summary>
[GenerateSerializer, Alias("podflare.ContextExistsException")]
public sealed class ContextExistsException(string id) : PodflareException($"a different context with the id {id} exists");

/// <summary>The sandbox has no context with this id.</summary>
[GenerateSerializer, Alias("podflare.ContextNotFoundException")]
public sealed class ContextNotFoundException(string id) : PodflareException($"context not found: {id}");

/// <summary>The context <c>python</c> cannot be deleted.</summary>
[GenerateSerializer, Alias("podflare.ContextRequiredException")]
public sealed class ContextRequiredException() : PodflareException("the context python cannot be deleted; restart it instead");

/// <summary>The sandbox has as many contexts as it may have, fresh ones included.</summary>
[GenerateSerializer, Alias("podflare.ContextQuotaExceededException")]
public sealed class ContextQuotaExceededException(int limit) : PodflareException($"the sandbox has {limit} contexts, which is its limit; delete one first")
{
    [Id(0)]
    public int Limit { get; } = limit;
}
