namespace Podflare;

/// <summary>Describes failed connections: which address, why, and what to check.</summary>
internal static class ConnectionFailure
{
    public static PodflareConnectionException NotAnswered(string server, TimeSpan timeout, Exception e) =>
        new($"{server} did not answer within {timeout.TotalSeconds:0.###} s.", e);

    public static PodflareConnectionException From(string server, Exception e)
    {
        var cause = Sentence.End((e.InnerException ?? e).Message);
        return (e as HttpRequestException)?.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => Unreachable("Check the host name in the server address."),
            HttpRequestError.ConnectionError => Unreachable("Check that the Podflare server is running and that this is its address."),
            HttpRequestError.SecureConnectionError => Unreachable("Check the certificate, and whether the address starts with http:// or https://."),
            HttpRequestError.ProxyTunnelError => Unreachable("Check HTTP_PROXY, HTTPS_PROXY and NO_PROXY."),
            null when e is OperationCanceledException => Unreachable("Check the server address and any firewall on the way."),
            _ => new PodflareConnectionException($"The connection to {server} was lost: {cause}", e),
        };

        PodflareConnectionException Unreachable(string advice) =>
            new($"Cannot connect to {server}: {cause} {advice}", e) { MayHaveArrived = e is OperationCanceledException };
    }
}
