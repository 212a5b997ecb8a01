namespace Podflare.EgressProxy.Tls;

/// <summary>Fatal alerts (RFC 8446, section 6) that tell a TLS client why its connection ends.</summary>
internal static class TlsAlert
{
    /// <summary>The name in the ClientHello is missing, or not that of the CONNECT.</summary>
    public static ReadOnlyMemory<byte> UnrecognizedName { get; } = Fatal(112);

    /// <summary>The host could not be reached.</summary>
    public static ReadOnlyMemory<byte> InternalError { get; } = Fatal(80);

    private static byte[] Fatal(byte description) => [21, 3, 3, 0, 2, 2, description];
}
