using System.ComponentModel.DataAnnotations;

namespace Podflare.EgressProxy.Settings;

/// <summary>Limits of the proxy that sandboxes with access to named hosts use. Configuration section <c>Podflare:Egress:Proxy</c> of the worker.</summary>
public sealed class ProxyOptions
{
    public const string Section = "Podflare:Egress:Proxy";

    /// <summary>Open connections of one sandbox. Default: 256.</summary>
    [Range(1, 65_536)]
    public int MaxSandboxConnections { get; set; } = 256;

    /// <summary>Open connections of all sandboxes of the worker. Default: 4,096.</summary>
    [Range(1, 65_536)]
    public int MaxConnections { get; set; } = 4_096;

    /// <summary>Size of the head of a CONNECT request, in bytes. Default: 8 KiB.</summary>
    [Range(256, 65_536)]
    public int MaxHeadBytes { get; set; } = 8_192;

    /// <summary>Time from the start of a connection until the head of its CONNECT request has been read, in seconds. Default: 10.</summary>
    [Range(0.1, 300)]
    public double HeadSeconds { get; set; } = 10;

    /// <summary>Size of a TLS ClientHello with its record headers, in bytes. Default: 16 KiB.</summary>
    [Range(512, 65_536)]
    public int MaxHelloBytes { get; set; } = 16_384;

    /// <summary>Time from the answer to the CONNECT until the ClientHello has been read, in seconds. Default: 10.</summary>
    [Range(0.1, 300)]
    public double HelloSeconds { get; set; } = 10;

    /// <summary>Time to resolve a name, in seconds. Default: 10.</summary>
    [Range(0.1, 300)]
    public double ResolveSeconds { get; set; } = 10;

    /// <summary>Lookups of names at the same time; more wait. Default: 64.</summary>
    [Range(1, 1_024)]
    public int MaxLookups { get; set; } = 64;

    /// <summary>Time to connect to a host, in seconds, over all of its addresses. Default: 10.</summary>
    [Range(0.1, 300)]
    public double DialSeconds { get; set; } = 10;

    /// <summary>Time after which a connection on which nothing is sent in either direction ends, in seconds. Default: 600 (10 min).</summary>
    [Range(1, 86_400)]
    public double IdleSeconds { get; set; } = 600;

    /// <summary>Bytes that are buffered per direction of a connection. Default: 64 KiB.</summary>
    [Range(4_096, 16 * 1024 * 1024)]
    public int BufferBytes { get; set; } = 65_536;

    /// <summary>Time between two reports to the worker, which logs and counts them, in seconds. Idle connections are looked for as often. Default: 10.</summary>
    [Range(0.1, 300)]
    public double ReportSeconds { get; set; } = 10;
}
