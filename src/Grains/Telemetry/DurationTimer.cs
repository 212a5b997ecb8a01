using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Podflare.Telemetry;

/// <summary>Measures one piece of work on sandboxes of one template, until it is disposed.</summary>
internal sealed class DurationTimer(Histogram<double> histogram, string template) : IDisposable
{
    private readonly long _began = Stopwatch.GetTimestamp();
    private string? _error;

    /// <summary>Our own exceptions are a closed set; all others are one kind.</summary>
    public void Fail(Exception error) => _error = error is PodflareException ? error.GetType().Name : "other";

    public void Dispose()
    {
        var took = Stopwatch.GetElapsedTime(_began).TotalSeconds;
        var label = new KeyValuePair<string, object?>("template", template);
        if (_error is null) histogram.Record(took, label);
        else histogram.Record(took, label, new KeyValuePair<string, object?>("error.type", _error));
    }
}
