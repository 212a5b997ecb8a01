using System.Globalization;
using Podflare.Components;

namespace Podflare.Uptime;

/// <summary>Seconds by status in one window, and the share of time that was up.</summary>
internal sealed record UptimeFigure(double Window, double Major, double Partial, double Degraded, double Maintenance, double NoData, double PartialWeight)
{
    public double Measured => Window - Maintenance - NoData;

    /// <summary>1 − (major + w · partial) / (window − maintenance − no data); null when nothing was measured.</summary>
    public double? Share => Measured > 0 ? 1 - (Major + (PartialWeight * Partial)) / Measured : null;

    /// <summary>Cut, not rounded: 99.999 % is not 100 %.</summary>
    public string Text => Share is { } share
        ? string.Create(CultureInfo.InvariantCulture, $"{Math.Floor((decimal)share * 10000m) / 100m:0.00} %")
        : "no data";

    public static UptimeFigure Of(IEnumerable<StatusSpan> line, double partialWeight)
    {
        double window = 0, major = 0, partial = 0, degraded = 0, maintenance = 0, noData = 0;
        foreach (var span in line)
        {
            var seconds = span.Length.TotalSeconds;
            window += seconds;
            switch (span.Status)
            {
                case ComponentStatus.MajorOutage: major += seconds; break;
                case ComponentStatus.PartialOutage: partial += seconds; break;
                case ComponentStatus.DegradedPerformance: degraded += seconds; break;
                case ComponentStatus.UnderMaintenance: maintenance += seconds; break;
                case ComponentStatus.NoData: noData += seconds; break;
            }
        }

        return new UptimeFigure(window, major, partial, degraded, maintenance, noData, partialWeight);
    }
}
