using System.ComponentModel.DataAnnotations;

namespace Podflare.Audit;

/// <summary>Limits of the audit log. Section <c>Podflare:Audit</c>.</summary>
public sealed class AuditOptions
{
    public const string Section = "Podflare:Audit";

    /// <summary>Entries that are kept per tenant; the oldest go first. Default: 100,000.</summary>
    [Range(100, 10_000_000)]
    public int MaxEntries { get; set; } = 100_000;

    /// <summary>Days for which entries are kept. Default: 400.</summary>
    [Range(1, 3_660)]
    public int RetentionDays { get; set; } = 400;

    /// <summary>Days for which an act is recognized when it is reported again. Default: 30.</summary>
    [Range(1, 3_660)]
    public int IdRetentionDays { get; set; } = 30;

    /// <summary>Time for which entries are gathered before they are written together, in milliseconds. Default: 200.</summary>
    [Range(1, 10_000)]
    public int BatchMilliseconds { get; set; } = 200;

    /// <summary>Entries of one tenant that wait to be written; more are refused with 503. Default: 1,000.</summary>
    [Range(1, 100_000)]
    public int MaxWaiting { get; set; } = 1_000;

    /// <summary>Entries about sandboxes that wait in one process while the log does not answer; the oldest are dropped and counted. Default: 10,000.</summary>
    [Range(100, 1_000_000)]
    public int MaxReported { get; set; } = 10_000;
}
