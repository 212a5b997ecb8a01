namespace Podflare.Cli.Doctor;

/// <summary>What the doctor found.</summary>
/// <param name="Ok">Nothing failed; warnings are no failures.</param>
/// <param name="Version">Of this command.</param>
internal sealed record DoctorReport(bool Ok, string Url, string Version, IReadOnlyList<Finding> Checks);

/// <summary>One check.</summary>
/// <param name="Status"><c>ok</c>, <c>warning</c>, <c>failed</c> or <c>skipped</c>.</param>
/// <param name="Advice">What to do.</param>
internal sealed record Finding(string Name, string Status, string Detail, string? Advice = null)
{
    public const string Fine = "ok";
    public const string Warning = "warning";
    public const string Failed = "failed";
    public const string Skipped = "skipped";

    /// <summary>How long it took.</summary>
    public double? Milliseconds { get; init; }
}
