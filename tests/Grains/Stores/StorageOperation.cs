namespace Podflare.Stores;

/// <summary>What grains ask of the grain storage. A fault's subject is <c>{record}/{grain key}</c>, such as <c>sandbox/sbx_…</c>.</summary>
public enum StorageOperation
{
    Read,
    Write,
    Clear,
}
