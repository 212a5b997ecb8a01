namespace Podflare.Components;

/// <summary>The impact of an incident; also the indicator of the whole page.</summary>
internal enum Impact
{
    None,
    Minor,
    Major,
    Critical,
    Maintenance,
}
