using System.Runtime.CompilerServices;

namespace Podflare;

/// <summary>Reads the events of a tenant, page after page.</summary>
internal static class FeedReader
{
    // Shorter than what proxies allow a response to take.
    private const int WaitSeconds = 20;

    /// <param name="follow">Whether to wait for further events, until the caller stops.</param>
    public static async IAsyncEnumerable<FeedEvent> ReadAsync(Transport transport, FeedQuery query, bool follow, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var after = query.After;
        while (true)
        {
            var page = await transport.CallAsync(new ApiCall(HttpMethod.Get, query.ToPath(after, follow ? WaitSeconds : null)), ClientJson.Default.FeedPage, cancellationToken).ConfigureAwait(false);
            foreach (var told in page.Events) yield return told;
            // A page with a filter may be empty although more events follow.
            if (!follow && page.NextAfter == after) yield break;
            after = page.NextAfter;
        }
    }
}
