using System.ComponentModel.DataAnnotations;
using Podflare.Components;

namespace Podflare.Probes;

/// <summary>What is measured, how often, and when a response counts as slow.</summary>
internal sealed class ProbeOptions : IValidatableObject
{
    public const string Section = "Status:Probes";

    /// <summary>The API's addresses, separated by commas: one for each frontend. Default: http://127.0.0.1:7070.</summary>
    [Required] public string Platform { get; set; } = "http://127.0.0.1:7070";

    /// <summary>Addresses of the worker processes' health listeners, separated by commas. Default: none; the Workers component then does not exist.</summary>
    public string Processes { get; set; } = "";

    /// <summary>The API key for probes. It should belong to a separate tenant. Default: none.</summary>
    public string? Key { get; set; }

    /// <summary>An address that responds whenever the network of this machine works. While it does not respond, failures are recorded as missing data. Default: none.</summary>
    public string? Control { get; set; }

    /// <summary>Seconds between two runs. Default: 30.</summary>
    [Range(0.1, 3600)] public double RunSeconds { get; set; } = 30;

    /// <summary>Seconds that a run may take from create to its last event. Default: 10.</summary>
    [Range(0.1, 300)] public double RunLimitSeconds { get; set; } = 10;

    /// <summary>Seconds between two replays. Default: 300.</summary>
    [Range(0.1, 86400)] public double ReplaySeconds { get; set; } = 300;

    /// <summary>Seconds between two readiness checks of an API or worker process. Default: 15.</summary>
    [Range(0.1, 3600)] public double ReadySeconds { get; set; } = 15;

    /// <summary>Timeout of a readiness check in seconds. Default: 3.</summary>
    [Range(0.1, 300)] public double ReadyLimitSeconds { get; set; } = 3;

    /// <summary>Milliseconds over which a readiness answer is slow. Default: 1000.</summary>
    [Range(1, 300000)] public double SlowReadyMilliseconds { get; set; } = 1000;

    /// <summary>Milliseconds over which creating a sandbox is slow. Default: 3000.</summary>
    [Range(1, 300000)] public double SlowCreateMilliseconds { get; set; } = 3000;

    /// <summary>Milliseconds over which a whole run is slow. Default: 3000.</summary>
    [Range(1, 300000)] public double SlowRunMilliseconds { get; set; } = 3000;

    /// <summary>Milliseconds over which the first event after a reconnection is slow. Default: 3000.</summary>
    [Range(1, 300000)] public double SlowReplayMilliseconds { get; set; } = 3000;

    public IReadOnlyList<Uri> PlatformAddresses => Addresses(Platform);

    public IReadOnlyList<Uri> ProcessAddresses => Addresses(Processes);

    public string[] Components => ProcessAddresses.Count > 0 ? [.. ComponentStore.Known.Select(c => c.Id)] : [.. ComponentStore.Known.Select(c => c.Id).Where(c => c != Ids.Workers)];

    public HealthLimits Limits(string component, int badInRow, int goodInRow)
    {
        var (seconds, slow) = component switch
        {
            Ids.Api or Ids.Workers => (ReadySeconds, SlowReadyMilliseconds),
            Ids.Sandboxes => (RunSeconds, SlowCreateMilliseconds),
            Ids.CodeExecution => (RunSeconds, SlowRunMilliseconds),
            _ => (ReplaySeconds, SlowReplayMilliseconds),
        };
        return new HealthLimits(TimeSpan.FromSeconds(seconds), slow, badInRow, goodInRow);
    }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (name, text) in new[] { (nameof(Platform), Platform), (nameof(Processes), Processes), (nameof(Control), Control ?? "") })
        {
            foreach (var part in Split(text))
            {
                if (!Uri.TryCreate(part, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.UserInfo.Length > 0)
                    yield return new ValidationResult($"{Section}:{name} contains '{part}', which is not an http or https address", [name]);
            }
        }
    }

    private static Uri[] Addresses(string text) => [.. Split(text).Select(part => new Uri(part))];

    private static string[] Split(string text) => text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
