using System.ComponentModel.DataAnnotations;

namespace Podflare.Feed;

/// <summary>Limits of the events of tenants, which <c>GET /v1/events</c> shows. Section <c>Podflare:Feed</c>.</summary>
public sealed class FeedOptions
{
    public const string Section = "Podflare:Feed";

    /// <summary>Events that are kept per tenant; the oldest go first. Default: 10,000.</summary>
    [Range(100, 1_000_000)]
    public int Events { get; set; } = 10_000;

    /// <summary>Hours for which events are kept. Default: 24.</summary>
    [Range(0.01, 720)]
    public double Hours { get; set; } = 24;

    /// <summary>Time for which a worker gathers events before it hands them over, in milliseconds. Default: 20.</summary>
    [Range(1, 10_000)]
    public int BatchMilliseconds { get; set; } = 20;

    /// <summary>Events that wait in one process while the feeds do not answer. Of more, the oldest are told later: the ends of runs from their log. Default: 10,000.</summary>
    [Range(100, 1_000_000)]
    public int MaxReported { get; set; } = 10_000;

    /// <summary>Readers of one tenant that wait for events at the same time; one more is refused with 429. Default: 256.</summary>
    [Range(1, 10_000)]
    public int MaxReaders { get; set; } = 256;
}
