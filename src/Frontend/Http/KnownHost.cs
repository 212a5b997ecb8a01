namespace Podflare.Http;

/// <summary>Feature of a request: its host name was recognized as one of this server's.</summary>
internal sealed class KnownHost
{
    public static readonly KnownHost Instance = new();
}
