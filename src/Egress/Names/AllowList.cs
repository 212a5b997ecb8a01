namespace Podflare.EgressProxy.Names;

/// <summary>The hosts that one sandbox may reach: names, and patterns such as <c>*.example.com</c> for all names below a name at any depth.</summary>
internal sealed class AllowList
{
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly HashSet<string> _suffixes = new(StringComparer.Ordinal);

    /// <param name="entries">Normalized names, some with <c>*.</c> in front.</param>
    public AllowList(IEnumerable<string> entries)
    {
        foreach (var entry in entries)
        {
            if (entry.StartsWith("*.", StringComparison.Ordinal)) _suffixes.Add(entry[2..]);
            else _names.Add(entry);
        }
    }

    /// <param name="name">A normalized name.</param>
    public bool Contains(string name)
    {
        if (_names.Contains(name)) return true;
        if (_suffixes.Count == 0) return false;
        var suffixes = _suffixes.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var rest = name.AsSpan(); rest.IndexOf('.') is >= 0 and var dot;)
        {
            rest = rest[(dot + 1)..];
            if (suffixes.Contains(rest)) return true;
        }

        return false;
    }
}
