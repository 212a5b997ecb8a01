using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Podflare.Guests;

/// <summary>Times and limits of the connections to guests. Section <c>Podflare:Guests</c>.</summary>
/// <remarks>The guest uses the same times (it reconnects after 6 s of silence), so shorter ones are safe and longer ones are not.</remarks>
public sealed class GuestOptions
{
    public const string Section = "Podflare:Guests";

    /// <summary>Time between two <c>PING</c>s to a guest, in seconds. Default: 2.</summary>
    [Range(0.05, 5)]
    public double PingSeconds { get; set; } = 2;

    /// <summary>Time between two samples of what a sandbox uses, in seconds, rounded to times of <see cref="PingSeconds"/>; while somebody asks for them, there is one with every ping. Default: 10.</summary>
    [Range(1, 300)]
    public double SampleSeconds { get; set; } = 10;

    /// <summary>Samples of what a sandbox uses that a worker keeps, about 80 bytes each. Default: 360.</summary>
    [Range(10, 3_600)]
    public int SamplePoints { get; set; } = 360;

    /// <summary>Silence after which a connection is closed, in seconds; the guest then dials again. Default: 10.</summary>
    [Range(0.1, 600)]
    public double SilenceSeconds { get; set; } = 10;

    /// <summary>
    /// Bytes (as on the wire) of one guest's events that nobody has read yet; more closes the connection, and the guest sends again later.
    /// A guest keeps at most 8 MiB unacknowledged, plus what ends of runs force: a limit near that would cost slow readers their connection. Default: 24 MiB.
    /// </summary>
    [Range(16 * 1024 * 1024, 1024 * 1024 * 1024)]
    public int MaxPendingBytes { get; set; } = 24 * 1024 * 1024;

    /// <summary>
    /// Longest pause before the next connection of a guest that breaks the protocol again and again, in seconds. The first pause is 100 ms, each
    /// one is twice as long as the one before. Default: 5.
    /// </summary>
    [Range(0, 5)]
    public double MaxReconnectPauseSeconds { get; set; } = 5;

    /// <summary>Time for a guest to exit when its sandbox has ended, in seconds; then its container is killed. 0 kills it at once, which costs the engine another process. Default: 1.</summary>
    [Range(0, 60)]
    public double ExitSeconds { get; set; } = 1;

    /// <summary>Requests to one guest that wait for its answer; one more is refused. Default: 128.</summary>
    [Range(1, 4096)]
    public int MaxRequests { get; set; } = 128;
}

[OptionsValidator]
internal sealed partial class GuestOptionsValidator : IValidateOptions<GuestOptions>;
