namespace Podflare.Keys;

/// <summary>The tenant has no such key.</summary>
[GenerateSerializer, Alias("podflare.ApiKeyNotFoundException")]
public sealed class ApiKeyNotFoundException() : PodflareException("key not found");

/// <summary>The tenant has as many living keys as it may have.</summary>
[GenerateSerializer, Alias("podflare.KeyQuotaExceededException")]
public sealed class KeyQuotaExceededException(int limit) : PodflareException($"the tenant has {limit} keys, which is its limit; revoke one first")
{
    [Id(0)]
    public int Limit { get; } = limit;
}
