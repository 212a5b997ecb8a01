using Podflare.Components;
using Podflare.Pages;

namespace Podflare.Feeds;

/// <summary>An SVG badge to embed in other pages.</summary>
internal static class Badge
{
    public static string Render(string label, ComponentStatus status, string text)
    {
        var (left, right) = (EstimateWidth(label), EstimateWidth(text));
        var colour = status switch
        {
            ComponentStatus.Operational => "#1a7f4b",
            ComponentStatus.DegradedPerformance => "#8a5b00",
            ComponentStatus.PartialOutage => "#b34700",
            ComponentStatus.MajorOutage => "#c11f32",
            ComponentStatus.UnderMaintenance => "#3563c9",
            _ => "#61697a",
        };
        return Html.Of($"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="22" role="img" aria-label="{label}: {text}"><title>{label}: {text}</title>
            <clipPath id="r"><rect width="{left + right}" height="22" rx="4"/></clipPath><g clip-path="url(#r)"><rect width="{left}" height="22" fill="#33384a"/><rect x="{left}" width="{right}" height="22" fill="{colour}"/></g>
            <g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11"><text x="8" y="15" textLength="{left - 16}">{label}</text><text x="{left + 8}" y="15" textLength="{right - 16}">{text}</text></g></svg>
            """).Text;
    }

    private static int EstimateWidth(string text) => 16 + (int)Math.Ceiling(text.Length * 6.6);
}
