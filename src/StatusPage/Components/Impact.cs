namespace Podflare.Components;

/// <summary>How much an incident takes away; also the page's indicator.</summary>
internal enum Impact
{
    None,
    Minor,
    Major,
    Critical,
    Maintenance,
}
