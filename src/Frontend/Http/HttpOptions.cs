using System.ComponentModel.DataAnnotations;

namespace Podflare.Http;

/// <summary>Limits of the HTTP server. Section <c>Podflare:Http</c>.</summary>
public sealed class HttpOptions
{
    public const string Section = "Podflare:Http";

    /// <summary>Largest request body, in bytes; more gets 413 before it is read. Default: 32 MiB.</summary>
    [Range(1024 * 1024, 256 * 1024 * 1024)]
    public int MaxBodyBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>Bodies over 1 MiB that are held in memory at a time; further ones wait for their turn. Default: 16.</summary>
    [Range(1, 1024)]
    public int MaxLargeBodies { get; set; } = 16;

    /// <summary>Files on their way in or out at a time, about 3 MiB of memory each; one more gets 429 <c>rate_limited</c>. Default: 128.</summary>
    [Range(1, 4_096)]
    public int MaxFileTransfers { get; set; } = 128;

    /// <summary>Time that a request body may take to arrive, in seconds. Default: 120.</summary>
    [Range(1, 3_600)]
    public double BodySeconds { get; set; } = 120;

    /// <summary>Time within which every answer but a stream is given, as a result or as a 503, in seconds. Default: 25.</summary>
    [Range(1, 300)]
    public double AnswerSeconds { get; set; } = 25;

    /// <summary>Time for a create or for the acceptance of a run, repeats included, in seconds. Default: 20.</summary>
    [Range(1, 300)]
    public double StartSeconds { get; set; } = 20;

    /// <summary>Time for which a connection without a request stays open, in seconds; clients keep theirs for 60. Default: 180.</summary>
    [Range(61, 3_600)]
    public double IdleConnectionSeconds { get; set; } = 180;

    /// <summary>Connections at a time; further ones are closed at once. Default: 10,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxConnections { get; set; } = 10_000;

    /// <summary>Time that open streams are given when the process stops, in seconds; then they are cut, and can be resumed elsewhere. Default: 10.</summary>
    [Range(0, 3_600)]
    public double DrainSeconds { get; set; } = 10;

    /// <summary>Silence after which an event stream for browsers gets a comment line, in seconds. Default: 15.</summary>
    [Range(1, 3_600)]
    public double SseHeartbeatSeconds { get; set; } = 15;

    /// <summary>Silence after which the mount for published clients gets an empty line, in seconds. Default: 10.</summary>
    [Range(1, 3_600)]
    public double CompatHeartbeatSeconds { get; set; } = 10;
}
