using System.Globalization;
using Podflare.Components;

namespace Podflare.Uptime;

/// <summary>Seconds by status in one window, and the share of time that was up.</summary>
internal sealed record UptimeFigure(double Window, double Major, double Partial, double Degraded, double Maintenance, double NoData, double PartialWeight)
{
    public double Measured => Window - Maintenance - NoData;

    /// <summary>1 − (major + w · partial) / (window − maintenance − no data); null when nothing was measured.</summary>
    public double? Share => Measured > 0 ? 1 - (Major + (PartialWeight * Partial)) / Measured : null;

    /// <summary>The share in percent, truncated to two decimals: 99.999 % is shown as 99.99 %.</summary>
    public string Text => Share is { } share
        ? string.Create(CultureInfo.InvariantCulture, $"{Math.Floor((decimal)share * 10000m) / 100m:0.00} %")
        : "no data";

    /// <summary>The figure of several consecutive windows.</summary>
    public static UptimeFigure Sum(IEnumerable<UptimeFigure> figures) => figures.Aggregate((a, b) => new UptimeFigure(
        a.Window + b.Window, a.Major + b.Major, a.Partial + b.Partial, a.Degraded + b.Degraded, a.Maintenance + b.Maintenance, a.NoData + b.NoData, a.PartialWeight));

    public static UptimeFigure Calculate(IEnumerable<StatusSpan> line, double partialWeight)
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
