using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Podflare.Telemetry;

/// <summary>What the dashboard and the alert rules ask Prometheus for is there to be asked for.</summary>
public sealed class DashboardTests
{
    private static readonly string[] Files = ["grafana-dashboard.json", "prometheus-alerts.yml"];

    // Of .NET's and OpenTelemetry's meters; the suite of telemetry looks for them in a scrape.
    private static readonly string[] Others =
    [
        "http_server_request_duration_seconds_bucket", "http_server_request_duration_seconds_count", "dotnet_process_memory_working_set_bytes",
        "otel_sdk_processor_",
    ];

    [Theory]
    [InlineData("grafana-dashboard.json", 20)]
    [InlineData("prometheus-alerts.yml", 6)]
    public void Every_metric_that_deploy_names_is_measured(string file, int least)
    {
        var text = File.ReadAllText(Path.Combine(Repository.Folder, "deploy", file));
        var withoutLabels = Regex.Replace(text, @"by \([^)]*\)|\{\{[^}]*\}\}", "");
        var named = Regex.Matches(withoutLabels, @"\b(podflare|http|dotnet|otel)_[a-z_]+").Select(match => match.Value).ToHashSet();
        Assert.InRange(named.Count, least, 100);
        Assert.Empty(named.Except(Measured()).Except(Others));
    }

    [Fact]
    public void Every_instrument_is_on_the_dashboard_or_in_an_alert()
    {
        var text = string.Concat(Files.Select(file => File.ReadAllText(Path.Combine(Repository.Folder, "deploy", file))));
        var missing = Instruments().Where(instrument => !InPrometheus(instrument).Any(name => text.Contains(name, StringComparison.Ordinal)));
        Assert.Empty(missing.Select(instrument => instrument.Name));
    }

    // A counter that has never counted has no series, and a sum with something that is not there is nothing.
    [Fact]
    public void An_alert_that_adds_counters_fires_when_only_one_of_them_has_counted()
    {
        var sums = File.ReadLines(Path.Combine(Repository.Folder, "deploy", "prometheus-alerts.yml"))
            .Where(line => line.Contains("expr:", StringComparison.Ordinal) && line.Contains(" + ", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(sums);
        Assert.All(sums, sum => Assert.Equal(Regex.Count(sum, "increase\\("), Regex.Count(sum, "or vector\\(0\\)")));
    }

    private static HashSet<string> Measured() => [.. Instruments().SelectMany(InPrometheus)];

    private static List<Instrument> Instruments()
    {
        foreach (var type in (Type[])[typeof(Instruments), typeof(Streaming.StreamMetrics), typeof(Resilience.Background), typeof(Runs.LogMetrics), typeof(Relay.RelayMetrics), typeof(Destinations.OtlpSenderMetrics)]) RuntimeHelpers.RunClassConstructor(type.TypeHandle);
        var found = new List<Instrument>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name == Telemetry.Instruments.MeterName) found.Add(instrument);
        };
        listener.Start();
        return found;
    }

    /// <remarks>OpenTelemetry, "Prometheus and OpenMetrics Compatibility", metric metadata.</remarks>
    private static IEnumerable<string> InPrometheus(Instrument instrument)
    {
        var unit = instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" };
        var name = instrument.Name.Replace('.', '_') + unit;
        return instrument switch
        {
            Histogram<double> => [$"{name}_bucket", $"{name}_count", $"{name}_sum"],
            Counter<long> or Counter<double> => [$"{name}_total"],
            _ => [name],
        };
    }
}
