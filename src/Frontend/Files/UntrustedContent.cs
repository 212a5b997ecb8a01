namespace Podflare.Files;

/// <summary>What comes out of a sandbox was made by code that nobody trusts.</summary>
internal static class UntrustedContent
{
    /// <summary>Keeps browsers from treating the response as a page of this server.</summary>
    public static void Mark(HttpResponse response)
    {
        response.Headers.ContentDisposition = "attachment";
        response.Headers.ContentSecurityPolicy = "sandbox";
    }
}
