using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Podflare.Relay;

/// <summary>The relay of OpenTelemetry data from sandboxes. Section <c>Podflare:Relay</c>.</summary>
public sealed class RelayOptions
{
    public const string Section = "Podflare:Relay";

    /// <summary>
    /// Programs in sandboxes can send OTLP to <c>http://127.0.0.1:4318</c>; templates can switch it off for their own. It applies to containers that
    /// start from then on. Default: true.
    /// </summary>
    public bool Enabled { get; set; } = true;

    /// <summary>
    /// Everything from sandboxes is also sent to the OTLP endpoint of this process (<c>OTEL_EXPORTER_OTLP_ENDPOINT</c>), if it has one that speaks HTTP; not
    /// what belongs to tenants that have a destination of their own. Default: true.
    /// </summary>
    public bool Forward { get; set; } = true;

    /// <summary>Bytes per second of one sandbox, not compressed; what is beyond it is dropped and counted. Default: 256 KiB.</summary>
    [Range(1024, 64 * 1024 * 1024)]
    public int SandboxBytesPerSecond { get; set; } = 256 * 1024;

    /// <summary>Bytes of one sandbox that may come at once, not compressed. Default: 2 MiB.</summary>
    [Range(1024, 256 * 1024 * 1024)]
    public int SandboxBurstBytes { get; set; } = 2 * 1024 * 1024;

    /// <summary>Bytes per second of all sandboxes of a tenant on this process, not compressed; what is beyond it is dropped and counted. Default: 4 MiB.</summary>
    [Range(1024, 1024 * 1024 * 1024)]
    public int TenantBytesPerSecond { get; set; } = 4 * 1024 * 1024;

    /// <summary>Bytes of all sandboxes of a tenant on this process that may come at once, not compressed. Default: 16 MiB.</summary>
    [Range(1024, 1024 * 1024 * 1024)]
    public int TenantBurstBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>Bytes of all sandboxes of this process that wait to be processed, as they came; more is dropped and counted. Default: 64 MiB.</summary>
    [Range(4 * 1024 * 1024, 1024 * 1024 * 1024)]
    public int MaxPendingBytes { get; set; } = 64 * 1024 * 1024;

    /// <summary>Largest body of one request when it is no longer compressed, in bytes; a larger one is dropped and counted. Default: 8 MiB.</summary>
    [Range(1024 * 1024, 64 * 1024 * 1024)]
    public int MaxBodyBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>Bytes that wait to be forwarded; more is dropped and counted. Default: 4 MiB.</summary>
    [Range(64 * 1024, 1024 * 1024 * 1024)]
    public int ForwardQueueBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Time for one request to the OTLP endpoint, in seconds. Default: 10.</summary>
    [Range(0.1, 300)]
    public double ForwardTimeoutSeconds { get; set; } = 10;

    /// <summary>Time after which data that the OTLP endpoint does not take is dropped and counted, in seconds. Default: 60.</summary>
    [Range(0, 3_600)]
    public double ForwardRetrySeconds { get; set; } = 60;
}

[OptionsValidator]
internal sealed partial class RelayOptionsValidator : IValidateOptions<RelayOptions>;
