using System.ComponentModel.DataAnnotations;

namespace Podflare.Limits;

/// <summary>How the processes of a cluster divide the limits of tenants. Section <c>Podflare:Quota</c>.</summary>
public sealed class QuotaOptions
{
    public const string Section = "Podflare:Quota";

    /// <summary>Time between two exchanges of a process with the board that divides the limits, in milliseconds. Default: 500.</summary>
    [Range(50, 5_000)]
    public int ExchangeMilliseconds { get; set; } = 500;

    /// <summary>
    /// Shortest time between two calls in which a process asks the board for one tenant because its share does not suffice, in milliseconds.
    /// Default: 100.
    /// </summary>
    [Range(10, 5_000)]
    public int AskMilliseconds { get; set; } = 100;

    /// <summary>Time without a request after which a process gives up its share of a tenant's limits, in seconds. Default: 10.</summary>
    [Range(1, 600)]
    public double ActiveSeconds { get; set; } = 10;

    /// <summary>
    /// Time without an exchange after which the board takes a process's shares for released, and after which a process without an answer uses an
    /// equal part of each limit, in seconds. Default: 10.
    /// </summary>
    [Range(2, 600)]
    public double SilenceSeconds { get; set; } = 10;

    /// <summary>
    /// Time for which a board that was just activated grants nothing, so that it hears what the processes hold, in seconds. It ends when all
    /// processes have reported. Runs of a worker that was lost together with the board are not known until the worker is back; until then the others
    /// may use its part of a limit too. Default: 2.
    /// </summary>
    [Range(0, 60)]
    public double ListenSeconds { get; set; } = 2;

    /// <summary>
    /// Time that a run waits while its tenant executes as many runs as it may; then it gets 429 <c>run_quota_exceeded</c>, in seconds. With 0,
    /// a run may be refused while another worker has an unused part of the limit, which it gives up within a second. Default: 5.
    /// </summary>
    [Range(0, 15)]
    public double RunWaitSeconds { get; set; } = 5;

    /// <summary>Runs of one tenant that wait in one worker; one more gets 429 <c>run_quota_exceeded</c> at once. Default: 256.</summary>
    [Range(0, 10_000)]
    public int MaxWaitingRuns { get; set; } = 256;

    /// <summary>Time for which a create counts against the limits of its tenant before its sandbox is there, in seconds. Default: 60.</summary>
    [Range(30, 600)]
    public double ReservationSeconds { get; set; } = 60;

    /// <summary>Time between two counts of a tenant's sandboxes on all hosts, in seconds. Default: 30.</summary>
    [Range(1, 600)]
    public double RecountSeconds { get; set; } = 30;
}
