using System.Diagnostics;
using OpenTelemetry;

namespace Podflare.Destinations;

/// <summary>Gives the spans of this process that have ended to the <see cref="CallSpanReporter"/>.</summary>
internal sealed class CallSpanProcessor(CallSpanReporter reporter) : BaseProcessor<Activity>
{
    public override void OnEnd(Activity data) => reporter.Report(data);
}
